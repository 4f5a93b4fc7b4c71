package io.millrace.capture.service;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.millrace.pipeline.topic.Topics;
import java.sql.SQLException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.stream.IntStream;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.admin.AlterConfigOp;
import org.apache.kafka.clients.admin.ConfigEntry;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.config.ConfigResource;
import org.apache.kafka.common.serialization.ByteArrayDeserializer;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/** What capture needs with a heap of 256 MB, and what its slot keeps. {@code -Dmillrace.minutes} says how long it runs at full speed. */
@Tag("long")
class MemoryIT extends OnStack {

    private static final int ROWS = 1_000_000;
    private static final int MINUTES = Integer.getInteger("millrace.minutes", 10);
    private static final int IN_TRANSACTION = 1_000;
    /** How far the writer may be ahead, in bytes of WAL. */
    private static final long AHEAD = 64 << 20;
    /** Of the process, in MiB: the heap, and what Java needs besides. */
    private static final long MOST = 480;
    /** Postgres says every 15 s at the latest what a slot need not keep, and may write for two of these meanwhile. */
    private static final Duration KEPT = Duration.ofSeconds(30);
    /** What a slot of a source without a change keeps in any case, in bytes: segments of 16 MiB. */
    private static final long SEGMENTS = 64 << 20;

    private static CaptureProcess capture(String source) throws Exception {
        return CaptureProcess.start(stack, folder, source, stack.servers.postgresUser(), stack.servers.postgresPassword(), CaptureProcess.root("thing"));
    }

    private static void source(String source, int rows) throws Exception {
        stack.source(source, "CREATE TABLE thing (id int PRIMARY KEY, name text NOT NULL)", "INSERT INTO thing SELECT i, 'n' || i FROM generate_series(1, " + rows + ") i");
        stack.publish(source, "thing");
    }

    /** Records that the topic of {@code thing} was given. */
    private static long written(KafkaConsumer<byte[], byte[]> consumer, String source) {
        var partitions = IntStream.range(0, Stack.PARTITIONS).mapToObj(p -> new TopicPartition("captured." + source + ".public.thing", p)).toList();
        return consumer.endOffsets(partitions).values().stream().mapToLong(Long::longValue).sum();
    }

    private static KafkaConsumer<byte[], byte[]> consumer() {
        return new KafkaConsumer<>(Map.of("bootstrap.servers", stack.servers.kafkaBootstrap()), new ByteArrayDeserializer(), new ByteArrayDeserializer());
    }

    private static long bytes(String source, String what) throws SQLException {
        return Long.parseLong(stack.query(source, "SELECT (" + what + ")::int8 FROM pg_replication_slots WHERE slot_name = '" + Topics.slot(source) + "'").getFirst());
    }

    @Test
    void aTransactionOfAMillionRowsComesOnceAndNeedsNoMoreMemory() throws Exception {
        source("million", 0);
        try (var capture = capture("million").awaitStreaming(); var consumer = consumer()) {
            long before = capture.peakMegabytes();
            long began = System.nanoTime();
            stack.sql("million", "INSERT INTO thing SELECT i, 'n' || i FROM generate_series(1, " + ROWS + ") i");
            Awaitility.await().atMost(Duration.ofMinutes(5)).until(() -> written(consumer, "million") >= ROWS);
            System.out.printf(Locale.ROOT, "A transaction of %d rows: in Kafka after %.1f s, peak RSS %d MiB, %d before%n", ROWS, (System.nanoTime() - began) / 1e9, capture.peakMegabytes(), before);
            Awaitility.await().atMost(Duration.ofSeconds(60)).until(() -> bytes("million", "pg_current_wal_lsn() - confirmed_flush_lsn") < 1 << 20);
            assertEquals(ROWS, written(consumer, "million"), "each row comes once");
            assertTrue(capture.peakMegabytes() < MOST, "peak RSS in MiB: " + capture.peakMegabytes());
        }
    }

    @Test
    void atFullSpeedMemoryStaysFlatAndTheSlotOfAQuietNeighbourKeepsNoMore() throws Exception {
        source("busy", IN_TRANSACTION * 10);
        source("quiet", 1);
        keepLittle("captured.busy.public.thing");
        var stop = new AtomicBoolean();
        try (var busy = capture("busy").awaitStreaming(); var quiet = capture("quiet").awaitStreaming(); var consumer = consumer()) {
            var writer = write("busy", stop);
            var memory = new ArrayList<Long>();
            var kept = new ArrayList<Long>();
            long before = written(consumer, "busy");
            long wal = bytes("quiet", "pg_current_wal_lsn() - '0/0'");
            long began = System.nanoTime();
            while (System.nanoTime() - began < Duration.ofMinutes(MINUTES).toNanos() && !writer.isDone()) {
                Thread.sleep(5_000);
                memory.add(busy.megabytes());
                kept.add(bytes("quiet", "pg_current_wal_lsn() - restart_lsn"));
            }
            double seconds = (System.nanoTime() - began) / 1e9;
            double walPerSecond = (bytes("quiet", "pg_current_wal_lsn() - '0/0'") - wal) / seconds;
            long rows = written(consumer, "busy") - before;
            stop.set(true);
            writer.get();
            var half = memory.subList(0, memory.size() / 2);
            System.out.printf(Locale.ROOT, "%.0f s at %.0f rows/s and %.1f MB/s of WAL: RSS at most %d MiB in the first half, %d MiB in all; the quiet slot kept at most %.0f MB, %.0f MB at the end%n", seconds, rows / seconds,
                    walPerSecond / 1e6, Collections.max(half), Collections.max(memory), Collections.max(kept) / 1e6, kept.getLast() / 1e6);
            assertTrue(rows / seconds > 1_000, "it is at work: " + rows + " rows");
            assertTrue(Collections.max(memory) < Collections.max(half) * 1.05 && Collections.max(memory) < MOST, "RSS in MiB: " + memory);
            long most = SEGMENTS + (long) (walPerSecond * KEPT.toSeconds());
            assertTrue(Collections.max(kept) < most, "the slot of the quiet source keeps " + kept + ", and may keep " + most);
            assertTrue(quiet.ready().contains("\"UP\"") && busy.ready().contains("\"UP\""), quiet.ready() + busy.ready());
        }
    }

    /** So that the disk does not fill up. */
    private static void keepLittle(String topic) throws Exception {
        var settings = List.of(new AlterConfigOp(new ConfigEntry("retention.bytes", "67108864"), AlterConfigOp.OpType.SET), new AlterConfigOp(new ConfigEntry("segment.bytes", "16777216"), AlterConfigOp.OpType.SET));
        try (var admin = Admin.create(Map.of("bootstrap.servers", stack.servers.kafkaBootstrap()))) {
            admin.incrementalAlterConfigs(Map.of(new ConfigResource(ConfigResource.Type.TOPIC, topic), settings)).all().get();
        }
    }

    /** Updates as fast as Postgres takes it, and waits where capture falls behind. */
    private static CompletableFuture<Void> write(String source, AtomicBoolean stop) {
        return CompletableFuture.runAsync(() -> {
            try (var connection = stack.connect(source); var statement = connection.createStatement()) {
                statement.execute("SET synchronous_commit = off");
                for (int i = 0; !stop.get(); i++) {
                    int first = i % 10 * IN_TRANSACTION;
                    statement.execute("UPDATE thing SET name = 'c" + i + "' WHERE id > " + first + " AND id <= " + (first + IN_TRANSACTION));
                    while (!stop.get() && i % 20 == 0 && bytes(source, "pg_current_wal_lsn() - confirmed_flush_lsn") > AHEAD) {
                        Thread.sleep(20);
                    }
                }
            } catch (SQLException | InterruptedException e) {
                throw new IllegalStateException(e);
            }
        });
    }
}
