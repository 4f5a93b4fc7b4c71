package io.millrace.connect;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.ByteBuffer;
import java.time.LocalDate;
import java.util.Arrays;
import java.util.List;
import org.apache.avro.generic.GenericData;
import org.apache.kafka.connect.data.Struct;
import org.junit.jupiter.api.Test;

/** What becomes of each kind of column, with the schemas that capture registers. */
class RowShapeTest {

    private static final String TIMESTAMPTZ = "{\"type\": \"long\", \"logicalType\": \"timestamp-micros\"}";
    private static final String TIMESTAMP = "{\"type\": \"long\", \"logicalType\": \"local-timestamp-micros\"}";
    private static final String TIME = "{\"type\": \"long\", \"logicalType\": \"time-micros\"}";
    private static final String DATE = "{\"type\": \"int\", \"logicalType\": \"date\"}";

    @Test
    void numbersKeepTheirSize() {
        assertEquals((short) 7, value("int2", "\"int\"", 7));
        assertEquals(7, value("int4", "\"int\"", 7));
        assertEquals(7L, value("int8", "\"long\"", 7L));
    }

    @Test
    void textOfPostgresStaysAsItIs() {
        assertEquals("1.50", value("numeric", "\"string\"", "1.50"));
        assertEquals("1 day", value("interval", "\"string\"", "1 day"));
        assertEquals("alert", value("monitor_status", "\"string\"", "alert"));
    }

    @Test
    void whatTheSinkHasColumnsForIsNamedToIt() {
        assertEquals("io.debezium.data.Uuid", schema("uuid", "\"string\"").name());
        assertEquals("io.debezium.data.Json", schema("jsonb", "\"string\"").name());
        assertEquals("INET", schema("inet", "\"string\"").parameters().get("__debezium.source.column.type"));
    }

    @Test
    void timesKeepTheirMicroseconds() {
        assertEquals("2026-01-31 12:00:00.000001+00", value("timestamptz", TIMESTAMPTZ, 1_769_860_800_000_001L));
        assertEquals("2026-01-31 12:00:00.5", value("timestamp", TIMESTAMP, 1_769_860_800_500_000L));
        assertEquals("2026-01-31", value("date", DATE, 20_484));
        assertEquals("23:59:59.999999", value("time", TIME, 86_399_999_999L));
        assertEquals("00:00:00", value("time", TIME, 0L));
    }

    @Test
    void aTimeIsReadByTheTypeThatItHas() {
        assertEquals("TIMESTAMPTZ", schema("timestamptz", TIMESTAMPTZ).parameters().get("__debezium.source.column.type"));
        assertEquals("TIMESTAMP", schema("timestamp", TIMESTAMP).parameters().get("__debezium.source.column.type"));
        assertEquals("DATE", schema("date", DATE).parameters().get("__debezium.source.column.type"));
        assertEquals("TIME", schema("time", TIME).parameters().get("__debezium.source.column.type"));
    }

    @Test
    void infiniteTimesAreInfinite() {
        assertEquals("infinity", value("timestamptz", TIMESTAMPTZ, Long.MAX_VALUE));
        assertEquals("-infinity", value("timestamptz", TIMESTAMPTZ, Long.MIN_VALUE));
        assertEquals("infinity", value("timestamp", TIMESTAMP, Long.MAX_VALUE));
        assertEquals("-infinity", value("timestamp", TIMESTAMP, Long.MIN_VALUE));
        assertEquals("infinity", value("date", DATE, Integer.MAX_VALUE));
        assertEquals("-infinity", value("date", DATE, Integer.MIN_VALUE));
    }

    @Test
    void theEndOfADayAndYearsOfAnyEraAreAsPostgresPrintsThem() {
        assertEquals("24:00:00", value("time", TIME, 86_400_000_000L));
        assertEquals("0044-03-15 BC", value("date", DATE, (int) LocalDate.of(-43, 3, 15).toEpochDay()));
        assertEquals("0001-01-01", value("date", DATE, (int) LocalDate.of(1, 1, 1).toEpochDay()));
        assertEquals("5874897-12-31", value("date", DATE, (int) LocalDate.of(5_874_897, 12, 31).toEpochDay()));
        assertEquals("0001-12-31 23:59:59.999999+00 BC", value("timestamptz", TIMESTAMPTZ, LocalDate.of(1, 1, 1).toEpochDay() * 86_400_000_000L - 1));
    }

    @Test
    void bytesAreCopied() {
        assertArrayEquals(new byte[] {1, 2}, (byte[]) value("bytea", "\"bytes\"", ByteBuffer.wrap(new byte[] {1, 2})));
    }

    @Test
    void anArrayKeepsItsNullsAndHasTimesAsText() {
        assertEquals(Arrays.asList("a", null), value("_text", array("\"string\""), Arrays.asList("a", null)));
        assertEquals(List.of("2026-01-31"), value("_date", array(DATE), List.of(20_484)));
        assertEquals(List.of("24:00:00"), value("_time", array(TIME), List.of(86_400_000_000L)));
        assertEquals(List.of("\\x00ff"), value("_bytea", array("\"bytes\""), List.of(ByteBuffer.wrap(new byte[] {0, (byte) 0xFF}))));
    }

    @Test
    void anyColumnOfARowMayBeNullAndNoneOfAKey() {
        var avro = avro("int4", "\"int\"");
        assertTrue(RowShape.of(avro, false).schema().field("c").schema().isOptional());
        assertEquals(false, RowShape.of(avro, true).schema().field("c").schema().isOptional());
    }

    @Test
    void aNullStaysNull() {
        var avro = avro("text", "[\"null\", \"string\"]");
        assertNull(struct(avro, null).get("c"));
    }

    @Test
    void aColumnHasTheNameThatTheCatalogGivesIt() {
        var avro = new org.apache.avro.Schema.Parser().parse("{\"type\": \"record\", \"name\": \"t\", \"fields\": [{\"name\": \"a_20b\", \"type\": \"int\", \"pg.type\": \"int4\", \"pg.name\": \"a b\"}]}");
        assertEquals("a b", RowShape.of(avro, false).schema().fields().getFirst().name());
    }

    private static String array(String element) {
        return "{\"type\": \"array\", \"items\": [\"null\", " + element + "]}";
    }

    private static org.apache.avro.Schema avro(String pgType, String type) {
        return new org.apache.avro.Schema.Parser().parse("{\"type\": \"record\", \"name\": \"t\", \"fields\": [{\"name\": \"c\", \"type\": " + type + ", \"pg.type\": \"" + pgType + "\"}]}");
    }

    private static org.apache.kafka.connect.data.Schema schema(String pgType, String type) {
        return RowShape.of(avro(pgType, type), false).schema().field("c").schema();
    }

    private static Object value(String pgType, String type, Object value) {
        return struct(avro(pgType, type), value).get("c");
    }

    private static Struct struct(org.apache.avro.Schema avro, Object value) {
        var row = new GenericData.Record(avro);
        row.put("c", value);
        return RowShape.of(avro, false).struct(row);
    }
}
