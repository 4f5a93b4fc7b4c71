package io.millrace.gate.breaker;

import io.millrace.gate.GateConfig;
import io.millrace.gate.Table;
import io.millrace.gate.control.Audit;
import io.millrace.gate.control.BreakerState;
import io.millrace.gate.control.ControlLog;
import io.millrace.gate.control.OutdatedException;
import io.millrace.gate.problem.NotPossibleException;
import io.millrace.gate.schema.Refusal;
import io.millrace.gate.schema.RegistryAwayException;
import io.millrace.gate.schema.Schemas;
import io.millrace.gate.schema.Verdict;
import io.millrace.pipeline.liveness.Loop;
import io.millrace.pipeline.liveness.LoopThread;
import io.millrace.pipeline.liveness.Loops;
import jakarta.enterprise.context.ApplicationScoped;
import java.time.Instant;
import java.util.Map;
import org.apache.kafka.common.KafkaException;
import org.jboss.logging.Logger;

/**
 * Stops the gate when most of what arrives would be parked, over several tables: that is a wrong registry, a wrong topic or
 * half a deploy, and no table's own fault. Each instance counts what it sees; once open, it is open for all. Thread-safe.
 */
@ApplicationScoped
public class Breaker {

    private static final Logger LOG = Logger.getLogger(Breaker.class);

    private final ControlLog control;
    private final Audit audit;
    private final Schemas schemas;
    private final GateConfig.Breaker config;
    private final Window window;
    private volatile boolean stopping;
    private final LoopThread prober;
    private boolean wasOpen;

    Breaker(ControlLog control, Audit audit, Schemas schemas, GateConfig config, Loops loops) {
        this.control = control;
        this.audit = audit;
        this.schemas = schemas;
        this.config = config.breaker();
        this.prober = loops.thread("breaker-probe", Thread.ofVirtual(), config.silence(), this::probeForEver);
        this.window = new Window(this.config.window(), this.config.share(), this.config.records(), this.config.tables());
    }

    /** Begins to ask the registry again whenever the breaker is open. */
    public void start() {
        control.onChange(this::changed);
        prober.start();
    }

    public void stop() {
        stopping = true;
        prober.interrupt();
    }

    public boolean isOpen() {
        return control.breaker().open();
    }

    /** Records passed. */
    public void passed(int records) {
        window.passed(records, System.nanoTime());
    }

    /** Records of a parked table queued up. */
    public void queued(Table table, int records) throws InterruptedException {
        if (window.queued(table.name(), records, System.nanoTime())) {
            open(table, control.table(table).cause() == null ? null : refusal(table));
        }
    }

    /**
     * Whether a table may be parked for this refusal.
     *
     * @return false when that opened the breaker instead; the record has to wait
     */
    public boolean admits(Table table, Refusal refusal) throws InterruptedException {
        if (isOpen()) {
            return false;
        }
        // What takes too much is held back on purpose, also in many tables at once.
        if (!Refusal.TAKES_TOO_MUCH.equals(refusal.reason()) && window.refused(table.name(), System.nanoTime())) {
            open(table, refusal);
            return false;
        }
        return true;
    }

    /** For a person who asks. */
    BreakerState state() throws OutdatedException, InterruptedException {
        control.refresh();
        return control.breaker();
    }

    /** A person closes it. */
    void reset(String who, String why) throws NotPossibleException, OutdatedException, InterruptedException {
        if (!state().open()) {
            throw new NotPossibleException("The breaker is not open");
        }
        audit.write(new Audit.Entry(Instant.now(), "breaker", "reset", who, why, Map.of("opened", control.breaker().reason())));
        control.write(new BreakerState(false, "reset by " + who + ": " + why, null, null, Instant.now()));
    }

    private Refusal refusal(Table table) {
        var cause = control.table(table).cause();
        return new Refusal(cause.reason(), cause.detail(), cause.rule(), cause.subject(), cause.schemaId(), cause.difference());
    }

    private void open(Table table, Refusal refusal) throws InterruptedException {
        if (isOpen()) {
            return;
        }
        var reason = window.describe() + "; the last: " + table + ", " + (refusal == null ? "queued" : refusal.reason() + ", " + refusal.detail());
        LOG.errorf("The breaker opens, the gate stops: %s. Check that the gate reads the right topics and the right registry (GET /breaker), then POST /breaker/reset.", reason);
        control.write(new BreakerState(true, reason, table.name(), refusal, Instant.now()));
    }

    private synchronized void changed() {
        boolean open = isOpen();
        if (wasOpen && !open) {
            window.clear();
            LOG.infof("The breaker is closed: %s", control.breaker().reason());
        }
        wasOpen = open;
    }

    private void probeForEver(Loop loop) throws InterruptedException {
        while (!stopping) {
            loop.waits(config.probe());
            Thread.sleep(config.probe());
            loop.beat();
            try {
                probe();
            } catch (RegistryAwayException | KafkaException e) {
                LOG.debugf("The open breaker could not be looked after: %s", e.getMessage());
            } catch (RuntimeException e) {
                LOG.errorf(e, "The open breaker could not be looked after; trying again in %d s", config.probe().toSeconds());
            }
        }
    }

    /** Closes it when the registry now accepts what opened it. */
    private void probe() throws RegistryAwayException, InterruptedException {
        var state = control.breaker();
        var refusal = state.refusal();
        if (!state.open() || refusal == null || refusal.subject() == null || refusal.schemaId() == null) {
            return;
        }
        if (schemas.ask(new Table(state.table()), refusal.subject(), refusal.schemaId()) instanceof Verdict.Passing) {
            control.write(new BreakerState(false, "the registry now accepts schema " + refusal.schemaId() + " under " + refusal.subject(), null, null, Instant.now()));
        }
    }
}
