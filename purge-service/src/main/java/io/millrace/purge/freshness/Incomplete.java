package io.millrace.purge.freshness;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.millrace.pipeline.file.TableName;
import io.millrace.pipeline.progress.KafkaWatch;
import io.millrace.pipeline.progress.Offsets;
import io.millrace.pipeline.progress.Tail;
import io.millrace.pipeline.topic.Topics;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import org.apache.kafka.common.TopicPartition;

/** What capture knows to be missing downstream of tables, as it remembers in Kafka. Thread-safe. */
final class Incomplete implements AutoCloseable {

    private static final String TABLES = "tables";
    private static final String RESNAPSHOTS = "resnapshots";

    private final String source;
    private final String topic;
    private final Offsets offsets;
    private final ObjectMapper json;
    private final Tail state;
    /** Below zero where nobody has asked yet. */
    private volatile long goal = -1;

    Incomplete(String source, KafkaWatch kafka, ObjectMapper json) {
        this.source = source;
        this.topic = Topics.captureState(source);
        this.offsets = kafka.offsets();
        this.json = json;
        this.state = kafka.tail(topic);
    }

    /**
     * What is wrong with tables, each as a sentence without its full stop.
     *
     * @param missing changes that may be missing, or that nobody has read yet
     * @param old rows that were changed without a change in the log; every change is downstream
     */
    record Found(List<String> missing, List<String> old) {}

    /** Null once what capture remembers is read as far as it was at the first question, else what is waited for. */
    String waits() throws InterruptedException {
        if (goal < 0) {
            goal = offsets.ends(offsets.partitions(List.of(topic))).getOrDefault(state.partition(), 0L);
        }
        return goal <= state.position() ? null : state.trouble() == null ? "what capture remembers is being read" : state.trouble();
    }

    /** Where what capture remembers ends now. */
    Map<TopicPartition, Long> end() throws InterruptedException {
        return offsets.ends(offsets.partitions(List.of(topic)));
    }

    /**
     * What is read again of tables because a subject was erased or came back; null where nothing is.
     *
     * @param goal as far as what capture remembers must have been read here
     */
    String erasing(Map<TopicPartition, Long> goal, Collection<TableName> tables) {
        if (state.position() < goal.getOrDefault(state.partition(), 0L)) {
            return state.trouble() == null ? "what capture remembers is being read" : state.trouble();
        }
        var remembered = state.last().get(RESNAPSHOTS);
        var names = tables.stream().map(TableName::toString).toList();
        try {
            for (var reading : json.readTree(remembered == null ? "[]" : remembered)) {
                var table = reading.path("table").asText();
                if (reading.path("erasing").isObject() && names.contains(table)) {
                    return "rows of " + table + " are read again because a subject was erased or came back, " + reading.path("rows").asLong() + " until now";
                }
            }
            return null;
        } catch (JsonProcessingException e) {
            return "what capture remembers of the tables that it reads again cannot be read (" + e.getOriginalMessage() + "); run the same version of all services";
        }
    }

    Found of(Collection<TableName> tables) {
        var found = new Found(new ArrayList<>(), new ArrayList<>());
        var remembered = state.last().get(TABLES);
        try {
            var known = json.readTree(remembered == null ? "{}" : remembered);
            for (var table : tables) {
                var gap = known.path(table.toString()).path("gap");
                if (!gap.isObject()) {
                    continue;
                }
                var cause = gap.path("cause").asText();
                if (gap.path("old").asBoolean()) {
                    found.old.add("old rows of " + table + " hold old values until they are read again: " + cause + ". ./millrace resnapshot " + source + " " + table + " has them read");
                } else {
                    found.missing.add("changes of " + table + " may be missing: " + cause + "; capture's health says more");
                }
            }
        } catch (JsonProcessingException e) {
            found.missing.add("what capture remembers of its tables cannot be read (" + e.getOriginalMessage() + "); run the same version of all services");
        }
        return found;
    }

    @Override
    public void close() {
        state.close();
    }
}
