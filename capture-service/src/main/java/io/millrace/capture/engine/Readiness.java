package io.millrace.capture.engine;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.atomic.AtomicReference;
import org.jboss.logging.Logger;

/** Whether capture works and nothing is missing, and if not, why not. Says each reason once in the log. Thread-safe. */
public final class Readiness {

    private static final Logger LOG = Logger.getLogger(Readiness.class);
    private static final String STANDING_BY = "standing by";

    /** What may worry a person though changes flow and none is known to be missing. */
    public enum Concern {
        /** The slot keeps more WAL on the primary than the file allows, or was given up for that. */
        WAL,
        /** Capture is further behind than the file allows. */
        LAG,
        /** The slot keeps, or capture lacks, nearly as much WAL as the file allows. */
        WAL_NEAR,
        /** Nobody can look whether the stream is still whole. */
        LOOK,
        /** The heartbeat cannot be written, or was written and has not come in the stream. */
        HEARTBEAT,
        /** Nobody can be told how far the stream is. */
        REACHED,
        /** The stream has not come to the heartbeat for a while, and goes on. */
        BEHIND,
        /** A captured topic is not there, or nobody can look. */
        TOPIC,
        /** A table that is to be read while the stream goes on is not read on. */
        RESNAPSHOT,
        /** Tables inherit from captured ones: nothing is missing, but what somebody may take for rows of a captured table is none. */
        INHERITANCE,
        /** No standby keeps the slot in step, though the server could tell them to. */
        FAILOVER,
        /** Another process captures the source, and this one takes over when that ends. */
        STANDBY;

        /** Whether capture is not ready while it stands. */
        boolean hinders() {
            return this != INHERITANCE && this != FAILOVER && this != STANDBY && this != WAL_NEAR && this != BEHIND;
        }
    }

    /**
     * @param phase what capture is doing
     * @param hindrance why it cannot, null where it can
     * @param troubles what is wrong or may be missing though it goes on
     * @param concerns what else a person must know of
     */
    public record State(String phase, String hindrance, List<String> troubles, Map<Concern, String> concerns) {

        public boolean ready() {
            return hindrance == null && troubles.isEmpty() && concerns.keySet().stream().noneMatch(Concern::hinders);
        }

        /** Whether another process captures the source, and this one would take over. */
        public boolean isStandingBy() {
            return phase.equals(STANDING_BY) && hindrance == null;
        }

        /** Everything that keeps it from being ready. */
        public String reason() {
            var all = new ArrayList<>(troubles);
            if (hindrance != null) {
                all.addFirst(hindrance);
            }
            all.addAll(concerns(true));
            return String.join("\n", all);
        }

        /** What a person should know though it is ready; empty where there is nothing. */
        public String warning() {
            return String.join("\n", concerns(false));
        }

        private List<String> concerns(boolean hindering) {
            return concerns.entrySet().stream().filter(one -> one.getKey().hinders() == hindering).map(Map.Entry::getValue).toList();
        }

        private State in(String other, String why) {
            return new State(other, why, troubles, concerns);
        }

        private State with(Concern which, String why) {
            var others = new TreeMap<>(concerns);
            if (why == null) {
                others.remove(which);
            } else {
                others.put(which, why);
            }
            return new State(phase, hindrance, troubles, Map.copyOf(others));
        }
    }

    private final AtomicReference<State> state = new AtomicReference<>(new State("starting", "Capture is starting", List.of(), Map.of()));

    public State state() {
        return state.get();
    }

    /** It works. */
    public void ready(String phase) {
        var before = state.getAndUpdate(s -> s.in(phase, null));
        if (!before.phase().equals(phase) || before.hindrance() != null) {
            LOG.infof("Capture is %s", phase);
        }
    }

    /** How far the phase is. */
    public void progress(String phase) {
        state.updateAndGet(s -> s.in(phase, s.hindrance()));
    }

    /** It does not work, but may again. */
    public void waiting(String reason) {
        var before = state.getAndUpdate(s -> s.in(s.phase(), reason));
        if (!reason.equals(before.hindrance())) {
            LOG.warn(reason);
        }
    }

    /** What hindered the current phase is over. */
    public void recovered() {
        var before = state.getAndUpdate(s -> s.in(s.phase(), null));
        if (before.hindrance() != null) {
            LOG.infof("Capture is %s again", before.phase());
        }
    }

    /**
     * Another process works, which says itself what is missing, and this one takes over when that ends.
     *
     * @param who says which process it is
     */
    public void standingBy(String who) {
        var before = state.getAndUpdate(s -> new State(STANDING_BY, null, List.of(), Map.of(Concern.STANDBY, who)));
        if (!before.isStandingBy()) {
            LOG.info(who);
        }
    }

    /** No other process works any more. */
    public void takingOver() {
        var before = state.getAndUpdate(s -> s.phase().equals(STANDING_BY) ? s.with(Concern.STANDBY, null).in("taking over", "Capture is taking over from another process") : s);
        if (before.phase().equals(STANDING_BY)) {
            LOG.info("No other process has the source any more; taking over");
        }
    }

    /** It is about to begin something that takes a while, and cannot do its work before. */
    public void preparing(String phase) {
        state.updateAndGet(s -> s.in(phase, "Capture is " + phase));
    }

    /** What is wrong from now on, though it goes on; empty where nothing is. */
    public void troubles(List<String> troubles) {
        var before = state.getAndUpdate(s -> new State(s.phase(), s.hindrance(), List.copyOf(troubles), s.concerns()));
        troubles.stream().filter(trouble -> !before.troubles().contains(trouble)).forEach(LOG::error);
        if (troubles.isEmpty() && !before.troubles().isEmpty()) {
            LOG.info("Nothing is missing any more");
        }
    }

    /** What a person must know of from now on, null where it is over. Returns whether it is new; whoever finds it logs it. */
    public boolean concern(Concern which, String why) {
        var before = state.getAndUpdate(s -> s.with(which, why));
        return why != null && !before.concerns().containsKey(which);
    }
}
