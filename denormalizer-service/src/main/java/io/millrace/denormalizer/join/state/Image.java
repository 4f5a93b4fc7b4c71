package io.millrace.denormalizer.join.state;

import io.millrace.pipeline.record.Position;
import io.millrace.values.bytes.ByteReader;
import io.millrace.values.bytes.ByteWriter;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/**
 * The newest known state of something that was announced elsewhere, and what was announced before and may not have
 * arrived.
 *
 * <p>State stores survive a crash that loses the messages sent with them. A change that is replayed must therefore send
 * again not only what holds now but every retraction; {@code formers} remember what there is to retract until the
 * change that replaced them is committed.
 *
 * @param position of the change that made this state
 * @param content the state; null when it was removed
 * @param formers what was announced before
 */
public record Image(Position position, byte[] content, List<Former> formers) {

    /**
     * @param stamp when it was replaced, by the {@link CommitClock}
     * @param content what had been announced
     */
    public record Former(long stamp, byte[] content) {}

    public static Image read(byte[] stored) {
        if (stored == null) {
            return null;
        }
        var in = new ByteReader(stored);
        var position = new Position(in.getLong(), in.getLong());
        boolean present = in.get() == 1;
        int count = (int) in.getVarint();
        List<Former> formers = count == 0 ? List.of() : new ArrayList<>(count);
        for (int i = 0; i < count; i++) {
            formers.add(new Former(in.getLong(), in.getBlock()));
        }
        return new Image(position, present ? in.rest() : null, formers);
    }

    public byte[] toBytes() {
        var out = new ByteWriter(Position.SIZE + 2 + (content == null ? 0 : content.length) + formers.size() * 64);
        out.putLong(position.commit()).putLong(position.lsn()).put(content == null ? 0 : 1).putVarint(formers.size());
        for (var former : formers) {
            out.putLong(former.stamp).putBlock(former.content);
        }
        if (content != null) {
            out.put(content);
        }
        return out.toBytes();
    }

    public boolean isPresent() {
        return content != null;
    }

    /**
     * The same state, whose formers count as replaced now. For a change that no record brings, or that follows one: no replay has stamped the formers of an earlier life before it.
     */
    public Image again(CommitClock.Session clock) {
        return after(this, position, content, null, clock);
    }

    /**
     * What follows a change.
     *
     * @param before what was stored, may be null
     * @param retracted announced before and to be retracted by this change; may be null
     */
    public static Image after(Image before, Position position, byte[] content, byte[] retracted, CommitClock.Session clock) {
        if ((before == null || before.formers.isEmpty()) && retracted == null) {
            return new Image(position, content, List.of());
        }
        boolean again = before != null && before.position.equals(position);
        var formers = new ArrayList<Former>();
        if (before != null) {
            for (var former : before.formers) {
                if (again) {
                    formers.add(new Former(clock.stamp(), former.content));
                } else if (!clock.isCommitted(former.stamp)) {
                    formers.add(former);
                }
            }
        }
        if (retracted != null && formers.stream().noneMatch(f -> Arrays.equals(f.content, retracted))) {
            formers.add(new Former(clock.stamp(), retracted));
        }
        return new Image(position, content, formers);
    }
}
