package io.millrace.console.live;

import io.millrace.console.ConsoleConfig;
import io.millrace.console.Pipelines;
import io.millrace.pipeline.file.Pipeline;
import io.millrace.pipeline.liveness.Loop;
import io.millrace.pipeline.liveness.LoopThread;
import io.millrace.pipeline.liveness.Loops;
import io.quarkus.runtime.ShutdownEvent;
import io.quarkus.runtime.StartupEvent;
import jakarta.enterprise.event.Observes;
import jakarta.inject.Singleton;
import java.time.Duration;
import java.util.LinkedHashMap;
import java.util.Map;
import org.jboss.logging.Logger;

/** Looks at the services also while nobody else does, and keeps what it saw for some hours; all of it is forgotten when the console ends. Thread-safe. */
@Singleton
class Recorder {

    private static final Logger LOG = Logger.getLogger(Recorder.class);
    static final Duration EVERY = Duration.ofSeconds(10);
    /** Of all pipelines together. */
    private static final String ALL = "";

    private final Watch watch;
    private final Map<String, Pipeline> pipelines = new LinkedHashMap<>();
    private final Map<String, History> histories = new LinkedHashMap<>();
    private final LoopThread thread;

    Recorder(Watch watch, Pipelines pipelines, ConsoleConfig config, Loops loops) {
        this.watch = watch;
        this.pipelines.put(ALL, null);
        pipelines.all().forEach(p -> this.pipelines.put(p.name(), p));
        int most = (int) Math.max(1, config.history().dividedBy(EVERY));
        this.pipelines.keySet().forEach(name -> histories.put(name, new History(most)));
        // A look that hangs is told by itself.
        thread = loops.thread("history", Thread.ofVirtual(), config.stuckAfter().multipliedBy(2).plus(EVERY), this::live);
    }

    void begin(@Observes StartupEvent event) {
        thread.start();
    }

    void end(@Observes ShutdownEvent event) {
        thread.interrupt();
    }

    private void live(Loop loop) throws InterruptedException {
        Watch.Look then = null;
        for (;;) {
            try {
                var now = watch.now();
                for (var pipeline : pipelines.entrySet()) {
                    histories.get(pipeline.getKey()).add(watch.view(pipeline.getValue(), now, then));
                }
                then = now;
            } catch (RuntimeException e) {
                LOG.warnf("Looking at the services for the history failed, a point is missing: %s", e.getMessage());
            }
            loop.beat();
            Thread.sleep(EVERY);
        }
    }

    /** @param pipeline null for all together */
    HistoryView view(Pipeline pipeline) {
        return histories.get(pipeline == null ? ALL : pipeline.name()).view();
    }
}
