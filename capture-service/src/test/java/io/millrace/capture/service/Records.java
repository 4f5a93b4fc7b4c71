package io.millrace.capture.service;

import static org.junit.jupiter.api.Assertions.assertNotNull;

import io.millrace.pipeline.ledger.Ledger;
import io.millrace.pipeline.ledger.Tally;
import io.millrace.pipeline.record.Headers;
import io.millrace.pipeline.record.Op;
import io.millrace.pipeline.record.Position;
import io.millrace.pipeline.record.WireFormat;
import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse.BodyHandlers;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Predicate;
import java.util.stream.IntStream;
import org.apache.avro.Schema;
import org.apache.avro.generic.GenericDatumReader;
import org.apache.avro.generic.GenericRecord;
import org.apache.avro.io.DecoderFactory;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.serialization.ByteArrayDeserializer;

/** Reads a captured topic from its beginning, with stock Avro and the registry's schemas. */
final class Records implements AutoCloseable {

    private static final int MOST_SHOWN = 100;
    private static final HttpClient HTTP = HttpClient.newHttpClient();

    /**
     * @param key null for a truncate, and where it is not known
     * @param value null for a tombstone, for a truncate, and for a row that could not be written
     * @param isTombstone whether compaction removes the record in the end
     * @param unwritable why it could not be written
     */
    record Row(int partition, Op op, Position position, long committed, long captured, String traceparent, GenericRecord key, GenericRecord value, boolean isTombstone, String unwritable) {

        String text(String field) {
            return String.valueOf(value.get(field));
        }
    }

    private final String registry;
    private final KafkaConsumer<byte[], byte[]> consumer;
    private final Map<Integer, Schema> schemas = new HashMap<>();
    final List<Row> seen = new ArrayList<>();
    private final Ledger ledger = new Ledger(topic -> "");
    private final List<Tally> tallies = new ArrayList<>();

    Records(Stack stack, String topic) {
        registry = stack.servers.registryUrl();
        consumer = new KafkaConsumer<>(Map.of("bootstrap.servers", stack.servers.kafkaBootstrap()), new ByteArrayDeserializer(), new ByteArrayDeserializer());
        var partitions = IntStream.range(0, Stack.PARTITIONS).mapToObj(p -> new TopicPartition(topic, p)).toList();
        partitions.forEach(partition -> tallies.add(new Tally(partition, false, 0, ledger)));
        consumer.assign(partitions);
        consumer.seekToBeginning(partitions);
    }

    /** Every record so far, as soon as they satisfy the condition. */
    List<Row> await(CaptureProcess capture, Predicate<List<Row>> enough) throws Exception {
        long deadline = System.nanoTime() + Duration.ofSeconds(150).toNanos();
        while (!enough.test(seen)) {
            if (System.nanoTime() > deadline) {
                throw new AssertionError("These " + seen.size() + " records are not enough, the last of them " + seen.subList(Math.max(0, seen.size() - MOST_SHOWN), seen.size()) + "\n" + capture.ready() + "\n" + capture.log());
            }
            poll();
        }
        return List.copyOf(seen);
    }

    /** Every record that the topic holds now: seeing a record of one partition says nothing about the older ones of another. */
    List<Row> toTheEnd() throws Exception {
        for (var end : consumer.endOffsets(consumer.assignment()).entrySet()) {
            while (consumer.position(end.getKey()) < end.getValue()) {
                poll();
            }
        }
        return List.copyOf(seen);
    }

    /** What does not add up by the numbers that capture gave to its records. */
    Map<String, String> uneven() {
        return ledger.says();
    }

    private void poll() throws Exception {
        for (var record : consumer.poll(Duration.ofMillis(100))) {
            var headers = record.headers();
            tallies.get(record.partition()).of(record);
            assertNotNull(headers.lastHeader(Headers.LEDGER), "a record without its number");
            seen.add(new Row(record.partition(), Op.of(Headers.bytes(headers, Headers.OP)), Headers.position(headers), Headers.number(headers, Headers.COMMITTED, 0), Headers.number(headers, Headers.CAPTURED, 0),
                    Headers.text(headers, Headers.TRACEPARENT), WireFormat.is(record.key()) ? decode(record.key()) : null,
                    WireFormat.is(record.value()) ? decode(record.value()) : null, record.value() == null, Headers.text(headers, Headers.UNWRITABLE)));
        }
    }

    private GenericRecord decode(byte[] bytes) throws IOException, InterruptedException {
        var schema = schemas.get(WireFormat.schemaId(bytes));
        if (schema == null) {
            schema = new Schema.Parser().parse(HTTP.send(HttpRequest.newBuilder(URI.create(registry + "/ids/contentIds/" + WireFormat.schemaId(bytes))).build(), BodyHandlers.ofString()).body());
            schemas.put(WireFormat.schemaId(bytes), schema);
        }
        var decoder = DecoderFactory.get().binaryDecoder(bytes, WireFormat.PREFIX, bytes.length - WireFormat.PREFIX, null);
        var datum = new GenericDatumReader<GenericRecord>(schema).read(null, decoder);
        if (!decoder.isEnd()) {
            throw new AssertionError("There are bytes behind the datum of " + schema.getFullName());
        }
        return datum;
    }

    @Override
    public void close() {
        consumer.close();
    }
}
