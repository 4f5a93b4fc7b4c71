package io.millrace.purge.source;

import io.millrace.pipeline.file.PipelineFiles;
import io.millrace.purge.PurgeConfig;
import jakarta.enterprise.context.ApplicationScoped;
import java.util.List;

/** The names of the pipelines that this service serves. Immutable. */
@ApplicationScoped
public class Pipelines {

    private final List<String> names;

    Pipelines(PurgeConfig config) {
        this.names = PipelineFiles.load(config.pipelines()).stream().map(f -> f.pipeline().name()).sorted().toList();
    }

    public List<String> names() {
        return names;
    }

    public boolean contains(String name) {
        return names.contains(name);
    }
}
