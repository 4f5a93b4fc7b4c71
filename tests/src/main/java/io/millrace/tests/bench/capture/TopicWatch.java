package io.millrace.tests.bench.capture;

import io.millrace.local.LocalException;
import io.millrace.local.ManagedProcess;
import io.millrace.pipeline.record.Headers;
import io.millrace.pipeline.record.WireFormat;
import io.millrace.tests.bench.Footprint;
import io.millrace.tests.bench.Percentiles;
import java.time.Duration;
import java.util.ArrayList;
import java.util.BitSet;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ExecutionException;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import java.util.stream.LongStream;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.admin.OffsetSpec;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.serialization.ByteArrayDeserializer;

/** What comes into the topic of a source's table. */
final class TopicWatch implements AutoCloseable {

    private static final Duration LONGEST = Duration.ofMinutes(60);

    private final List<TopicPartition> partitions;
    private final Map<String, Object> client;
    private final Admin admin;

    TopicWatch(CaptureStack stack, String source) {
        partitions = IntStream.range(0, stack.partitions()).mapToObj(p -> new TopicPartition(stack.topic(source), p)).toList();
        client = Map.of("bootstrap.servers", stack.servers().kafkaBootstrap());
        admin = Admin.create(client);
    }

    /**
     * How records came.
     *
     * @param rowsPerSecond from the first that Kafka had to the last
     * @param cpuMicrosPerRow of the capture, meanwhile
     */
    record Drained(long rows, double rowsPerSecond, double cpuMicrosPerRow) {}

    /** Waits until capture has brought so many records more than there were. */
    Drained drained(ManagedProcess capture, long before, long rows) throws ExecutionException, InterruptedException {
        await(capture, before + 1);
        long first = count() - before;
        long began = System.nanoTime();
        var cpu = Footprint.of(List.of(capture));
        await(capture, before + rows);
        double seconds = (System.nanoTime() - began) / 1e9;
        return new Drained(rows, (rows - first) / seconds, Footprint.of(List.of(capture)).cpuSince(cpu, capture.name()) * 1e6 / (rows - first));
    }

    void await(ManagedProcess capture, long records) throws ExecutionException, InterruptedException {
        long until = System.nanoTime() + LONGEST.toNanos();
        while (count() < records) {
            if (capture.running().isEmpty()) {
                throw new LocalException("Capture ended. Its last words in " + capture.spec().log() + ":\n" + capture.tail());
            }
            if (System.nanoTime() > until) {
                throw new LocalException("Waited " + LONGEST.toMinutes() + " minutes for " + records + " records in " + partitions.getFirst().topic() + ", which has " + count() + "; see " + capture.spec().log());
            }
            Thread.sleep(10);
        }
    }

    long count() throws ExecutionException, InterruptedException {
        return admin.listOffsets(partitions.stream().collect(Collectors.toMap(p -> p, _ -> OffsetSpec.latest()))).all().get().values().stream().mapToLong(o -> o.offset()).sum();
    }

    private interface Seen {
        void of(ConsumerRecord<byte[], byte[]> record);
    }

    /** Every record from a place on to the ends as they are now. */
    private void read(Map<TopicPartition, Long> from, Seen seen) {
        try (var consumer = new KafkaConsumer<>(client, new ByteArrayDeserializer(), new ByteArrayDeserializer())) {
            consumer.assign(partitions);
            partitions.forEach(p -> consumer.seek(p, from.getOrDefault(p, 0L)));
            var ends = consumer.endOffsets(partitions);
            while (ends.entrySet().stream().anyMatch(end -> consumer.position(end.getKey()) < end.getValue())) {
                consumer.poll(Duration.ofMillis(200)).forEach(seen::of);
            }
        }
    }

    /** Records of the topic, so many at most, as they are. */
    List<ConsumerRecord<byte[], byte[]>> some(int most) {
        var some = new ArrayList<ConsumerRecord<byte[], byte[]>>();
        try (var consumer = new KafkaConsumer<>(client, new ByteArrayDeserializer(), new ByteArrayDeserializer())) {
            consumer.assign(partitions);
            consumer.seekToBeginning(partitions);
            var ends = consumer.endOffsets(partitions);
            while (some.size() < most && ends.entrySet().stream().anyMatch(end -> consumer.position(end.getKey()) < end.getValue())) {
                consumer.poll(Duration.ofMillis(200)).forEach(some::add);
            }
        }
        return some.subList(0, Math.min(most, some.size()));
    }

    Map<TopicPartition, Long> ends() throws ExecutionException, InterruptedException {
        return admin.listOffsets(partitions.stream().collect(Collectors.toMap(p -> p, _ -> OffsetSpec.latest()))).all().get().entrySet().stream().collect(Collectors.toMap(Map.Entry::getKey, e -> e.getValue().offset()));
    }

    /** From Postgres's commit to the moment at which Kafka's log had the record, which is a moment before capture is told. */
    Percentiles times(Map<TopicPartition, Long> from) {
        var micros = LongStream.builder();
        read(from, record -> micros.add(record.timestamp() * 1000 + 500 - Headers.number(record.headers(), Headers.COMMITTED, 0)));
        return Percentiles.ofMicros(micros.build().toArray());
    }

    /**
     * Ids of rows.
     *
     * @param present those that a reader of the whole topic has in the end
     * @param parked those of which a record says that it could not be written
     */
    record Ids(BitSet present, BitSet parked) {}

    Ids ids() {
        var ids = new Ids(new BitSet(), new BitSet());
        read(Map.of(), record -> {
            if (WireFormat.is(record.key())) {
                boolean parked = Headers.text(record.headers(), Headers.UNWRITABLE) != null;
                ids.present.set(id(record.key()), record.value() != null && !parked);
                ids.parked.set(id(record.key()), parked);
            }
        });
        return ids;
    }

    /** A key of one long, as Avro writes it. */
    private static int id(byte[] key) {
        long value = 0;
        for (int at = WireFormat.PREFIX, shift = 0;; at++, shift += 7) {
            value |= (key[at] & 0x7FL) << shift;
            if (key[at] >= 0) {
                return Math.toIntExact(value >>> 1 ^ -(value & 1));
            }
        }
    }

    @Override
    public void close() {
        admin.close();
    }
}
