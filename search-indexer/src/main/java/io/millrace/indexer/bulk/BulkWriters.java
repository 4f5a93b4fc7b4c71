package io.millrace.indexer.bulk;

import io.millrace.indexer.IndexerConfig;
import io.millrace.indexer.generation.Generations;
import io.millrace.indexer.health.Conditions;
import io.millrace.indexer.measure.IndexSpans;
import io.millrace.indexer.measure.Meters;
import io.millrace.indexer.measure.PipelineMeters;
import io.millrace.indexer.place.Targets;
import io.millrace.indexer.quarantine.Breaker;
import io.millrace.indexer.quarantine.Quarantine;
import io.millrace.pipeline.file.Pipeline;
import io.smallrye.common.annotation.Identifier;
import jakarta.inject.Singleton;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;

/** Makes the writer of each partition; the partitions of a pipeline share its breaker. */
@Singleton
public final class BulkWriters {

    private final Targets targets;
    private final Generations generations;
    private final Quarantine quarantine;
    private final Conditions conditions;
    private final PipelineMeters meters;
    private final IndexSpans spans;
    private final IndexerConfig config;
    private final Map<String, Object> kafka;
    private final Map<String, Breaker> breakers = new ConcurrentHashMap<>();

    BulkWriters(Targets targets, Generations generations, Quarantine quarantine, Conditions conditions, PipelineMeters meters, IndexSpans spans, IndexerConfig config, @Identifier("default-kafka-broker") Map<String, Object> kafka) {
        this.targets = targets;
        this.generations = generations;
        this.quarantine = quarantine;
        this.conditions = conditions;
        this.meters = meters;
        this.spans = spans;
        this.config = config;
        this.kafka = kafka;
    }

    /** @param who names the partition in health and logs */
    public BulkWriter writer(Pipeline pipeline, String who) {
        return new BulkWriter(who, pipeline, targets.of(pipeline).bulk(), generations, quarantine, breaker(pipeline.name()), conditions, meters.of(pipeline), spans, config, kafka);
    }

    /**
     * For an index that is written aside: measured by how far it is, and with a breaker of its own.
     *
     * @param who names the partition in health and logs
     */
    public BulkWriter aside(Pipeline pipeline, String index, String who) {
        return new BulkWriter(who, pipeline, targets.of(pipeline).bulk(), generations, quarantine, breaker(index), conditions, Meters.unmeasured(), spans, config, kafka);
    }

    /**
     * For documents that come out of the quarantine: they were measured when they went in, and one that is refused again goes back at once.
     *
     * @param who names the partition in health and logs
     */
    public BulkWriter replay(Pipeline pipeline, String who) {
        return new BulkWriter(who, pipeline, targets.of(pipeline).bulk(), generations, quarantine, Breaker.admitting(config.breaker()), conditions, Meters.unmeasured(), spans, config, kafka);
    }

    private Breaker breaker(String name) {
        return breakers.computeIfAbsent(name, n -> new Breaker(config.breaker()));
    }
}
