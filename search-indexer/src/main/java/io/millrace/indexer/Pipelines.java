package io.millrace.indexer;

import io.millrace.pipeline.file.Pipeline;
import io.millrace.pipeline.file.PipelineFile;
import io.millrace.pipeline.file.PipelineFiles;
import io.millrace.pipeline.topic.Topics;
import jakarta.inject.Singleton;
import jakarta.validation.Validator;
import java.util.Collection;
import java.util.LinkedHashMap;
import java.util.Map;

/** The configured pipelines, by the topic that carries their documents. */
@Singleton
public final class Pipelines {

    private final Map<String, Pipeline> byTopic = new LinkedHashMap<>();
    private final Map<String, PipelineFile> files = new LinkedHashMap<>();

    Pipelines(IndexerConfig config, Validator validator) {
        for (PipelineFile file : PipelineFiles.load(config.pipelines(), validator)) {
            files.put(file.pipeline().name(), file);
            byTopic.put(Topics.documents(file.pipeline().name()), file.pipeline());
        }
    }

    public Collection<String> topics() {
        return byTopic.keySet();
    }

    public Collection<Pipeline> all() {
        return byTopic.values();
    }

    /** Where a configured pipeline is described. */
    public PipelineFile file(Pipeline pipeline) {
        return files.get(pipeline.name());
    }

    /** @throws IllegalArgumentException when no configured pipeline has that topic */
    public Pipeline ofTopic(String topic) {
        var pipeline = byTopic.get(topic);
        if (pipeline == null) {
            throw new IllegalArgumentException("No configured pipeline writes to the topic " + topic + "; known are " + byTopic.keySet());
        }
        return pipeline;
    }
}
