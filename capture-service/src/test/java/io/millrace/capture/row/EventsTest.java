package io.millrace.capture.row;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertThrows;

import io.millrace.pipeline.file.Source.Outbox;
import io.millrace.pipeline.file.TableName;
import java.nio.charset.StandardCharsets;
import java.util.Map;
import java.util.TreeMap;
import org.apache.kafka.common.header.internals.RecordHeaders;
import org.apache.kafka.connect.data.Schema;
import org.apache.kafka.connect.data.SchemaBuilder;
import org.apache.kafka.connect.data.Struct;
import org.apache.kafka.connect.source.SourceRecord;
import org.junit.jupiter.api.Test;

class EventsTest {

    private static final Schema ROW = SchemaBuilder.struct().optional().field("id", Schema.OPTIONAL_STRING_SCHEMA).field("kind", Schema.OPTIONAL_STRING_SCHEMA).field("subject", Schema.OPTIONAL_INT64_SCHEMA)
            .field("type", Schema.OPTIONAL_STRING_SCHEMA).field("body", Schema.OPTIONAL_BYTES_SCHEMA).build();
    private static final Schema SOURCE = SchemaBuilder.struct().field("connector", Schema.STRING_SCHEMA).build();
    private static final Schema ENVELOPE = SchemaBuilder.struct().name("shop.public.events.Envelope").field("before", ROW).field("after", ROW).field("source", SOURCE).field("op", Schema.STRING_SCHEMA)
            .field("ts_ms", Schema.OPTIONAL_INT64_SCHEMA).build();

    private final Events events = Events.of(new Outbox(new TableName("public", "events"), "shop.${routedByValue}", "id", "subject", "kind", "body", new TreeMap<>(Map.of("eventType", "type"))));
    private final RecordHeaders headers = new RecordHeaders();

    private Events.Event event(String op, String id, String kind, Long subject, byte[] body) {
        var row = new Struct(ROW).put("id", id).put("kind", kind).put("subject", subject).put("type", "Placed").put("body", body);
        var envelope = new Struct(ENVELOPE).put("after", row).put("source", new Struct(SOURCE).put("connector", "postgresql")).put("op", op).put("ts_ms", 1L);
        return events.of(new SourceRecord(Map.of(), Map.of(), "shop.public.events", null, null, null, ENVELOPE, envelope), headers);
    }

    private String header(String name) {
        return new String(headers.lastHeader(name).value(), StandardCharsets.UTF_8);
    }

    @Test
    void aNewRowIsAnEventOfItsRouteKeyAndPayloadAsTheyAre() {
        for (var op : new String[] {"c", "r"}) {
            var event = event(op, "e1", "order", 7L, new byte[] {0, 1, (byte) 0xFF});
            assertEquals("shop.order", event.topic());
            assertEquals("7", new String(event.key(), StandardCharsets.UTF_8));
            assertArrayEquals(new byte[] {0, 1, (byte) 0xFF}, event.value());
            assertEquals("e1", header("id"));
            assertEquals("Placed", header("eventType"));
        }
        assertNull(event("c", "e2", "order", 7L, null).value());
    }

    @Test
    void aRowThatCannotBeRoutedIsRefusedWithoutItsContent() {
        assertEquals("'shop.no topic' is no topic that events may go to", assertThrows(IllegalArgumentException.class, () -> event("c", "e", "no topic", 7L, new byte[0])).getMessage());
        assertEquals("it has no id", assertThrows(IllegalArgumentException.class, () -> event("c", null, "order", 7L, new byte[0])).getMessage());
        assertThrows(IllegalArgumentException.class, () -> event("c", "e", null, 7L, new byte[0]));
        var anywhere = Events.of(new Outbox(new TableName("public", "events"), "${routedByValue}", "id", "subject", "kind", "body", new TreeMap<>()));
        var row = new Struct(ROW).put("id", "e").put("kind", "rows.shop.public.customer");
        var envelope = new Struct(ENVELOPE).put("after", row).put("source", new Struct(SOURCE).put("connector", "postgresql")).put("op", "c").put("ts_ms", 1L);
        var own = new SourceRecord(Map.of(), Map.of(), "shop.public.events", null, null, null, ENVELOPE, envelope);
        assertEquals("'rows.shop.public.customer' is no topic that events may go to", assertThrows(IllegalArgumentException.class, () -> anywhere.of(own, headers)).getMessage());
    }
}
