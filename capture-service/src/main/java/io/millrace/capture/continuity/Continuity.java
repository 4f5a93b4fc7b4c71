package io.millrace.capture.continuity;

import io.millrace.capture.continuity.Break.OtherHistory;
import io.millrace.capture.continuity.Break.SlotGone;
import io.millrace.capture.continuity.Break.SlotMoved;
import io.millrace.capture.source.SourceLook;
import io.millrace.capture.source.TableLook;
import io.millrace.pipeline.file.TableName;
import io.millrace.pipeline.record.Position;
import io.millrace.pipeline.topic.Topics;
import java.util.Collection;
import java.util.Map;
import java.util.OptionalLong;
import java.util.TreeMap;

/** Compares what is remembered of a source with what it is now. */
public final class Continuity {

    private Continuity() {}

    /**
     * Whether the stream goes on where it was left.
     *
     * @param before the mark as it was when the look began
     * @param after the mark as it is now
     * @param left the LSN at which the history left the remembered timeline; empty where it is on it, or never was
     * @return null where it goes on
     */
    public static Break of(Mark before, Mark after, SourceLook look, OptionalLong left) {
        var origin = before.origin();
        var end = before.acknowledged();
        if (look.system() != origin.system() || look.database() != origin.database()) {
            return new OtherHistory("This is another database than the one that was captured until " + end + ": its system identifier is " + Long.toUnsignedString(look.system()) + ", its oid "
                    + look.database() + ", where " + Long.toUnsignedString(origin.system()) + " and " + origin.database() + " are remembered");
        }
        if (look.timeline() != origin.timeline() && (left.isEmpty() || Long.compareUnsigned(left.getAsLong(), end.lsn()) < 0)) {
            return new OtherHistory("Postgres is on timeline " + look.timeline() + ", which left timeline " + origin.timeline()
                    + (left.isEmpty() ? " at a point that its history does not tell" : " at " + Position.lsnText(left.getAsLong())) + ", though that was captured until " + end
                    + ": a standby that had not received everything was promoted, or a backup was restored");
        }
        if (Long.compareUnsigned(look.now().lsn(), end.lsn()) < 0) {
            return new OtherHistory("Postgres's log ends at " + look.now() + ", though it was captured until " + end + ": Postgres was restored from a copy");
        }
        if (look.slot() == null) {
            return new SlotGone("The replication slot " + look.slotName() + " is gone, though it was read until " + end);
        }
        if (look.slot().isLost()) {
            return new SlotGone("The replication slot " + look.slotName() + " was given up by Postgres (" + look.slot().lostBy() + ") after it was read until " + end);
        }
        if (Long.compareUnsigned(look.slot().confirmed(), after.acknowledged().lsn()) > 0) {
            return new SlotMoved("it stands in a replication slot that was made anew or moved by somebody else, or Kafka came back from an older copy and has forgotten how far it was read", end, new Point(look.slot().confirmed(), look.now().micros()));
        }
        return null;
    }

    /**
     * What is known of the tables after this look: what was found changed makes a gap.
     *
     * @param captured the tables of the pipelines, Millrace's own included
     */
    public static Map<TableName, Known> tables(Memory memory, SourceLook look, Collection<TableName> captured) {
        var tables = new TreeMap<TableName, Known>();
        memory.tables().forEach((table, known) -> tables.put(table, captured.contains(table) ? compared(table, known, memory.mark(), look) : uncaptured(known, memory.mark(), look)));
        return tables;
    }

    /** Rows of a table that is in no pipeline file change without being captured. */
    private static Known uncaptured(Known known, Mark mark, SourceLook look) {
        return known.gap() != null ? known : known.missing("it was in no pipeline file for a while", mark.good(), look.now()).asked();
    }

    private static Known compared(TableName table, Known known, Mark mark, SourceLook look) {
        var seen = look.tables().get(table);
        var now = Known.seen(seen).withGap(known.gap()).having(known.rows());
        if (table.equals(Topics.HEARTBEAT)) {
            return now;
        }
        if (known.events() && seen.form() != null) {
            return now.withGap(Gap.ofAdded(look.now()));
        }
        var cause = cause(known, seen, look);
        if (cause != null) {
            return now.missing(cause, mark.good(), look.now());
        }
        if (seen.old() != null) {
            return now.old(seen.old(), mark.good(), look.now());
        }
        return now.gap() == null ? now.counted(seen.rows()) : now;
    }

    /** Whether no change was missed between two looks: the tables differ in no more than the form and the number of their rows, and in what those that stood there hold. */
    public static boolean flowsOn(Map<TableName, Known> tables, Map<TableName, Known> later) {
        return tables.keySet().equals(later.keySet()) && tables.entrySet().stream().allMatch(one -> {
            var now = later.get(one.getKey());
            var gap = now.isOld() ? one.getValue().gap() : now.gap();
            return one.getValue().equals(now.in(one.getValue().form()).having(one.getValue().rows()).withGap(gap));
        });
    }

    /** Null where nothing of it can have been missed since it was looked at before. */
    private static String cause(Known known, TableLook seen, SourceLook look) {
        if (known.relation() != seen.relation()) {
            return seen.relation() == 0 ? "it is no longer there" : "it was dropped and created anew";
        }
        if (!seen.isPublishedAs(known.published())) {
            return seen.published().isEmpty() ? "it was taken out of the publication " + look.slotName()
                    : "it was taken out of the publication " + look.slotName() + " and put back, or what that publishes of it was changed";
        }
        if (known.partitions() != null && seen.partitions() != null && !seen.partitions().containsAll(known.partitions())) {
            return "a partition of it was dropped or detached, and its rows went without a word in the log";
        }
        if (known.form() != null && seen.form() != null && seen.form().relinked(known.form())) {
            return "a partition of it was detached and attached again, and what was changed in it meanwhile is in no log under the table's name";
        }
        if (seen.attached()) {
            return "a partition was attached to it that had rows already, or may have had";
        }
        return known.gap() == null && !seen.missing().isEmpty() ? seen.missing().getFirst().cause() : null;
    }
}
