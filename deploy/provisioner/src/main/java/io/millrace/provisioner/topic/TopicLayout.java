package io.millrace.provisioner.topic;

import io.millrace.pipeline.file.PipelineFile;
import io.millrace.pipeline.topic.Topics;
import java.time.Duration;
import java.util.Collection;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.Map;
import java.util.SequencedMap;

/** Which topics pipelines need, and how each kind keeps its records; the reasons are in DESIGN.md. */
final class TopicLayout {

    private static final String LARGEST_RECORD = String.valueOf(8 * 1024 * 1024);

    private static final Map<String, String> CAPTURED = kept(Duration.ofDays(3));
    /** Until the gate has replayed them or a person has discarded them: a parked row is nowhere else. */
    private static final Map<String, String> PARKED = Map.of("cleanup.policy", "delete", "retention.ms", "-1", "retention.bytes", "-1", "max.message.bytes", LARGEST_RECORD);
    /** Copies for a person to look at; the index keeps what it had. */
    private static final Map<String, String> REFUSED = kept(Duration.ofDays(30));
    private static final Map<String, String> COMPACTED = Map.of(
            "cleanup.policy", "compact",
            "delete.retention.ms", millis(Duration.ofDays(7)),
            "max.compaction.lag.ms", millis(Duration.ofDays(7)),
            "min.cleanable.dirty.ratio", "0.2",
            "max.message.bytes", LARGEST_RECORD);

    private TopicLayout() {}

    private static Map<String, String> kept(Duration retention) {
        return Map.of("cleanup.policy", "delete", "retention.ms", millis(retention), "retention.bytes", "-1", "max.message.bytes", LARGEST_RECORD);
    }

    private static String millis(Duration duration) {
        return String.valueOf(duration.toMillis());
    }

    /** Each topic's settings, by its name. */
    static SequencedMap<String, Map<String, String>> of(Collection<PipelineFile> files) {
        var topics = new LinkedHashMap<String, Map<String, String>>();
        for (var file : files) {
            var pipeline = file.pipeline();
            var source = pipeline.source().name();
            var tables = new LinkedHashSet<>(pipeline.tableNames());
            tables.add(Topics.OUTBOX);
            for (var table : tables) {
                topics.put(Topics.captured(source, table), CAPTURED);
                topics.put(Topics.rows(source, table), COMPACTED);
                topics.put(Topics.quarantine(source, table), PARKED);
            }
            topics.put(Topics.documents(pipeline.name()), COMPACTED);
            topics.put(Topics.quarantineDocuments(pipeline.name()), REFUSED);
        }
        return topics;
    }
}
