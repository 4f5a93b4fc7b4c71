package io.millrace.capture.send;

import io.millrace.pipeline.file.TableName;
import io.millrace.pipeline.liveness.Loop;
import io.millrace.pipeline.liveness.Loops;
import io.millrace.pipeline.log.Gap;
import io.millrace.pipeline.log.OffsetGuard;
import io.millrace.pipeline.log.Start;
import io.millrace.pipeline.topic.Topics;
import java.time.Duration;
import java.util.Collection;
import java.util.HashMap;
import java.util.Map;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.concurrent.ConcurrentHashMap;
import java.util.stream.Collectors;
import org.apache.kafka.clients.producer.RecordMetadata;
import org.apache.kafka.common.TopicPartition;

/**
 * Whether Kafka still has what it acknowledged of captured rows. A topic that was made anew or came back from an older copy takes the
 * next record like any other, and Postgres was told long ago that it may forget the ones before. Thread-safe.
 */
public final class CapturedLogs implements OffsetGuard.Stage, AutoCloseable {

    private static final Duration LOOK = Duration.ofMillis(50);

    private final OffsetGuard guard;
    /** Where capture remembers how far it came, and what is missing. */
    private final TopicPartition memory;
    private final Map<TopicPartition, TableName> kept = new ConcurrentHashMap<>();
    /** Behind the last record that was acknowledged. */
    private final Map<TopicPartition, Long> ends = new ConcurrentHashMap<>();

    /** Begins to look at once. */
    public CapturedLogs(KafkaSettings kafka, String source, Loops loops) {
        this.memory = new TopicPartition(Topics.captureState(source), 0);
        this.guard = new OffsetGuard(kafka.common(), Topics.captureMarks(source), Topics.tablesRead(source), (short) -1, this, loops);
    }

    @Override
    public String advice(TopicPartition partition, Gap gap) {
        return "Changes may be missing; capture says of which tables, and what mends it";
    }

    /** A topic that is not there is asked for where it is written. */
    @Override
    public boolean reads(String topic) {
        return false;
    }

    /**
     * Looks at a table's topic from now on.
     *
     * @param partitions that it has
     */
    public void keep(TableName table, String topic, int partitions) {
        for (int i = 0; i < partitions; i++) {
            var partition = new TopicPartition(topic, i);
            kept.put(partition, table);
            guard.keep(partition);
        }
    }

    /** Looks from now on at the topic in which capture remembers; it is there. */
    public void keepMemory() {
        guard.keep(memory);
    }

    /**
     * Waits until it is known of each topic whether it is as it was left; until then nothing may be written into it.
     *
     * @throws SendException when Kafka does not say
     */
    public void awaitKnown(Loop loop) throws InterruptedException {
        while (guard.start(memory) == null || kept.keySet().stream().anyMatch(partition -> guard.start(partition) == null)) {
            if (guard.trouble() != null) {
                throw new SendException("Whether Kafka has what it acknowledged is not known: " + guard.trouble(), null);
            }
            loop.beat();
            Thread.sleep(LOOK);
        }
    }

    /** A record stands in Kafka, of a row or of what is remembered; one that stands where another stood before shows that the log went back. */
    void acknowledged(RecordMetadata at) {
        if (at.hasOffset()) {
            var partition = new TopicPartition(at.topic(), at.partition());
            var end = ends.put(partition, at.offset() + 1);
            if (end != null && at.offset() < end) {
                guard.diverged(partition, at.offset());
            } else {
                guard.reached(partition, at.offset() + 1);
            }
        }
    }

    /** Which of the topics are not there, or why nobody can look at them, and how that is mended; null where all is well. What a topic held is missing once it is made again. */
    public String trouble() {
        var gone = kept.keySet().stream().filter(partition -> guard.start(partition) instanceof Start.Held held && held.gap() instanceof Gap.Gone).map(TopicPartition::topic).collect(Collectors.toCollection(TreeSet::new));
        if (gone.isEmpty()) {
            return guard.trouble() == null ? null : "Nobody can look whether Kafka still has what it acknowledged: " + guard.trouble();
        }
        return "Kafka does not have the topics " + String.join(", ", gone) + " any more, so changes may be missing that were in them; make them again with the provisioner's apply";
    }

    /** By table, what happened to records that Kafka had acknowledged, as the end of a sentence that begins with the table. */
    public Map<TableName, String> lost() {
        var lost = new TreeMap<TableName, String>();
        kept.forEach((partition, table) -> {
            if (guard.start(partition) instanceof Start.Held held && !(held.gap() instanceof Gap.Gone)) {
                lost.put(table, cause(partition, held.gap()));
            } else if (guard.start(memory) instanceof Start.Held) {
                lost.putIfAbsent(table, "what capture remembers is gone with its topic " + memory.topic() + ", and what was missing with it");
            }
        });
        return lost;
    }

    /** Of those partitions of a table's topic that lost records, the offset before which they are as they were. */
    public Map<TopicPartition, Long> kept(TableName table) {
        var before = new HashMap<TopicPartition, Long>();
        kept.forEach((partition, of) -> {
            if (of.equals(table) && guard.start(partition) instanceof Start.Held held) {
                before.put(partition, held.gap() instanceof Gap.Beyond beyond ? beyond.end() : 0L);
            }
        });
        return before;
    }

    private static String cause(TopicPartition partition, Gap gap) {
        return switch (gap) {
            case Gap.Gone _, Gap.OtherTopic _ -> "its topic " + partition.topic() + " was deleted and made anew";
            case Gap.OtherCluster _ -> "its topic " + partition.topic() + " is one of another Kafka than before";
            case Gap.Beyond(var read, var end) -> "its topic's partition " + partition + " had records up to offset " + read + " and ended at " + end
                    + " later: Kafka, or this topic, came back from an older copy, or a replica that lacked records became leader";
            case Gap.Expired _, Gap.Stale _ -> "of its topic's partition " + partition + " " + gap.what();
        };
    }

    /** It is remembered what is missing of these tables; their topics count from here on as they are. */
    public void renew(Collection<TableName> tables) {
        if (!tables.isEmpty() && guard.start(memory) instanceof Start.Held) {
            ends.remove(memory);
            guard.renew(memory);
        }
        kept.forEach((partition, table) -> {
            if (tables.contains(table)) {
                ends.remove(partition);
                guard.renew(partition);
            }
        });
    }

    @Override
    public void close() {
        guard.close();
    }
}
