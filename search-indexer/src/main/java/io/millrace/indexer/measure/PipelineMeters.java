package io.millrace.indexer.measure;

import io.micrometer.core.instrument.MeterRegistry;
import io.millrace.indexer.Pipelines;
import io.millrace.pipeline.file.Pipeline;
import io.millrace.pipeline.ledger.Ledger;
import io.millrace.pipeline.topic.Topics;
import jakarta.inject.Singleton;
import java.util.Map;
import java.util.stream.Collectors;

/** The meters of each configured pipeline. */
@Singleton
public final class PipelineMeters {

    private final Map<String, Meters> byPipeline;

    PipelineMeters(Pipelines pipelines, MeterRegistry registry, Ledger ledger) {
        byPipeline = pipelines.all().stream().collect(Collectors.toUnmodifiableMap(Pipeline::name, p -> new Meters(registry, p.name(), p.latency(), () -> ledger.gaps(Topics.documents(p.name())))));
    }

    public Meters of(Pipeline pipeline) {
        return byPipeline.get(pipeline.name());
    }
}
