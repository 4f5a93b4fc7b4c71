package io.millrace.capture.engine;

import io.millrace.capture.continuity.Continuity;
import io.millrace.capture.continuity.Mark;
import io.millrace.capture.continuity.Memory;
import io.millrace.capture.source.Slot;
import io.millrace.capture.source.SourceConnection;
import io.millrace.capture.source.SourceLook;
import io.millrace.pipeline.file.TableName;
import java.sql.SQLException;
import java.util.Collection;
import java.util.OptionalLong;
import org.jboss.logging.Logger;

/** Looks at the source again and again, and ends a run whose plan does not fit it any more. Used by one thread, asked by any. */
final class Watch {

    private static final Logger LOG = Logger.getLogger(Watch.class);

    private final SourceConnection source;
    private final Slot slot;
    private final Collection<TableName> tables;
    private final Marks marks;
    private final Runnable startAnew;
    /** The plan that is carried out, null while none is. */
    private volatile Plan plan;
    private volatile Slot.State slotState;

    /** @param startAnew ends the run, so that another plan is made */
    Watch(SourceConnection source, Slot slot, Collection<TableName> tables, Marks marks, Runnable startAnew) {
        this.source = source;
        this.slot = slot;
        this.tables = tables;
        this.marks = marks;
        this.startAnew = startAnew;
    }

    /** What is looked for from now on; null for the slot alone. */
    void follow(Plan now) {
        plan = now;
    }

    /** The slot as it was last seen, null where there is none or Postgres does not answer. */
    Slot.State slotState() {
        return slotState;
    }

    void look() {
        var followed = plan;
        try {
            if (followed == null) {
                slotState = slot.state();
                return;
            }
            var before = marks.current();
            var look = SourceLook.take(source, slot, tables);
            slotState = look.slot();
            if (!fits(followed, before, look)) {
                startAnew.run();
            } else if (plan == followed) {
                marks.looked(look.now());
            }
        } catch (SQLException | RuntimeException e) {
            slotState = null;
            LOG.debugf("The source cannot be looked at: %s", e.getMessage());
        }
    }

    private boolean fits(Plan followed, Mark before, SourceLook look) {
        return before.origin().timeline() == look.timeline()
                && Continuity.of(before, marks.current(), look, OptionalLong.empty()) == null
                && Continuity.tables(new Memory(before, followed.tables()), look, tables).equals(followed.tables())
                && Start.problems(look).equals(followed.problems())
                && (followed.due() == 0 || Long.compareUnsigned(look.slot().confirmed(), followed.due()) < 0);
    }
}
