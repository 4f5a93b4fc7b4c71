package io.millrace.capture.bundle;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.millrace.capture.column.ColumnConverter;
import io.millrace.capture.row.Change;
import io.millrace.capture.row.TextRows;
import io.millrace.pipeline.file.TableName;
import io.millrace.pipeline.record.Op;
import io.millrace.pipeline.schema.Column;
import java.io.ByteArrayOutputStream;
import java.io.DataOutputStream;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

/** Messages as Postgres sends them, by their documented form. */
class BundleTest {

    private static final int THINGS = 16_400;
    private static final int OTHERS = 16_500;
    private static final Column ID = new Column("id", "int4", false, 0, 0, false);
    private static final Column NOTE = new Column("note", "text", false, 0, 0, true);
    private static final Column AT = new Column("at", "timestamptz", false, 0, 0, true);
    private static final Object UNCHANGED = new Object();

    private final Relations relations = new Relations();
    private final BundleWriter writer = new BundleWriter();
    private final int things = relations.add(THINGS, rows("thing"));

    private static TextRows rows(String table) {
        return TextRows.of(new TableName("public", table), List.of(ID, NOTE, AT), List.of(ID));
    }

    private static void tuple(DataOutputStream out, char kind, Object... values) throws IOException {
        out.writeByte(kind);
        out.writeShort(values.length);
        for (var value : values) {
            if (value == null || value == UNCHANGED) {
                out.writeByte(value == null ? 'n' : 'u');
            } else {
                var bytes = value.toString().getBytes(StandardCharsets.UTF_8);
                out.writeByte('t');
                out.writeInt(bytes.length);
                out.write(bytes);
            }
        }
    }

    private interface Tuples {
        void to(DataOutputStream out) throws IOException;
    }

    private void change(char kind, long lsn, int relation, Tuples tuples) throws IOException {
        var bytes = new ByteArrayOutputStream();
        tuples.to(new DataOutputStream(bytes));
        writer.change((byte) kind, lsn, relation, ByteBuffer.wrap(bytes.toByteArray()));
    }

    private List<Change> read() {
        var changes = new ArrayList<Change>();
        new Bundle(Map.of(), Map.of(), ByteBuffer.wrap(writer.take()), relations).forEach(changes::add);
        return changes;
    }

    @Test
    void changesComeInTheirOrderWithTheirTransactionsAndPlaces() throws Exception {
        writer.transaction(90, 1_000, 7);
        change('I', 100, things, out -> tuple(out, 'N', 1, "größer", "2026-11-29 10:00:00+00"));
        writer.transaction(110, 2_000, 8);
        writer.transaction(120, 3_000, 9);
        change('U', 130, things, out -> tuple(out, 'N', 1, null, "infinity"));
        change('D', 140, things, out -> tuple(out, 'K', 1, null, null));
        var changes = read();
        assertEquals(List.of(Op.CREATE, Op.UPDATE, Op.DELETE), changes.stream().map(Change::op).toList());
        assertEquals(List.of(90L, 120L, 120L), changes.stream().map(Change::commit).toList());
        assertEquals(List.of(100L, 130L, 140L), changes.stream().map(Change::lsn).toList());
        assertEquals(List.of(1_000L, 3_000L, 3_000L), changes.stream().map(Change::micros).toList());
        assertEquals(List.of(7L, 9L, 9L), changes.stream().map(Change::transaction).toList());
        assertEquals("größer", changes.getFirst().after().get("note"));
        assertEquals(1_795_946_400_000_000L, changes.getFirst().after().get("at"));
        assertNull(changes.get(1).after().get("note"));
        assertEquals(Long.MAX_VALUE, changes.get(1).after().get("at"));
        assertNull(changes.getLast().after());
        assertTrue(changes.stream().allMatch(change -> change.key().get("id").equals(1) && !change.rekeyed()));
        assertTrue(read().isEmpty(), "what was taken is gone");
    }

    @Test
    void anotherKeyIsADeleteOfTheOldOneAndAnInsertOfTheNewOneAtTheSamePlace() throws Exception {
        writer.transaction(90, 1_000, 7);
        change('U', 100, things, out -> {
            tuple(out, 'K', 1, null, null);
            tuple(out, 'N', 2, UNCHANGED, null);
        });
        var changes = read();
        assertEquals(List.of(Op.DELETE, Op.CREATE), changes.stream().map(Change::op).toList());
        assertEquals(List.of(1, 2), changes.stream().map(change -> change.key().get("id")).toList());
        assertEquals(List.of(100L, 100L), changes.stream().map(Change::lsn).toList());
        assertTrue(changes.getLast().rekeyed());
        assertTrue(ColumnConverter.isMissing(changes.getLast().after().get("note")));
    }

    @Test
    void aValueThatAnUpdateLeftIsTakenFromTheOldRowWhereTheLogHasIt() throws Exception {
        writer.transaction(90, 1_000, 7);
        change('U', 100, things, out -> {
            tuple(out, 'O', 1, "large", null);
            tuple(out, 'N', 1, UNCHANGED, null);
        });
        change('U', 110, things, out -> tuple(out, 'N', 1, UNCHANGED, null));
        var changes = read();
        assertEquals(List.of(Op.UPDATE, Op.UPDATE), changes.stream().map(Change::op).toList());
        assertEquals("large", changes.getFirst().after().get("note"));
        assertTrue(ColumnConverter.isMissing(changes.getLast().after().get("note")));
        assertFalse(changes.getLast().rekeyed());
    }

    @Test
    void aValueThatCannotBeReadIsOneChangesTroubleAndThoseBehindItAreRead() throws Exception {
        writer.transaction(90, 1_000, 7);
        change('I', 100, things, out -> tuple(out, 'N', 1, "a", "secret"));
        change('U', 110, things, out -> {
            tuple(out, 'O', 2, "a", "secret");
            tuple(out, 'N', 3, "b", "secret");
        });
        change('D', 120, things, out -> tuple(out, 'O', 4, "a", "secret"));
        change('I', 130, things, out -> tuple(out, 'N', "secret", "a", null));
        change('U', 140, things, out -> {
            tuple(out, 'K', "secret", null, null);
            tuple(out, 'N', 5, "b", null);
        });
        change('D', 150, things, out -> tuple(out, 'K', "secret", null, null));
        change('I', 160, things, out -> tuple(out, 'N', 6, "c", null));
        var changes = read();
        var at = "A row of the table public.thing cannot be written: the value of its column 'at' is no timestamptz as Postgres prints it (IllegalArgumentException)";
        var id = "A row of the table public.thing cannot be written: the value of its column 'id' is no int4 as Postgres prints it (NumberFormatException)";
        assertEquals(List.of("CREATE 1 " + at, "DELETE 2 null", "CREATE 3 " + at, "DELETE 4 null", "CREATE null " + id, "UPDATE null " + id, "DELETE null " + id, "CREATE 6 null"),
                changes.stream().map(c -> c.op() + " " + (c.key() == null ? null : c.key().get("id")) + " " + c.unreadable()).toList());
        assertTrue(changes.stream().filter(c -> c.unreadable() != null).allMatch(c -> c.after() == null && c.before() == null));
        assertEquals("c", changes.getLast().after().get("note"));
    }

    @Test
    void aTableDescribedAnewIsReadAsItIsAndAsItWasBefore() throws Exception {
        writer.transaction(90, 1_000, 7);
        change('I', 100, things, out -> tuple(out, 'N', 1, "a", null));
        int others = relations.add(OTHERS, rows("other"));
        change('I', 110, others, out -> tuple(out, 'N', 1, "b", null));
        int again = relations.add(THINGS, TextRows.of(new TableName("public", "thing"), List.of(ID, AT, NOTE), List.of(ID)));
        change('I', 120, again, out -> tuple(out, 'N', 1, null, "c"));
        var changes = read();
        assertEquals(List.of("a", "b", "c"), changes.stream().map(change -> change.after().get("note")).toList());
        assertSame(relations.of(again).rows(), changes.getLast().rows());
        assertThrows(NullPointerException.class, () -> relations.of(things), "what was described before is forgotten");
    }

    @Test
    void twoRelationsThatBearOneNameOneAfterTheOtherAreReadInTurn() throws Exception {
        writer.transaction(90, 1_000, 7);
        int namesake = relations.add(OTHERS, rows("thing"));
        change('I', 100, things, out -> tuple(out, 'N', 1, "a", null));
        change('I', 110, namesake, out -> tuple(out, 'N', 2, "b", null));
        change('I', 120, things, out -> tuple(out, 'N', 3, "c", null));
        assertEquals(List.of("a", "b", "c"), read().stream().map(change -> change.after().get("note")).toList());
    }
}
