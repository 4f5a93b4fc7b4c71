package io.millrace.connect;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import org.apache.kafka.connect.data.Schema;
import org.apache.kafka.connect.data.SchemaBuilder;
import org.apache.kafka.connect.data.Struct;
import org.apache.kafka.connect.errors.DataException;
import org.apache.kafka.connect.sink.SinkRecord;
import org.junit.jupiter.api.Test;

class PositionsTest {

    private static final Schema ROW = SchemaBuilder.struct().name("row").field("id", Schema.INT64_SCHEMA).build();
    private static final byte[] POSITION = new byte[16];

    private final Positions<SinkRecord> positions = new Positions<>();

    @Test
    void aRowGetsItsPosition() {
        var placed = positions.apply(with("u", new SinkRecord("monitor", 3, ROW, row(), ROW, row(), 8)));
        assertEquals(7L, ((Struct) placed.value()).get("id"));
        assertArrayEquals(POSITION, ((Struct) placed.value()).getBytes("millrace_position"));
        assertEquals("monitor", placed.topic());
    }

    @Test
    void aDeletePassesAsItIs() {
        var delete = with("d", new SinkRecord("monitor", 3, ROW, row(), null, null, 8));
        assertNull(positions.apply(delete).value());
    }

    @Test
    void aTruncateBecomesARowForItsTableAndPartition() {
        var truncated = positions.apply(with("t", new SinkRecord("monitor", 3, null, null, null, null, 8)));
        assertEquals("millrace_truncated", truncated.topic());
        assertEquals("monitor", ((Struct) truncated.key()).get("table_name"));
        assertEquals(3, ((Struct) truncated.key()).get("partition"));
        assertArrayEquals(POSITION, ((Struct) truncated.value()).getBytes("millrace_position"));
    }

    @Test
    void headersThatAreNoBytesAreRefusedWithTheSettingToMake() {
        var record = new SinkRecord("monitor", 3, ROW, row(), ROW, row(), 8);
        record.headers().addString("millrace-position", "text");
        assertTrue(assertThrows(DataException.class, () -> positions.apply(record)).getMessage().contains("ByteArrayConverter"));
    }

    private static Struct row() {
        return new Struct(ROW).put("id", 7L);
    }

    private static SinkRecord with(String op, SinkRecord record) {
        record.headers().addBytes("millrace-op", op.getBytes(java.nio.charset.StandardCharsets.US_ASCII));
        record.headers().addBytes("millrace-position", POSITION);
        return record;
    }
}
