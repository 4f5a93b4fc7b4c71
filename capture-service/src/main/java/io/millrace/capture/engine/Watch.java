package io.millrace.capture.engine;

import io.millrace.capture.continuity.Continuity;
import io.millrace.capture.continuity.Known;
import io.millrace.capture.continuity.Mark;
import io.millrace.capture.continuity.Memory;
import io.millrace.capture.send.CapturedLogs;
import io.millrace.capture.source.Slot;
import io.millrace.capture.source.SourceCheck;
import io.millrace.capture.source.SourceConnection;
import io.millrace.capture.source.SourceLook;
import io.millrace.capture.source.Truncates;
import io.millrace.capture.source.Wanted;
import io.millrace.pipeline.file.TableName;
import java.sql.SQLException;
import java.time.Duration;
import java.util.Map;
import java.util.OptionalLong;
import java.util.function.BiPredicate;
import java.util.function.Consumer;
import org.jboss.logging.Logger;

/** Looks at the source again and again, and ends a run whose plan does not fit it any more. Used by one thread, asked by any. */
final class Watch {

    private static final Logger LOG = Logger.getLogger(Watch.class);

    private static final long LONGEST_BLIND_NANOS = 15_000_000_000L;

    private final SourceConnection source;
    private final Slot slot;
    private final Map<TableName, Wanted> wanted;
    private final Marks marks;
    private final CapturedLogs logs;
    private final Truncates truncates;
    private final Runnable startAnew;
    private final BiPredicate<Plan, Map<TableName, Known>> adopt;
    private final WalBudget budget;
    private final Consumer<String> enough;
    private final Readiness readiness;
    private final LeftOut leftOut;
    /** The plan that is carried out, null while none is. */
    private volatile Plan plan;
    private volatile Slot.State slotState;
    private volatile boolean reading;
    /** When the stream could first not be held against the source, 0 while it can. */
    private long blindSince;

    /**
     * @param wanted what is wanted of each captured table
     * @param logs what Kafka has of the captured rows
     * @param truncates that came in the stream
     * @param startAnew ends the run, so that another plan is made
     * @param adopt is told what is known of the tables where that is something else; answers whether the stream goes on with it
     * @param budget what the slot may keep
     * @param enough is told why no more should be read before the stream begins
     * @param readiness is told when nobody can look
     * @param leftOut which tables are not captured for now
     */
    Watch(SourceConnection source, Slot slot, Map<TableName, Wanted> wanted, Marks marks, CapturedLogs logs, Truncates truncates, Runnable startAnew, BiPredicate<Plan, Map<TableName, Known>> adopt, WalBudget budget, Consumer<String> enough, Readiness readiness, LeftOut leftOut) {
        this.source = source;
        this.slot = slot;
        this.wanted = wanted;
        this.marks = marks;
        this.logs = logs;
        this.truncates = truncates;
        this.startAnew = startAnew;
        this.adopt = adopt;
        this.budget = budget;
        this.enough = enough;
        this.readiness = readiness;
        this.leftOut = leftOut;
    }

    /** What is looked for from now on; null for the slot alone. */
    void follow(Plan now) {
        plan = now;
    }

    /** Whether tables are being read. */
    void reading(boolean now) {
        reading = now;
    }

    /** The slot as it was last seen, null where there is none or Postgres does not answer. */
    Slot.State slotState() {
        return slotState;
    }

    /** @return how long the source was looked at; nothing where it did not answer, since that costs it nothing */
    Duration look() {
        long began = System.nanoTime();
        return looks() ? Duration.ofNanos(System.nanoTime() - began) : Duration.ZERO;
    }

    /** Whether the source answered. */
    private boolean looks() {
        var followed = plan;
        var trouble = logs.trouble();
        if (readiness.concern(Readiness.Concern.TOPIC, trouble)) {
            LOG.error(trouble);
        }
        try {
            if (followed == null) {
                seen();
                slotState = slot.state();
                boolean now = reading;
                var why = budget.hold(slotState, now);
                if (now && why != null) {
                    enough.accept(why);
                }
                return true;
            }
            var before = marks.current();
            var look = leftOut.over(SourceLook.take(source, slot, wanted, Memory.before(before, followed.tables()), truncates));
            seen();
            slotState = look.slot();
            failover(look.slot());
            budget.hold(slotState, false);
            var known = Continuity.tables(new Memory(before, followed.tables()), look, wanted.keySet());
            if (!fits(followed, before, look) || !logs.lost().isEmpty()) {
                startAnew.run();
            } else if (!known.equals(followed.tables())) {
                if (!adopt.test(followed, known)) {
                    startAnew.run();
                }
            } else if (plan == followed && !truncates.isAwaiting()) {
                marks.looked(look);
            }
            return true;
        } catch (SQLException | RuntimeException e) {
            slotState = null;
            LOG.debugf("The source cannot be looked at: %s", e.getMessage());
            if (followed != null) {
                blind(e);
            }
            return false;
        }
    }

    private void failover(Slot.State state) {
        var why = state == null || !Boolean.FALSE.equals(state.failover()) ? null : "The replication slot " + slot.name() + " was made without failover, so no standby keeps it in step, and a promotion loses it. Where there are standbys, stop capture, give it that"
                + " (ALTER_REPLICATION_SLOT " + slot.name() + " (FAILOVER true) over a connection for replication: psql with 'replication=database') and start it again";
        if (readiness.concern(Readiness.Concern.FAILOVER, why)) {
            LOG.warn(why);
        }
    }

    private void seen() {
        blindSince = 0;
        readiness.concern(Readiness.Concern.LOOK, null);
    }

    /** A stream that flows is not known to be whole when nobody can look. */
    private void blind(Exception e) {
        long now = System.nanoTime();
        if (blindSince == 0) {
            blindSince = now;
        } else if (now - blindSince > LONGEST_BLIND_NANOS) {
            var why = "The stream flows, but nobody can look whether it is whole: " + (e instanceof SQLException sql ? SourceCheck.explain(source, sql) : e.toString());
            if (readiness.concern(Readiness.Concern.LOOK, why)) {
                LOG.error(why);
            }
        }
    }

    private boolean fits(Plan followed, Mark before, SourceLook look) {
        return before.origin().timeline() == look.timeline()
                && Continuity.of(before, marks.current(), look, OptionalLong.empty()) == null
                && Start.problems(look).equals(followed.problems())
                && (followed.due() == 0 || Long.compareUnsigned(look.slot().confirmed(), followed.due()) < 0);
    }
}
