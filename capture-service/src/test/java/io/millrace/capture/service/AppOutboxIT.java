package io.millrace.capture.service;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.millrace.pipeline.record.Headers;
import java.nio.charset.StandardCharsets;
import java.sql.SQLException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.stream.Stream;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.serialization.ByteArrayDeserializer;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/** Rows of the application's own outbox become events in topics of their own. */
class AppOutboxIT extends OnStack {

    private static final String OUTBOX = """
              outbox:
                table: public.events
                topic: %s.${routedByValue}
                columns: {id: event, key: subject, route: kind, payload: body}
                headers: {eventType: type}
            """;
    private static final String TRACE = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-00";

    private static CaptureProcess capture(String source) throws Exception {
        return CaptureProcess.start(stack, folder, source, stack.servers.postgresUser(), stack.servers.postgresPassword(), OUTBOX.formatted(source) + CaptureProcess.root("thing"));
    }

    private static void source(String name) throws Exception {
        stack.source(name, "CREATE TABLE thing (id int PRIMARY KEY, name text)",
                "CREATE TABLE events (event uuid PRIMARY KEY DEFAULT gen_random_uuid(), kind text, subject text, type text, body jsonb, tracingspancontext text, place serial)");
        stack.publish(name, "thing");
        stack.sql(name, "ALTER PUBLICATION millrace_" + name + " ADD TABLE events");
    }

    /** What the topics with this beginning hold now, each partition in its order. */
    static List<ConsumerRecord<byte[], byte[]>> events(String prefix) {
        var all = new ArrayList<ConsumerRecord<byte[], byte[]>>();
        try (var consumer = new KafkaConsumer<>(Map.of("bootstrap.servers", stack.servers.kafkaBootstrap()), new ByteArrayDeserializer(), new ByteArrayDeserializer())) {
            var partitions = new ArrayList<TopicPartition>();
            consumer.listTopics().forEach((topic, infos) -> {
                if (topic.startsWith(prefix)) {
                    infos.forEach(info -> partitions.add(new TopicPartition(topic, info.partition())));
                }
            });
            consumer.assign(partitions);
            consumer.seekToBeginning(partitions);
            for (var end : consumer.endOffsets(partitions).entrySet()) {
                while (consumer.position(end.getKey()) < end.getValue()) {
                    consumer.poll(Duration.ofMillis(100)).forEach(all::add);
                }
            }
        }
        return all;
    }

    private static String text(byte[] bytes) {
        return bytes == null ? null : new String(bytes, StandardCharsets.UTF_8);
    }

    private static void awaitEvents(CaptureProcess capture, String prefix, int enough) {
        try {
            org.awaitility.Awaitility.await().atMost(Duration.ofSeconds(90)).until(() -> events(prefix).size() >= enough);
        } catch (org.awaitility.core.ConditionTimeoutException e) {
            throw new AssertionError(events(prefix) + "\n" + capture.ready() + "\n" + capture.log(), e);
        }
    }

    @Test
    void anEventGoesToItsTopicWithTheApplicationsTraceAndOneThatCannotBeRoutedStopsNoOther() throws Exception {
        source("routed");
        try (var capture = capture("routed").awaitStreaming()) {
            stack.sql("routed", "INSERT INTO events (kind, subject, type, body, tracingspancontext) VALUES ('order', 'o1', 'OrderPlaced', '{\"total\": 5}', '" + TRACE + "')", "UPDATE events SET type = 'other'", "UPDATE events SET event = gen_random_uuid()", "DELETE FROM events",
                    "INSERT INTO events (kind, subject, body) VALUES ('no topic!', 'o1', '{\"password\": 1}')", "INSERT INTO events (kind, subject, type, body) VALUES ('order', 'o1', 'OrderPaid', null)");
            awaitEvents(capture, "routed.", 2);
            var events = events("routed.");
            assertEquals(2, events.size(), "updates and deletes are no events");
            var placed = events.getFirst();
            assertEquals(List.of("routed.order", "o1", "{\"total\": 5}"), List.of(placed.topic(), text(placed.key()), text(placed.value())));
            assertEquals(List.of("OrderPlaced", TRACE), List.of(Headers.text(placed.headers(), "eventType"), Headers.text(placed.headers(), Headers.TRACEPARENT)));
            assertEquals("OrderPaid", Headers.text(events.getLast().headers(), "eventType"));
            assertTrue(Stream.of(placed.headers().toArray()).noneMatch(header -> header.key().startsWith("__")), "what Debezium keeps for itself stays here");
            awaitEvents(capture, "quarantine.routed.public.events", 1);
            var refused = events("quarantine.routed.public.events").getFirst();
            assertEquals("An event of the outbox public.events cannot be sent: 'routed.no topic!' is no topic that events may go to", Headers.text(refused.headers(), Headers.UNWRITABLE));
            assertFalse(text(refused.value()).contains("password"));
        }
    }

    @Tag("long")
    @Test
    void anEventThatItsTopicRefusesGoesToTheQuarantineWithoutItsContentAndTheOthersGoOn() throws Exception {
        source("refused");
        try (var admin = org.apache.kafka.clients.admin.Admin.create(Map.of("bootstrap.servers", stack.servers.kafkaBootstrap()))) {
            admin.createTopics(List.of(new org.apache.kafka.clients.admin.NewTopic("refused.compacted", 1, (short) 1).configs(Map.of("cleanup.policy", "compact")),
                    new org.apache.kafka.clients.admin.NewTopic("refused.small", 1, (short) 1).configs(Map.of("max.message.bytes", "2000")))).all().get();
        }
        try (var capture = capture("refused").awaitStreaming()) {
            stack.sql("refused", "BEGIN; INSERT INTO events (kind, subject, body) VALUES ('compacted', null, '1'); INSERT INTO events (kind, subject, type, body) SELECT 'small', 'secret', 'secret', to_jsonb(string_agg(md5(i::text), '')) FROM generate_series(1, 500) i;"
                    + " INSERT INTO events (kind, subject, body) VALUES ('compacted', 'k', '2'), ('small', 'k', '3'); COMMIT");
            awaitEvents(capture, "refused.", 2);
            assertEquals(List.of("2", "3"), events("refused.").stream().map(event -> text(event.value())).distinct().sorted().toList(), "the batch came once more, without those that were refused");
            awaitEvents(capture, "quarantine.refused.public.events", 2);
            for (var refused : events("quarantine.refused.public.events")) {
                assertEquals("unwritable", text(refused.value()));
                assertFalse(text(refused.key()).contains("secret") || Stream.of(refused.headers().toArray()).anyMatch(header -> text(header.value()).contains("secret")), "what the row tells stays out");
                assertTrue(Headers.text(refused.headers(), Headers.UNWRITABLE).startsWith("An event for refused."), Headers.text(refused.headers(), Headers.UNWRITABLE));
            }
            assertTrue(capture.ready().contains("\"UP\""), capture.ready());
        }
    }

    @Tag("long")
    @Test
    void everyCommittedRowIsAnEventOfItsKeyInOrderHoweverOftenCaptureIsKilled() throws Exception {
        source("killed");
        stack.sql("killed", "INSERT INTO events (kind, subject, body) VALUES ('order', 'old', '0')");
        var stop = new AtomicBoolean();
        var writer = Thread.ofVirtual().unstarted(() -> {
            try (var connection = stack.connect("killed"); var statement = connection.createStatement()) {
                for (int i = 0; !stop.get(); i++) {
                    statement.execute("BEGIN; INSERT INTO events (kind, subject, body) VALUES ('" + (i % 2 == 0 ? "order" : "item") + "', 'k" + i % 7 + "', '" + i + "'); " + (i % 5 == 0 ? "ROLLBACK" : "COMMIT"));
                    Thread.sleep(2);
                }
            } catch (SQLException | InterruptedException e) {
                throw new IllegalStateException(e);
            }
        });
        for (int kill = 1; kill <= 3; kill++) {
            try (var capture = capture("killed")) {
                if (kill == 1) {
                    capture.awaitStreaming();
                    writer.start();
                }
                awaitEvents(capture, "killed.", events("killed.").size() + 150);
            }
        }
        stop.set(true);
        writer.join();
        var expected = new TreeMap<String, List<String>>();
        stack.query("killed", "SELECT 'killed.' || kind || ' ' || subject || ' ' || body FROM events ORDER BY place").forEach(row -> {
            var parts = row.split(" ");
            expected.computeIfAbsent(parts[0] + " " + parts[1], _ -> new ArrayList<>()).add(parts[2]);
        });
        try (var capture = capture("killed").awaitStreaming()) {
            stack.sql("killed", "INSERT INTO events (kind, subject, body) VALUES ('end', 'end', '0')");
            awaitEvents(capture, "killed.end", 1);
            var ids = new HashSet<String>();
            var found = new TreeMap<String, List<String>>();
            int sent = 0;
            for (var event : events("killed.")) {
                sent++;
                if (!event.topic().equals("killed.end") && ids.add(Headers.text(event.headers(), "id"))) {
                    found.computeIfAbsent(event.topic() + " " + text(event.key()), _ -> new ArrayList<>()).add(text(event.value()));
                }
            }
            assertEquals(expected, found, "by their ids, each once and in the order of the commits");
            assertTrue(sent > ids.size(), "the kills made it repeat some");
        }
    }

    @Tag("long")
    @Test
    void aTableThatWasTheOutboxAndIsOneOfDocumentsNowIsReadWhole() throws Exception {
        source("moved");
        try (var capture = capture("moved").awaitStreaming()) {
            stack.sql("moved", "INSERT INTO events (kind, subject, body) VALUES ('order', 'o1', '{}')");
            awaitEvents(capture, "moved.", 1);
            capture.stop();
        }
        stack.topics("captured.moved.public.events");
        try (var capture = CaptureProcess.start(stack, folder, "moved", stack.servers.postgresUser(), stack.servers.postgresPassword(), "document:\n  root: public.events\n  fields: [event, kind]\n");
                var rows = records("moved", "events")) {
            var seen = rows.await(capture, all -> all.stream().anyMatch(row -> row.value() != null));
            assertEquals("order", seen.stream().filter(row -> row.value() != null).findFirst().orElseThrow().text("kind"));
            capture.awaitReady("\"UP\"");
        }
    }
}
