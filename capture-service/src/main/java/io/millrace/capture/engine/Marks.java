package io.millrace.capture.engine;

import io.millrace.capture.continuity.Mark;
import io.millrace.capture.continuity.Origin;
import io.millrace.capture.continuity.Point;
import io.millrace.capture.send.Progress;
import io.millrace.capture.source.SourceLook;
import java.util.concurrent.atomic.AtomicReference;

/** How far the source is captured, here and in Kafka. Thread-safe. */
final class Marks {

    private final Progress progress;
    private final AtomicReference<Mark> current = new AtomicReference<>();

    Marks(Progress progress) {
        this.progress = progress;
    }

    /** The last mark, null before the first. */
    Mark current() {
        return current.get();
    }

    /** Takes over what Kafka remembers. */
    void load(Mark mark) {
        current.set(mark);
    }

    /** Begins with a mark, and has Kafka remember it. */
    void begin(Origin origin, Point at, SourceLook look) throws InterruptedException {
        var mark = new Mark(origin, at, look.now(), look.horizon(), null);
        progress.remember(mark);
        current.set(mark);
    }

    /** Goes on with the mark on another timeline, and has Kafka remember that. Tables of which something is awaited still were not looked at since. */
    void promoted(Origin origin) throws InterruptedException {
        var before = current.get();
        var mark = new Mark(origin, before.acknowledged(), before.looked(), before.horizon(), null);
        progress.remember(mark);
        current.set(mark);
    }

    /** Has Kafka remember that it holds everything up to an LSN; may be confirmed to Postgres once this returns. */
    void acknowledged(Point at, Point beat) throws InterruptedException {
        var mark = current.get();
        progress.remember(new Mark(mark.origin(), at, mark.looked(), mark.horizon(), beat == null ? mark.beat() : beat));
        current.updateAndGet(m -> new Mark(m.origin(), at, m.looked(), m.horizon(), beat == null ? m.beat() : beat));
    }

    /** Slot and publication were found as they should be. Kafka is told with the next mark. */
    void looked(SourceLook look) {
        current.updateAndGet(m -> new Mark(m.origin(), m.acknowledged(), look.now(), look.horizon(), m.beat()));
    }
}
