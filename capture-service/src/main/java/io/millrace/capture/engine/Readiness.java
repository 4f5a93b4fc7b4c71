package io.millrace.capture.engine;

import java.util.concurrent.atomic.AtomicReference;
import org.jboss.logging.Logger;

/** Whether capture works, and if not, why not. Says each reason once in the log. Thread-safe. */
public final class Readiness {

    private static final Logger LOG = Logger.getLogger(Readiness.class);

    /**
     * @param phase what capture is doing
     * @param reason why it cannot, null where it can
     */
    public record State(String phase, String reason) {
        public boolean ready() {
            return reason == null;
        }
    }

    private final AtomicReference<State> state = new AtomicReference<>(new State("starting", "Capture is starting"));

    public State state() {
        return state.get();
    }

    /** It works. */
    public void ready(String phase) {
        var before = state.getAndSet(new State(phase, null));
        if (!before.phase().equals(phase) || !before.ready()) {
            LOG.infof("Capture is %s", phase);
        }
    }

    /** It does not work, but may again. */
    public void waiting(String reason) {
        var before = state.getAndUpdate(s -> new State(s.phase(), reason));
        if (!reason.equals(before.reason())) {
            LOG.warn(reason);
        }
    }

    /** What hindered the current phase is over. */
    public void recovered() {
        var before = state.getAndUpdate(s -> new State(s.phase(), null));
        if (!before.ready()) {
            LOG.infof("Capture is %s again", before.phase());
        }
    }

    /** It is about to begin something that takes a while, and cannot do its work before. */
    public void preparing(String phase) {
        state.set(new State(phase, "Capture is " + phase));
    }
}
