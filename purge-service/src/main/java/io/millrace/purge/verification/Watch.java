package io.millrace.purge.verification;

import io.micrometer.core.instrument.Gauge;
import io.micrometer.core.instrument.MeterRegistry;
import io.millrace.pipeline.file.Pipeline;
import io.millrace.pipeline.liveness.Loop;
import io.millrace.pipeline.liveness.LoopThread;
import io.millrace.pipeline.liveness.Loops;
import io.millrace.purge.PurgeConfig;
import io.millrace.purge.problem.RefusedException;
import io.millrace.purge.source.Pipelines;
import io.quarkus.runtime.Startup;
import jakarta.annotation.PostConstruct;
import jakarta.annotation.PreDestroy;
import jakarta.enterprise.context.ApplicationScoped;
import java.io.IOException;
import java.sql.SQLException;
import java.time.Duration;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.ToDoubleFunction;
import org.apache.kafka.common.KafkaException;
import org.jboss.logging.Logger;

/** Tells what the last verifications found, whichever instance ran them, and begins those that nobody asks for. */
@ApplicationScoped
@Startup
class Watch {

    private static final Logger LOG = Logger.getLogger(Watch.class);
    /** Whom the book names for verifications that nobody asked for. */
    private static final String NOBODY = "continuous verification";
    private static final Duration ROUND = Duration.ofSeconds(15);
    private static final double UNKNOWN = Double.NaN;

    private final Pipelines pipelines;
    private final Verifications verifications;
    private final Book book;
    private final PurgeConfig.Verification config;
    private final MeterRegistry meters;
    private final LoopThread thread;
    private final Map<String, Last> last = new ConcurrentHashMap<>();
    private final Map<String, String> refusals = new ConcurrentHashMap<>();

    /** @param differences that the last verification left; @param whole when the last of all documents ended, in seconds since the Unix epoch */
    private record Last(double differences, double whole) {

        static final Last NONE = new Last(UNKNOWN, UNKNOWN);
    }

    Watch(Pipelines pipelines, Verifications verifications, Book book, PurgeConfig config, MeterRegistry meters, Loops loops) {
        this.pipelines = pipelines;
        this.verifications = verifications;
        this.book = book;
        this.config = config.verification();
        this.meters = meters;
        this.thread = loops.thread("watch of verifications", Thread.ofVirtual(), config.stuckAfter(), this::live);
    }

    @PostConstruct
    void start() {
        for (var pipeline : pipelines.all()) {
            meters.counter("millrace.documents.verified", "stage", "purge", "pipeline", pipeline.name());
            gauge("millrace.differences", pipeline, Last::differences);
            gauge("millrace.verified.timestamp.seconds", pipeline, Last::whole);
        }
        thread.start();
    }

    private void gauge(String name, Pipeline pipeline, ToDoubleFunction<Last> value) {
        Gauge.builder(name, last, all -> value.applyAsDouble(all.getOrDefault(pipeline.name(), Last.NONE))).tag("stage", "purge").tag("pipeline", pipeline.name()).register(meters);
    }

    private void live(Loop loop) throws InterruptedException {
        while (true) {
            for (var pipeline : pipelines.all()) {
                loop.beat();
                look(pipeline);
            }
            loop.waits(ROUND);
            Thread.sleep(ROUND);
        }
    }

    private void look(Pipeline pipeline) throws InterruptedException {
        try {
            last.put(pipeline.name(), last(pipeline.name()));
            if (config.continuousEvery().isPresent()) {
                verifications.begin(pipeline, new VerificationRequest(config.continuousRepair(), null, null), NOBODY, config.continuousRate(), config.continuousEvery().get());
            }
            refusals.remove(pipeline.name());
        } catch (SQLException | IOException | RefusedException | KafkaException e) {
            var why = String.valueOf(e.getMessage());
            if (!why.equals(refusals.put(pipeline.name(), why))) {
                LOG.warnf("What verifications of the pipeline %s have found cannot be told, or the next not begun: %s", pipeline.name(), why);
            }
        }
    }

    private Last last(String pipeline) throws SQLException {
        var any = book.last(pipeline, 0);
        var whole = book.last(pipeline, VerificationRequest.ALL);
        return new Last(any.map(v -> (double) v.differences()).orElse(UNKNOWN), whole.map(v -> v.report().finishedAt().toEpochMilli() / 1000.0).orElse(UNKNOWN));
    }

    @PreDestroy
    void stop() {
        thread.interrupt();
    }
}
