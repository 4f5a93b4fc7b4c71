package io.millrace.gate.rule;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.millrace.gate.avro.AvroProgram;
import io.millrace.gate.avro.AvroWalker;
import io.millrace.pipeline.file.RowRule;
import io.millrace.pipeline.file.RowRule.Breach;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.math.BigDecimal;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import org.apache.avro.Schema;
import org.apache.avro.generic.GenericDatumWriter;
import org.apache.avro.generic.GenericRecord;
import org.apache.avro.generic.GenericRecordBuilder;
import org.apache.avro.io.EncoderFactory;
import org.junit.jupiter.api.Test;

class RuleSetTest {

    private static final Schema ROW = new Schema.Parser().parse("""
            {"type": "record", "name": "row", "fields": [
              {"name": "id", "type": "long", "pg.type": "int8"},
              {"name": "before", "type": {"type": "array", "items": ["null", "string"]}, "default": []},
              {"name": "count", "type": ["null", "int"], "default": null, "pg.type": "int4"},
              {"name": "share", "type": ["null", "double"], "default": null, "pg.type": "float8"},
              {"name": "small", "type": "float", "default": 0, "pg.type": "float4"},
              {"name": "price", "type": ["null", "string"], "default": null, "pg.type": "numeric"},
              {"name": "a_name", "type": ["null", "string"], "default": null, "pg.type": "text", "pg.name": "name"},
              {"name": "raw", "type": "bytes", "default": "", "pg.type": "bytea"},
              {"name": "day", "type": ["null", {"type": "int", "logicalType": "date"}], "default": null, "pg.type": "date"},
              {"name": "at", "type": ["null", {"type": "long", "logicalType": "timestamp-micros"}], "default": null, "pg.type": "timestamptz"}]}
            """);

    private static RowRule rule(String column, boolean notNull, String min, String max, String pattern, List<String> oneOf, Integer maxLength) {
        return new RowRule(column, notNull, min, max, pattern, oneOf, maxLength, Breach.QUARANTINE);
    }

    private static RowRule notNull(String column) {
        return rule(column, true, null, null, null, List.of(), null);
    }

    private static RowRule range(String column, String min, String max) {
        return rule(column, false, min, max, null, List.of(), null);
    }

    private static RowRule pattern(String column, String pattern) {
        return rule(column, false, null, null, pattern, List.of(), null);
    }

    private static RowRule oneOf(String column, String... allowed) {
        return rule(column, false, null, null, null, List.of(allowed), null);
    }

    private static RowRule longest(String column, int most) {
        return rule(column, false, null, null, null, List.of(), most);
    }

    /** The breaches of a row that has this value in this field, as {@code rule: kind}. */
    private static List<String> breaches(RowRule rule, String field, Object value) {
        var row = new GenericRecordBuilder(ROW).set("id", 1L).set("before", java.util.Arrays.asList("x", null, "\u00e9".repeat(70))).set(field, value).build();
        var bytes = encode(row);
        var rules = RuleSet.of(List.of(rule), ROW);
        assertEquals(List.of(), rules.unusable());
        var walker = new AvroWalker(true);
        assertTrue(walker.walk(AvroProgram.of(ROW, rules.fields()), bytes, 5));
        var found = new ArrayList<String>();
        rules.judge(bytes, walker, new Scratch(), (constraint, kind) -> found.add(constraint + ": " + kind));
        return found;
    }

    private static byte[] encode(GenericRecord row) {
        var bytes = new ByteArrayOutputStream();
        bytes.writeBytes(new byte[5]);
        try {
            var encoder = EncoderFactory.get().binaryEncoder(bytes, null);
            new GenericDatumWriter<GenericRecord>(row.getSchema()).write(row, encoder);
            encoder.flush();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        return bytes.toByteArray();
    }

    @Test
    void null_breaks_not_null_and_nothing_else() {
        assertEquals(List.of("notNull: null"), breaches(notNull("count"), "count", null));
        assertEquals(List.of(), breaches(notNull("count"), "count", 0));
        assertEquals(List.of(), breaches(range("count", "1", "2"), "count", null));
        assertEquals(List.of(), breaches(pattern("name", "x"), "a_name", null));
        assertEquals(List.of(), breaches(notNull("id"), "id", 7L));
    }

    @Test
    void numbers_keep_within_their_bounds() {
        assertEquals(List.of("min 1: below"), breaches(range("count", "1", "9"), "count", 0));
        assertEquals(List.of("max 9: above"), breaches(range("count", "1", "9"), "count", 10));
        assertEquals(List.of(), breaches(range("count", "1", "9"), "count", 9));
        assertEquals(List.of("min 0.5: below"), breaches(range("count", "0.5", null), "count", 0));
        assertEquals(List.of("min -5: below"), breaches(range("id", "-5", null), "id", Long.MIN_VALUE));
        assertEquals(List.of(), breaches(range("id", "-99999999999999999999", "99999999999999999999"), "id", Long.MAX_VALUE));
        assertEquals(List.of("max 0.5: above"), breaches(range("share", null, "0.5"), "share", Math.nextUp(0.5)));
        assertEquals(List.of("max 0.5: no number"), breaches(range("share", null, "0.5"), "share", Double.NaN));
        assertEquals(List.of("min -1: below"), breaches(range("small", "-1", null), "small", -1.5f));
    }

    @Test
    void dates_and_timestamps_keep_within_their_bounds() {
        assertEquals(List.of("min 2020-01-01: below"), breaches(range("day", "2020-01-01", null), "day", (int) java.time.LocalDate.parse("2019-12-31").toEpochDay()));
        assertEquals(List.of(), breaches(range("day", "2020-01-01", null), "day", (int) java.time.LocalDate.parse("2020-01-01").toEpochDay()));
        long noon = java.time.Instant.parse("2020-01-01T12:00:00Z").toEpochMilli() * 1000;
        assertEquals(List.of("max 2020-01-01T12:00:00Z: above"), breaches(range("at", null, "2020-01-01T12:00:00Z"), "at", noon + 1));
        assertEquals(List.of(), breaches(range("at", null, "2020-01-01 14:00:00+02:00"), "at", noon));
        assertEquals(List.of(), breaches(range("at", "2020-01-01", null), "at", noon));
    }

    @Test
    void digits_are_compared_by_value_as_decimals_are() {
        var random = new Random(7);
        var numbers = new ArrayList<>(List.of("0", "-0", "0.00", "10", "9.99", "-9.99", "100000000000000000000000.1", "100000000000000000000000.10", "-0.0000001", "007", ".5"));
        for (int i = 0; i < 300; i++) {
            numbers.add(BigDecimal.valueOf(random.nextInt(2000) - 1000, random.nextInt(4)).toPlainString());
        }
        for (var a : numbers) {
            for (var b : numbers) {
                var left = a.getBytes();
                var right = b.getBytes();
                assertEquals(new BigDecimal(a).compareTo(new BigDecimal(b)), Digits.compare(left, 0, left.length, right, 0, right.length), a + " and " + b);
            }
        }
        assertEquals(List.of("min 0.01: below"), breaches(range("price", "0.01", "1e3"), "price", "0.0099999999999999999999999999"));
        assertEquals(List.of("max 1e3: above"), breaches(range("price", "0.01", "1e3"), "price", "1000.00000000000000000001"));
        assertEquals(List.of(), breaches(range("price", "0.01", "1e3"), "price", "1000.0000"));
        assertEquals(List.of("min 0: no number"), breaches(range("price", "0", null), "price", "NaN"));
    }

    @Test
    void texts_match_as_a_whole_whatever_their_script() {
        assertEquals(List.of(), breaches(pattern("name", "[a-z]+"), "a_name", "abc"));
        assertEquals(List.of("pattern [a-z]+: no match"), breaches(pattern("name", "[a-z]+"), "a_name", "abc1"));
        assertEquals(List.of(), breaches(pattern("name", "gr\u00fc\u00dfe \u65e5.\u8a9e \ud83d\ude42"), "a_name", "gr\u00fc\u00dfe \u65e5\u672c\u8a9e \ud83d\ude42"));
        assertEquals(List.of(), breaches(pattern("name", "."), "a_name", "\ud83d\ude42"));
        assertEquals(List.of("pattern .: no match"), breaches(pattern("name", "."), "a_name", ""));
    }

    @Test
    void a_pattern_that_would_search_for_ever_is_given_up() {
        assertEquals(List.of("pattern .*.*.*.*.*b: matching given up"), breaches(pattern("name", ".*.*.*.*.*b"), "a_name", "a".repeat(300)));
        assertEquals(List.of("pattern (a|b)*c: matching given up"), breaches(pattern("name", "(a|b)*c"), "a_name", "ab".repeat(100_000)));
    }

    @Test
    void listed_values_and_lengths_are_those_of_postgres() {
        assertEquals(List.of(), breaches(oneOf("name", "ok", "alert"), "a_name", "alert"));
        assertEquals(List.of("enum [ok, alert]: not listed"), breaches(oneOf("name", "ok", "alert"), "a_name", "aler"));
        assertEquals(List.of("enum [1, -2]: not listed"), breaches(oneOf("count", "1", "-2"), "count", 2));
        assertEquals(List.of(), breaches(oneOf("count", "1", "-2"), "count", -2));
        assertEquals(List.of(), breaches(longest("name", 3), "a_name", "\u65e5\u672c\ud83d\ude42"));
        assertEquals(List.of("maxLength 2: too long"), breaches(longest("name", 2), "a_name", "\u65e5\u672c\ud83d\ude42"));
        assertEquals(List.of("maxLength 2: too long"), breaches(longest("raw", 2), "raw", ByteBuffer.wrap(new byte[3])));
    }

    @Test
    void a_rule_that_does_not_fit_the_schema_is_named_and_left_out() {
        var rules = RuleSet.of(List.of(notNull("gone"), range("name", "1", null), pattern("count", "x"), range("day", "yesterday", null), notNull("name")), ROW);
        assertEquals(4, rules.unusable().size());
        assertEquals("the rows have no column gone", rules.unusable().getFirst());
        assertTrue(rules.unusable().get(1).startsWith("min 1 does not fit the column name: TEXT has no least"), rules.unusable().get(1));
        assertTrue(!rules.isEmpty());
    }
}
