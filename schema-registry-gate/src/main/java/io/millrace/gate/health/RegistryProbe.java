package io.millrace.gate.health;

import io.micrometer.core.instrument.Gauge;
import io.micrometer.core.instrument.MeterRegistry;
import io.millrace.gate.GateConfig;
import io.millrace.gate.schema.Registry;
import io.millrace.gate.schema.RegistryAwayException;
import io.millrace.pipeline.liveness.Loop;
import io.millrace.pipeline.liveness.LoopThread;
import io.millrace.pipeline.liveness.Loops;
import jakarta.annotation.PostConstruct;
import jakarta.annotation.PreDestroy;
import jakarta.enterprise.context.ApplicationScoped;
import java.time.Duration;
import org.jboss.logging.Logger;

/** Asks now and then whether the registry is there, so that its absence shows before a record needs it. */
@ApplicationScoped
class RegistryProbe {

    private static final Logger LOG = Logger.getLogger(RegistryProbe.class);
    private static final Duration INTERVAL = Duration.ofSeconds(5);

    private final Registry registry;
    private volatile String trouble;
    private final LoopThread thread;

    RegistryProbe(Registry registry, GateConfig config, MeterRegistry meters, Loops loops) {
        this.registry = registry;
        this.thread = loops.thread("registry-probe", Thread.ofVirtual(), config.silence(), this::askForEver);
        Gauge.builder("millrace.server.up", this, probe -> probe.trouble == null ? 1 : 0).description("Whether the server answered when it was last asked")
                .tags("stage", "gate", "server", "registry").register(meters);
    }

    @PostConstruct
    void start() {
        thread.start();
    }

    @PreDestroy
    void stop() {
        thread.interrupt();
    }

    /** Why it is away, null where it answered the last time. */
    String trouble() {
        return trouble;
    }

    private void askForEver(Loop loop) throws InterruptedException {
        while (true) {
            loop.beat();
            ask();
            Thread.sleep(INTERVAL);
        }
    }

    private void ask() {
        try {
            registry.ping();
            if (trouble != null) {
                LOG.info("The registry answers again");
            }
            trouble = null;
        } catch (RegistryAwayException e) {
            if (trouble == null) {
                LOG.warnf("The registry is away: %s. Records of known schemas flow on, those of new ones wait.", e.getMessage());
            }
            trouble = e.getMessage() + "; records of known schemas flow on, those of new ones wait";
        }
    }
}
