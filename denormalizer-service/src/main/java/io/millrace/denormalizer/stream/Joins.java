package io.millrace.denormalizer.stream;

import io.micrometer.core.instrument.MeterRegistry;
import io.millrace.denormalizer.DenormalizerConfig;
import io.millrace.denormalizer.join.render.DocumentSteps;
import io.millrace.denormalizer.registry.Registry;
import io.millrace.pipeline.document.DocumentStep;
import io.millrace.pipeline.file.PipelineFile;
import io.millrace.pipeline.file.PipelineFiles;
import io.millrace.pipeline.kafka.KafkaKeys;
import io.millrace.pipeline.kafka.PlainClients;
import io.opentelemetry.api.trace.Tracer;
import io.quarkus.arc.All;
import io.quarkus.runtime.ShutdownEvent;
import io.quarkus.runtime.StartupEvent;
import jakarta.enterprise.context.ApplicationScoped;
import jakarta.enterprise.event.Observes;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.List;
import java.util.Map;
import java.util.UUID;
import java.util.concurrent.Executors;
import org.eclipse.microprofile.config.Config;
import org.jboss.logging.Logger;

/** The joins of all pipelines that this process was given. */
@ApplicationScoped
public class Joins {

    private static final Logger LOG = Logger.getLogger(Joins.class);


    private final DenormalizerConfig config;
    private final Map<String, String> kafka;
    private final Registry registry;
    private final MeterRegistry meters;
    private final Tracer tracer;
    private final List<DocumentStep> steps;
    private List<PipelineJoin> joins = List.of();
    private StoreMemory memory;

    Joins(DenormalizerConfig config, Config all, Registry registry, MeterRegistry meters, Tracer tracer, @All List<DocumentStep> steps) {
        this.config = config;
        this.kafka = KafkaKeys.of(all.getPropertyNames(), name -> all.getOptionalValue(name, String.class));
        this.registry = registry;
        this.meters = meters;
        this.tracer = tracer;
        this.steps = steps;
    }

    List<PipelineJoin> all() {
        return joins;
    }

    void start(@Observes StartupEvent event) {
        PlainClients.requirePlainBrokers(kafka);
        var files = PipelineFiles.load(config.pipelines());
        var memberId = memberId(config.stateFolder());
        memory = new StoreMemory(config.blockCacheBytes(), config.writeBufferBytes());
        var pipelines = files.stream().map(PipelineFile::pipeline).toList();
        joins = files.stream().map(f -> new PipelineJoin(f, pipelines.size(), memberId, config, kafka, registry, memory, meters, tracer, DocumentSteps.of(f.pipeline().name(), steps), f.pipeline().generations(pipelines))).toList();
        joins.forEach(PipelineJoin::start);
        LOG.infof("Joining %s", String.join(", ", joins.stream().map(PipelineJoin::name).toList()));
    }

    /** Stays with the state: who has the one is the other. */
    private static String memberId(Path folder) {
        var file = folder.resolve("member-id");
        try {
            if (!Files.exists(file)) {
                Files.createDirectories(folder);
                var whole = Files.writeString(folder.resolve("member-id.new"), UUID.randomUUID().toString());
                Files.move(whole, file, StandardCopyOption.ATOMIC_MOVE);
            }
            return Files.readString(file).strip();
        } catch (IOException e) {
            throw new UncheckedIOException("The state folder " + folder.toAbsolutePath() + " cannot be used: " + e.getMessage()
                    + ". Give the service a folder of its own that it may write to, millrace.denormalizer.state-folder", e);
        }
    }

    void stop(@Observes ShutdownEvent event) {
        try (var threads = Executors.newVirtualThreadPerTaskExecutor()) {
            for (var join : joins) {
                threads.submit(() -> {
                    join.stop();
                    return null;
                });
            }
        }
        if (memory != null) {
            memory.close();
        }
    }
}
