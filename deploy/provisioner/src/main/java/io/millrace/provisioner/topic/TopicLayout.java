package io.millrace.provisioner.topic;

import io.millrace.pipeline.file.Keeping;
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

    /** So long at most does an erased row's old value stand. */
    private static final Duration ERASED = Duration.ofDays(7);
    private static final String LARGEST_RECORD = String.valueOf(8 * 1024 * 1024);

    /** Until the gate has replayed them or a person has discarded them: a parked row is nowhere else. */
    private static final Map<String, String> PARKED = Map.of("cleanup.policy", "delete", "retention.ms", "-1", "retention.bytes", "-1", "max.message.bytes", LARGEST_RECORD);

    private TopicLayout() {}

    private static Map<String, String> kept(Duration retention) {
        return Map.of("cleanup.policy", "delete", "retention.ms", millis(retention), "retention.bytes", "-1", "max.message.bytes", LARGEST_RECORD);
    }

    private static Map<String, String> compacted(Duration deletions) {
        return Map.of(
                "cleanup.policy", "compact",
                "delete.retention.ms", millis(deletions),
                "max.compaction.lag.ms", millis(ERASED),
                "min.cleanable.dirty.ratio", "0.2",
                "max.message.bytes", LARGEST_RECORD);
    }

    private static String millis(Duration duration) {
        return String.valueOf(duration.toMillis());
    }

    /** Each topic's settings, by its name. */
    static SequencedMap<String, Map<String, String>> of(Collection<PipelineFile> files, Keeping keeping) {
        var captured = kept(keeping.captured());
        var compacted = compacted(keeping.deletions());
        var topics = new LinkedHashMap<String, Map<String, String>>();
        for (var file : files) {
            var pipeline = file.pipeline();
            var source = pipeline.source().name();
            var tables = new LinkedHashSet<>(pipeline.tableNames());
            tables.add(Topics.OUTBOX);
            for (var table : tables) {
                topics.put(Topics.captured(source, table), captured);
                topics.put(Topics.rows(source, table), compacted);
                topics.put(Topics.quarantine(source, table), PARKED);
            }
            topics.put(Topics.documents(pipeline.name()), compacted);
            topics.put(Topics.quarantineDocuments(pipeline.name()), kept(keeping.refused()));
            if (pipeline.enrichment() != null) {
                topics.put(Topics.enrichment(pipeline.name()), captured);
            }
        }
        return topics;
    }
}
