package io.millrace.denormalizer.it;

import static org.awaitility.Awaitility.await;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.millrace.local.ManagedProcess;
import io.millrace.pipeline.record.Headers;
import io.millrace.pipeline.topic.Topics;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.BitSet;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.IntStream;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.serialization.ByteArrayDeserializer;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Data that grows: memory stays what it was set to, and who is not concerned does not wait. */
@Tag("long")
class GrowthIT {

    private static final Path GROWTH = Path.of("src/test/resources/it/growth").toAbsolutePath();
    /** The heap of the process (384 MiB), RocksDB's share (144 MiB), and what a JVM has beside them. */
    private static final long MOST_MEMORY = 1_000L << 20;

    @TempDir
    Path data;
    private World world;

    @AfterEach
    void stop() {
        if (world != null) {
            world.close();
        }
    }

    private static void assertBounded(ManagedProcess service, String when) throws IOException {
        long pid = service.running().orElseThrow().pid();
        long peak = Files.readString(Path.of("/proc/" + pid + "/status")).lines().filter(line -> line.startsWith("VmHWM:")).mapToLong(line -> Long.parseLong(line.replaceAll("\\D", "")) << 10).findFirst().orElseThrow();
        System.out.printf("%s: the process had %,d MiB at most%n", when, peak >> 20);
        assertTrue(peak < MOST_MEMORY, () -> when + ": " + (peak >> 20) + " MiB");
    }

    @Test
    void aRootWithAHundredThousandChildrenKeepsNobodyElseWaiting() throws Exception {
        world = new World(data, Map.of("heavy", "heavy"));
        var service = world.stack.service(1, GROWTH.toString(), Map.of());
        world.change("INSERT INTO monitor (id, title) SELECT i, 'm' || i FROM generate_series(1, 2000) i");
        world.change("INSERT INTO recipient (id, monitor_id, kind, address) SELECT i, 1, 'k', 'a' || i FROM generate_series(1, 100000) i");
        service.start();
        world.converges(List.of("heavy"), "the first build");

        var others = new ArrayList<Long>();
        var found = world.documents("heavy");
        for (int round = 0; round < 200; round++) {
            int id = 2 + round;
            world.change("UPDATE recipient SET address = 'changed " + round + "' WHERE id = " + (100_000 - round % 3), "INSERT INTO recipient (id, monitor_id, kind, address) VALUES (" + (200_000 + round) + ", 1, 'k', 'new')");
            long began = System.nanoTime();
            world.change("UPDATE monitor SET title = 'changed' WHERE id = " + id);
            await().pollInterval(Duration.ofMillis(2)).atMost(Duration.ofSeconds(20)).until(() -> found.now().get(Integer.toString(id)).contains("\"changed\""));
            others.add((System.nanoTime() - began) / 1_000_000);
        }
        others.sort(null);
        System.out.printf("Changes of others while the heavy document changes: p50 %d ms, p99 %d ms%n", others.get(others.size() / 2), others.get(others.size() * 99 / 100));
        assertTrue(others.get(others.size() * 99 / 100) < 500, others::toString);
        service.kill();
        world.change("DELETE FROM recipient WHERE id % 2 = 0");
        service.start();
        world.converges(List.of("heavy"), "half of the children are gone");
        assertBounded(service, "100,000 children of one root");
    }

    @Test
    void aLookUpOfAMillionDocumentsIsSpreadWhileOthersDoNotWait() throws Exception {
        world = new World(data, Map.of("heavy", "heavy"));
        int documents = Integer.getInteger("millrace.it.documents", 1_000_000);
        var service = world.stack.service(1, GROWTH.toString(), Map.of());
        var team = new HashMap<>(Map.of("id", "7", "name", "before"));
        world.rows.change("team", "c", null, team);
        for (int id = 1; id <= documents; id++) {
            world.rows.pass("monitor", "c", Map.of("id", Integer.toString(id), "team_id", "7", "title", "m" + id));
        }
        world.rows.send(world.random, false);
        service.start();
        try (var read = new Shown(world.stack, "heavy", documents, "\"team\":{\"name\":\"", '"')) {
            read.until("before", Duration.ofMinutes(15));
            assertBounded(service, documents + " documents built");

            var renamed = new HashMap<>(team);
            renamed.put("name", "after");
            world.rows.nextTransaction();
            world.rows.change("team", "u", team, renamed);
            world.rows.send(world.random, false);
            var others = new ArrayList<Long>();
            long began = System.nanoTime();
            for (int round = 1; read.shown("after") < documents; round++) {
                assertTrue(System.nanoTime() - began < Duration.ofMinutes(15).toNanos(), "the look-up is still being spread");
                var title = "changed " + round;
                world.rows.nextTransaction();
                world.rows.pass("monitor", "u", Map.of("id", Integer.toString(round), "team_id", "7", "title", title));
                world.rows.send(world.random, false);
                long sent = System.nanoTime();
                while (!read.sawTitle(title)) {
                    assertTrue(System.nanoTime() - sent < Duration.ofSeconds(30).toNanos(), "a single change waits for the fan-out");
                }
                others.add((System.nanoTime() - sent) / 1_000_000);
            }
            others.sort(null);
            System.out.printf("%,d documents show the look-up's change after %.1f s; %d single changes meanwhile: p50 %d ms, p99 %d ms%n", documents, (System.nanoTime() - began) / 1e9, others.size(),
                    others.get(others.size() / 2), others.get(others.size() * 99 / 100));
            assertTrue(others.get(others.size() * 99 / 100) < 500, others::toString);
            assertBounded(service, documents + " documents show a look-up");
        }
    }

    @Test
    void theDocumentsOfOneLookUpLeaveAsFastAsTheyCame() throws Exception {
        world = new World(data, Map.of("heavy", "heavy"));
        int documents = 150_000;
        world.rows.change("team", "c", null, Map.of("id", "7", "name", "before"));
        for (int id = 1; id <= documents; id++) {
            world.rows.pass("monitor", "c", Map.of("id", Integer.toString(id), "team_id", "7", "title", "m" + id));
        }
        world.rows.send(world.random, false);
        var service = world.stack.service(1, GROWTH.toString(), Map.of());
        service.start();
        try (var read = new Shown(world.stack, "heavy", documents, "\"team\":{\"name\":\"", '"')) {
            long began = System.nanoTime();
            read.until("before", Duration.ofMinutes(10));
            double came = (System.nanoTime() - began) / 1e9;

            world.rows.nextTransaction();
            for (int id = 1; id <= documents; id++) {
                world.rows.pass("monitor", "d", Map.of("id", Integer.toString(id)));
            }
            world.rows.send(world.random, false);
            began = System.nanoTime();
            read.until(Shown.GONE, Duration.ofMinutes(10));
            double left = (System.nanoTime() - began) / 1e9;
            System.out.printf("%,d documents of one look-up came in %.1f s and left in %.1f s%n", documents, came, left);
            assertTrue(left < 2 * came + 10, () -> "they came in " + came + " s and left in " + left + " s");
            assertBounded(service, documents + " documents that left");
        }
    }

    @Test
    void aTruncateOfAMillionChildrenEmitsEachDocumentOnceWhileOthersDoNotWait() throws Exception {
        world = new World(data, Map.of("heavy", "heavy"));
        int children = Integer.getInteger("millrace.it.children", 1_000_000);
        int documents = children / 50;
        var service = world.stack.service(1, GROWTH.toString(), Map.of());
        for (int id = 1; id <= documents; id++) {
            world.rows.pass("monitor", "c", Map.of("id", Integer.toString(id), "title", "m" + id));
        }
        for (int id = 0; id < children; id++) {
            world.rows.pass("recipient", "c", Map.of("id", Integer.toString(id), "monitor_id", Integer.toString(1 + id % documents), "kind", "k", "address", "a" + id));
        }
        world.rows.send(world.random, false);
        service.start();
        try (var read = new Shown(world.stack, "heavy", documents, "\"count\":", ',')) {
            read.until("50", Duration.ofMinutes(15));
            assertBounded(service, children + " children built");
            long before = read.records();

            world.rows.nextTransaction();
            world.rows.change("recipient", "t", null, null);
            world.rows.send(world.random, false);
            var others = new ArrayList<Long>();
            long began = System.nanoTime();
            for (int round = 1; read.shown("0") < documents; round++) {
                assertTrue(System.nanoTime() - began < Duration.ofMinutes(10).toNanos(), "the truncate is still under way");
                var title = "changed " + round;
                world.rows.nextTransaction();
                world.rows.pass("monitor", "u", Map.of("id", Integer.toString(1 + round % documents), "title", title));
                world.rows.send(world.random, false);
                long sent = System.nanoTime();
                while (!read.sawTitle(title)) {
                    assertTrue(System.nanoTime() - sent < Duration.ofSeconds(30).toNanos(), "a single change waits for the truncate");
                }
                others.add((System.nanoTime() - sent) / 1_000_000);
            }
            others.sort(null);
            System.out.printf("%,d documents lose %,d children in %.1f s; %d single changes meanwhile: p50 %d ms, p99 %d ms%n", documents, children, (System.nanoTime() - began) / 1e9, others.size(),
                    others.get(others.size() / 2), others.get(others.size() * 99 / 100));
            assertEquals(documents + others.size(), read.records() - before, "each document once, and each single change");
            assertTrue(others.get(others.size() * 99 / 100) < 1_000, others::toString);
            assertBounded(service, "a truncate of " + children + " children");
        }
    }

    @Test
    void fiftyPipelinesShareOneProcessAndItsMemory() throws Exception {
        var names = IntStream.rangeClosed(1, 50).mapToObj(i -> "copy-" + i).toList();
        var others = new HashMap<String, String>();
        names.forEach(name -> others.put(name, "monitors"));
        world = new World(data, others);
        var files = Files.createDirectories(data.resolve("pipelines"));
        var yaml = Files.readString(World.FILES.resolve("monitors.yaml"));
        for (var name : names) {
            Files.writeString(files.resolve(name + ".yaml"), yaml.replace("name: monitors", "name: " + name));
        }
        var service = world.stack.service(1, files.toString(), Map.of());
        world.load(500);
        service.start();
        world.converges(names, "the first build of fifty pipelines");
        for (int round = 0; round < 3; round++) {
            world.load(200);
            world.converges(names, "round " + round);
        }
        assertBounded(service, "50 pipelines");
    }

    @Test
    void rowsOfAMegabyteGoThrough() throws Exception {
        world = new World(data, Map.of("heavy", "heavy"));
        world.stack.largeRecords(List.of(Rows.topic("monitor"), Topics.documents("heavy")));
        var service = world.stack.service(1, GROWTH.toString(), Map.of());
        service.start();
        world.change("INSERT INTO team (id, name) VALUES (1, 'one')");
        world.change("INSERT INTO monitor (id, team_id, title) SELECT i, 1, (SELECT string_agg(md5(i || '/' || j), '') FROM generate_series(1, 32768) j) FROM generate_series(1, 40) i");
        world.converges(List.of("heavy"), "rows of 1 MiB");
        world.change("UPDATE team SET name = 'renamed' WHERE id = 1");
        world.change("UPDATE monitor SET title = title || 'x' WHERE id % 3 = 0");
        world.converges(List.of("heavy"), "documents of 1 MiB are written again");
        service.kill();
        service.start();
        world.change("DELETE FROM monitor WHERE id % 2 = 0");
        world.converges(List.of("heavy"), "after a kill");
        assertBounded(service, "rows of 1 MiB");
    }

    /** Which of very many documents show something; it keeps a bit for each document. */
    private static final class Shown implements AutoCloseable {

        static final String GONE = "gone";

        private final KafkaConsumer<byte[], byte[]> consumer;
        private final int documents;
        private final String before;
        private final char behind;
        private final Map<String, BitSet> shown = new HashMap<>();
        /** Of single changes; a fan-out emits documents again that had one before. */
        private final Set<String> titles = new HashSet<>();
        private long records;

        /** @param before and {@code behind}: what stands around the value that is looked for */
        Shown(Stack stack, String pipeline, int documents, String before, char behind) {
            this.documents = documents;
            this.before = before;
            this.behind = behind;
            consumer = new KafkaConsumer<>(Map.of("bootstrap.servers", stack.servers().kafkaBootstrap(), "auto.offset.reset", "earliest", "max.poll.records", 5_000), new ByteArrayDeserializer(), new ByteArrayDeserializer());
            var partitions = IntStream.range(0, Stack.PARTITIONS).mapToObj(p -> new TopicPartition(Topics.documents(pipeline), p)).toList();
            consumer.assign(partitions);
            consumer.seekToBeginning(partitions);
        }

        private void poll() {
            for (var record : consumer.poll(Duration.ofMillis(5))) {
                var document = record.value() == null ? GONE : new String(record.value(), StandardCharsets.UTF_8);
                int id = Integer.parseInt(new String(record.key(), StandardCharsets.UTF_8));
                var name = record.value() == null ? GONE : between(document, before, behind);
                records++;
                shown.computeIfAbsent(name, n -> new BitSet(documents)).set(id);
                shown.forEach((other, ids) -> ids.set(id, other.equals(name)));
                if (document.contains("\"changed ")) {
                    titles.add(between(document, "\"title\":\"", '"'));
                }
                assertTrue(Headers.number(record.headers(), Headers.VERSION, -1) >= 0);
            }
        }

        private static String between(String document, String start, char end) {
            int from = document.indexOf(start) + start.length();
            return document.substring(from, document.indexOf(end, from));
        }

        long records() {
            return records;
        }

        int shown(String name) {
            return shown.getOrDefault(name, new BitSet()).cardinality();
        }

        boolean sawTitle(String wanted) {
            poll();
            return titles.contains(wanted);
        }

        void until(String name, Duration longest) {
            long end = System.nanoTime() + longest.toNanos();
            while (shown(name) < documents) {
                assertTrue(System.nanoTime() < end, () -> shown(name) + " of " + documents + " documents show " + name);
                poll();
            }
            assertEquals(List.of(name), shown.keySet().stream().filter(n -> shown(n) > 0).toList());
        }

        @Override
        public void close() {
            consumer.close();
        }
    }
}
