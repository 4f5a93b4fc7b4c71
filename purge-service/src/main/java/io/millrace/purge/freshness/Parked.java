package io.millrace.purge.freshness;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.millrace.pipeline.progress.KafkaWatch;
import io.millrace.pipeline.progress.Offsets;
import io.millrace.pipeline.progress.Tail;
import io.millrace.pipeline.topic.Topics;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.apache.kafka.common.TopicPartition;

/**
 * How many records stand parked in the gate's quarantine. What the gate has drained may still stand in the topic for a while, or
 * for as long as its deletion fails: the gate's control log says how far each partition is drained. Not thread-safe.
 */
final class Parked implements AutoCloseable {

    private static final String CONTROL = "millrace.gate.control";
    private static final String LANE = "lane:";

    private final Offsets offsets;
    private final ObjectMapper json;
    private final Tail control;

    Parked(KafkaWatch kafka, ObjectMapper json) {
        this.offsets = kafka.offsets();
        this.json = json;
        this.control = kafka.tail(CONTROL);
    }

    /** Null once the control log is read as far as it is now, else what is waited for. */
    String waits() throws InterruptedException {
        long end = offsets.ends(offsets.partitions(List.of(CONTROL))).getOrDefault(control.partition(), 0L);
        return end <= control.position() ? null : control.trouble() == null ? "the gate's control log is being read" : control.trouble();
    }

    /** The number of parked records of each table that has some, by the table's name in topics. */
    Map<String, Long> records(List<String> quarantines) throws InterruptedException {
        var partitions = offsets.partitions(quarantines);
        var starts = offsets.starts(partitions);
        var parked = new TreeMap<String, Long>();
        offsets.ends(partitions).forEach((partition, end) -> {
            long waiting = end - Math.max(starts.get(partition), drained(partition));
            if (waiting > 0) {
                parked.merge(partition.topic().substring(Topics.QUARANTINE.length()), waiting, Long::sum);
            }
        });
        return parked;
    }

    /** The first offset that is not drained. */
    private long drained(TopicPartition quarantine) {
        var lane = control.last().get(LANE + quarantine.topic().substring(Topics.QUARANTINE.length()) + ":" + quarantine.partition());
        try {
            return lane == null ? 0 : json.readTree(lane).path("next").asLong();
        } catch (JsonProcessingException e) {
            return 0;
        }
    }

    @Override
    public void close() {
        control.close();
    }
}
