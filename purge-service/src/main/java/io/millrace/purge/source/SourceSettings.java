package io.millrace.purge.source;

import io.millrace.pipeline.file.Pipeline;
import io.millrace.pipeline.file.PipelineFile;
import io.millrace.pipeline.file.PipelineFiles;
import io.millrace.pipeline.topic.Topics;
import io.smallrye.config.ConfigSourceContext;
import io.smallrye.config.ConfigSourceFactory;
import io.smallrye.config.PropertiesConfigSource;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.OptionalInt;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.eclipse.microprofile.config.spi.ConfigSource;

/**
 * Gives the framework what it must know at the start and only the pipeline files say: where the source database is, that
 * {@link SourceCredentials} logs in there, and which topics to follow. Stands above {@code application.properties}, below the environment.
 */
public final class SourceSettings implements ConfigSourceFactory {

    private static final String PIPELINES = "millrace.purge.pipelines";
    private static final int ORDINAL = 275;

    @Override
    public Iterable<ConfigSource> getConfigSources(ConfigSourceContext context) {
        var value = context.getValue(PIPELINES);
        if (value == null || value.getValue() == null || value.getValue().isBlank()) {
            // The build asks too; at run time the missing key is reported by PurgeConfig.
            return List.of();
        }
        var paths = Stream.of(value.getValue().split(",")).map(String::strip).filter(p -> !p.isEmpty()).map(Path::of).toList();
        return List.of(new PropertiesConfigSource(settings(PipelineFiles.load(paths)), "pipeline files", ORDINAL));
    }

    private static Map<String, String> settings(List<PipelineFile> files) {
        var sources = files.stream().map(f -> f.pipeline().source()).distinct().toList();
        if (sources.size() > 1) {
            throw new IllegalStateException("The pipelines in " + PIPELINES + " have the sources "
                    + sources.stream().map(s -> s.name()).collect(Collectors.joining(", "))
                    + ", and one purge service serves one source; start one for each source with its pipelines only");
        }
        var source = sources.getFirst();
        // References that lead nowhere stop the start.
        source.user().resolve();
        source.password().resolve();
        return Map.of(
                "quarkus.datasource.jdbc.url", literal(source.url().resolve()),
                "quarkus.datasource.credentials-provider", SourceCredentials.NAME,
                "quarkus.datasource.credentials-provider-name", SourceCredentials.NAME,
                "mp.messaging.incoming.documents.topics", files.stream().map(PipelineFile::pipeline).map(Pipeline::name).map(Topics::documents).collect(Collectors.joining(",")));
    }

    /** An address may contain what would otherwise be an expression; a backslash means something before a dollar only. */
    private static String literal(String value) {
        return value.replace("$", "\\$");
    }

    @Override
    public OptionalInt getPriority() {
        return OptionalInt.of(ORDINAL);
    }
}
