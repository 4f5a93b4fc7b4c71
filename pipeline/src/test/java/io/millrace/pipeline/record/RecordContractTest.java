package io.millrace.pipeline.record;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.millrace.pipeline.file.TableName;
import io.millrace.pipeline.topic.Topics;
import java.util.List;
import org.apache.kafka.common.header.internals.RecordHeaders;
import org.junit.jupiter.api.Test;

class RecordContractTest {

    @Test
    void a_position_survives_its_bytes_and_orders_by_commit_first() {
        var position = new Position(0x16_B374D848L, 0x16_B374D000L);

        assertEquals(position, Position.of(position.toBytes()));
        assertTrue(position.isBefore(new Position(0x16_B374D849L, 1)));
        assertTrue(position.isBefore(new Position(0x16_B374D848L, 0x16_B374D001L)));
        assertFalse(position.isBefore(position));
        assertEquals("16/B374D848+16/B374D000", position.toString());
        assertEquals(0x16_B374D848L, Position.parseLsn("16/B374D848"));
        assertThrows(IllegalArgumentException.class, () -> Position.parseLsn("16"));
        assertThrows(IllegalArgumentException.class, () -> Position.of(new byte[8]));
    }

    @Test
    void a_row_keeps_its_partition_when_its_key_schema_gets_another_id() {
        var key = new byte[] {0, 0, 0, 0, 7, 84};
        var same = new byte[] {0, 0, 0, 1, 9, 84};
        var other = new byte[] {0, 0, 0, 0, 7, 85};

        assertEquals(Partitions.of(key, 1000), Partitions.of(same, 1000));
        assertNotEquals(Partitions.of(key, 1000), Partitions.of(other, 1000));
        assertEquals(7, WireFormat.schemaId(key));
        assertFalse(WireFormat.is(new byte[] {1, 0, 0, 0, 7}));
        assertFalse(WireFormat.is(new byte[] {0, 0, 0, 7}));
    }

    @Test
    void document_ids_of_composite_keys_never_collide() {
        assertEquals("42", DocumentId.of(List.of("42")));
        assertEquals("a|b", DocumentId.of(List.of("a|b")));
        assertEquals("a|b", DocumentId.of(List.of("a", "b")));
        assertNotEquals(DocumentId.of(List.of("a|", "b")), DocumentId.of(List.of("a", "|b")));
        assertNotEquals(DocumentId.of(List.of("a\\", "b")), DocumentId.of(List.of("a", "\\b")));
        assertEquals("sha256-".length() + 64, DocumentId.of(List.of("x".repeat(513))).length());
    }

    @Test
    void only_a_row_that_was_read_as_it_stood_is_read() {
        for (var op : Op.values()) {
            assertEquals(op == Op.READ, Headers.isRead(new RecordHeaders().add(Headers.OP, op.code())), op::toString);
        }
        assertFalse(Headers.isRead(new RecordHeaders()));
        assertFalse(Headers.isRead(new RecordHeaders().add(Headers.OP, null)));
    }

    @Test
    void a_trace_context_survives_its_text_and_a_malformed_one_is_none() {
        var started = TraceParent.start(true);
        assertEquals(started, TraceParent.parse(started.toString()));
        assertNull(TraceParent.parse("00-00000000000000000000000000000000-b7ad6b7169203331-01"));
        assertNull(TraceParent.parse("00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01-extra"));
        assertNull(TraceParent.parse("ff-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"));
        assertNull(TraceParent.parse("00-0AF7651916CD43DD8448EB211C80319C-b7ad6b7169203331-01"));
        assertNull(TraceParent.parse(null));
        assertFalse(TraceParent.parse("00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-00").sampled());
    }

    @Test
    void names_that_kafka_refuses_become_topics_that_never_collide() {
        assertEquals("rows.demo.public.user_address", Topics.rows("demo", new TableName("public", "user_address")));
        assertEquals("rows.demo.Sales.Order-2eItem", Topics.rows("demo", new TableName("Sales", "Order.Item")));
        for (var table : List.of(new TableName("public", "user_address"), new TableName("Sales", "Order.Item"), new TableName("public", "größe"))) {
            assertEquals(table, Topics.table(Topics.rows("demo", table)));
            assertEquals("demo", Topics.source(Topics.captured("demo", table)));
        }
        assertNotEquals(Topics.rows("demo", new TableName("a", "b-2e")), Topics.rows("demo", new TableName("a", "b.")));
        assertTrue(Topics.rows("demo", new TableName("public", "größe")).matches("[A-Za-z0-9._-]+"));
        assertEquals("millrace_eu_demo", Topics.slot("eu-demo"));
    }
}
