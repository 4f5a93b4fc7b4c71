package io.millrace.capture.service;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.serialization.ByteArrayDeserializer;
import org.apache.kafka.common.serialization.ByteArraySerializer;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/** Kafka loses what it had acknowledged, and Postgres has forgotten it: it is said, and after the recovery nothing is missing. */
@Tag("long")
class LostLogIT extends OnStack {

    private static final String TWO = CaptureProcess.root("thing") + "  many:\n    parts:\n      table: public.part\n      join: {id: thing_id}\n      fields: [id, name]\n";

    private static CaptureProcess capture(String source) throws Exception {
        return CaptureProcess.start(stack, folder, source, stack.servers.postgresUser(), stack.servers.postgresPassword(), TWO,
                "-Dmillrace.capture.watch=500ms", "-Dmillrace.capture.token.file=" + token);
    }

    /** {@code thing} has three rows; {@code part} has none. */
    private static void source(String source) throws Exception {
        stack.source(source, "CREATE TABLE thing (id int PRIMARY KEY, name text NOT NULL)", "CREATE TABLE part (id int PRIMARY KEY, thing_id int, name text)",
                "INSERT INTO thing VALUES (1, 'a'), (2, 'b'), (3, 'c')");
        stack.publish(source, "thing");
        stack.publish(source, "part");
    }

    private static void flows(String source, CaptureProcess capture, String table) throws Exception {
        var expected = Rows.expected(stack, source, table);
        try (var records = records(source, table)) {
            records.await(capture, seen -> Rows.of(seen).equals(expected));
        }
    }

    private static void recover(String source, CaptureProcess capture) throws Exception {
        assertTrue(capture.post("/recovery", TOKEN).contains("missing"));
        flows(source, capture, "thing");
        capture.awaitStreaming();
    }

    private static void renew(String topic) throws Exception {
        stack.deleteTopic(topic);
        stack.topics(topic);
    }

    private static void copy(Path from, Path to) throws IOException, InterruptedException {
        assertEquals(0, new ProcessBuilder("sh", "-c", "rm -rf '" + to + "' && cp -a '" + from + "' '" + to + "'").inheritIO().start().waitFor());
    }

    private static void putBack() throws Exception {
        stack.servers.kafka().stop();
        copy(folder.resolve("copy"), folder.resolve("stack").resolve("kafka"));
        stack.servers.kafka().start();
    }

    @Test
    void aTopicThatWasMadeAnewIsSaidAlsoAfterCaptureWasAwayAndOthersFlowOn() throws Exception {
        source("renewed");
        try (var capture = capture("renewed").awaitStreaming()) {
            flows("renewed", capture, "thing");
            stack.deleteTopic("captured.renewed.public.thing");
            capture.awaitReady("\"DOWN\"", "streaming", "Kafka does not have the topics captured.renewed.public.thing any more");
            stack.topics("captured.renewed.public.thing");
            capture.awaitMissing("thing", "its topic captured.renewed.public.thing was deleted and made anew", "./millrace recover renewed");
            stack.sql("renewed", "INSERT INTO part VALUES (1, 1, 'one')");
            flows("renewed", capture, "part");
            assertTrue(capture.ready().contains("\"DOWN\""), "what is missing is still missing");
            recover("renewed", capture);
            capture.stop();
        }
        var written = raw("captured.renewed.public.thing").getLast();
        renew("captured.renewed.public.thing");
        for (int partition = 0; partition < Stack.PARTITIONS; partition++) {
            send(new ProducerRecord<>(written.topic(), partition, written.key(), written.value(), written.headers()));
        }
        try (var capture = capture("renewed")) {
            capture.awaitMissing("thing", "was deleted and made anew", "between 0/0 (");
            capture.stop();
        }
        stack.deleteTopic("millrace.capture.renewed.state");
        try (var capture = capture("renewed")) {
            capture.awaitMissing("thing", "what capture remembers is gone with its topic millrace.capture.renewed.state");
            recover("renewed", capture);
        }
    }

    @Test
    void positionsDoNotGoBackWhereItIsForgottenThatLsnsDid() throws Exception {
        source("forgotten");
        try (var capture = capture("forgotten").awaitStreaming()) {
            flows("forgotten", capture, "thing");
            capture.stop();
        }
        var state = "millrace.capture.forgotten.state";
        var mark = raw(state).stream().filter(record -> new String(record.key()).equals("mark")).toList().getLast();
        send(new ProducerRecord<>(state, mark.key(), new String(mark.value()).replace("\"base\":0", "\"base\":" + (1L << 40)).getBytes()));
        try (var things = records("forgotten", "thing")) {
            try (var capture = capture("forgotten").awaitStreaming()) {
                stack.sql("forgotten", "UPDATE thing SET name = 'of a later history' WHERE id = 1");
                things.await(capture, seen -> seen.stream().anyMatch(row -> row.value() != null && row.text("name").equals("of a later history")));
                capture.stop();
            }
            var before = things.toTheEnd().stream().map(Records.Row::position).max(Comparator.naturalOrder()).orElseThrow();
            assertTrue(before.commit() > 1L << 40, before.toString());
            stack.deleteTopic(state);
            try (var capture = capture("forgotten")) {
                capture.awaitMissing("thing", "what capture remembers is gone");
                stack.sql("forgotten", "UPDATE thing SET name = 'after that' WHERE id = 1");
                var seen = things.await(capture, all -> all.stream().anyMatch(row -> row.value() != null && row.text("name").equals("after that")));
                var after = seen.stream().filter(row -> row.value() != null && row.text("name").equals("after that")).findFirst().orElseThrow().position();
                assertTrue(before.isBefore(after), before + " then " + after);
            }
        }
    }

    private static void send(ProducerRecord<byte[], byte[]> record) throws Exception {
        try (var producer = new KafkaProducer<>(Map.of("bootstrap.servers", stack.servers.kafkaBootstrap()), new ByteArraySerializer(), new ByteArraySerializer())) {
            producer.send(record).get();
        }
    }

    /** What a topic holds, one partition after the other. */
    private static List<ConsumerRecord<byte[], byte[]>> raw(String topic) {
        var all = new ArrayList<ConsumerRecord<byte[], byte[]>>();
        try (var consumer = new KafkaConsumer<>(Map.of("bootstrap.servers", stack.servers.kafkaBootstrap()), new ByteArrayDeserializer(), new ByteArrayDeserializer())) {
            var partitions = consumer.partitionsFor(topic).stream().map(p -> new TopicPartition(topic, p.partition())).toList();
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

    @Test
    void aKafkaThatCameBackFromAnOlderCopyIsFoundByTheCaptureThatRanOnAndByTheOneThatWasAway() throws Exception {
        source("older");
        try (var capture = capture("older").awaitStreaming()) {
            flows("older", capture, "thing");
            stack.servers.kafka().stop();
            copy(folder.resolve("stack").resolve("kafka"), folder.resolve("copy"));
            stack.servers.kafka().start();
            capture.awaitStreaming();
            stack.sql("older", "UPDATE thing SET name = 'lost' WHERE id = 1", "DELETE FROM thing WHERE id = 2", "INSERT INTO thing VALUES (4, 'd')");
            flows("older", capture, "thing");
            putBack();
            capture.awaitMissing("thing", "older copy", "./millrace recover older");
            recover("older", capture);
            capture.stop();
        }
        putBack();
        try (var capture = capture("older")) {
            capture.awaitMissing("thing", "older copy", "./millrace recover older");
            recover("older", capture);
        }
    }
}
