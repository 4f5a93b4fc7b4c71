package io.millrace.gate;

import com.fasterxml.jackson.databind.ObjectMapper;
import io.millrace.pipeline.record.Headers;
import io.millrace.pipeline.record.Op;
import io.millrace.pipeline.record.Partitions;
import io.millrace.pipeline.record.Position;
import io.millrace.pipeline.record.WireFormat;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Future;
import java.util.concurrent.atomic.AtomicLong;
import org.apache.avro.Schema;
import org.apache.avro.generic.GenericDatumWriter;
import org.apache.avro.generic.GenericRecord;
import org.apache.avro.generic.GenericRecordBuilder;
import org.apache.avro.io.EncoderFactory;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.clients.producer.RecordMetadata;
import org.apache.kafka.common.header.internals.RecordHeader;
import org.apache.kafka.common.header.internals.RecordHeaders;

/** Writes one table's rows the way capture does: schemas registered in the group captured, wire format, headers. */
final class Captured {

    static final int PARTITIONS = 2;
    private static final ObjectMapper JSON = new ObjectMapper();
    private static final HttpClient HTTP = HttpClient.newHttpClient();

    private final String registryUrl;
    private final KafkaProducer<byte[], byte[]> producer;
    private final Table table;
    private final Schema keySchema;
    private final AtomicLong lsn = new AtomicLong(1000);
    private final Map<Schema, Integer> ids = new ConcurrentHashMap<>();

    Captured(String registryUrl, KafkaProducer<byte[], byte[]> producer, Table table) {
        this.registryUrl = registryUrl;
        this.producer = producer;
        this.table = table;
        this.keySchema = new Schema.Parser().parse("""
                {"type":"record","name":"%sKey","namespace":"it.public","fields":[{"name":"id","type":"long"}]}""".formatted(name()));
    }

    String name() {
        return table.name().substring(table.name().lastIndexOf('.') + 1);
    }

    /** A row schema with the key column and these fields, in Avro's JSON. */
    Schema schema(String... fields) {
        return new Schema.Parser().parse("""
                {"type":"record","name":"%s","namespace":"it.public","fields":[{"name":"id","type":"long"}%s]}"""
                .formatted(name(), fields.length == 0 ? "" : "," + String.join(",", fields)));
    }

    static String required(String name, String type) {
        return "{\"name\":\"" + name + "\",\"type\":\"" + type + "\"}";
    }

    static String nullable(String name, String type) {
        return "{\"name\":\"" + name + "\",\"type\":[\"null\",\"" + type + "\"],\"default\":null}";
    }

    /** The content id under which capture would write; asked for once. */
    int register(String suffix, Schema schema) {
        return ids.computeIfAbsent(schema, s -> ask(suffix, s));
    }

    private int ask(String suffix, Schema schema) {
        try {
            var body = JSON.writeValueAsString(Map.of("artifactId", table.captured() + suffix, "artifactType", "AVRO",
                    "firstVersion", Map.of("content", Map.of("contentType", "application/json", "content", schema.toString()))));
            var request = HttpRequest.newBuilder(URI.create(registryUrl + "/groups/captured/artifacts?ifExists=FIND_OR_CREATE_VERSION"))
                    .header("Content-Type", "application/json").POST(HttpRequest.BodyPublishers.ofString(body)).build();
            var response = HTTP.send(request, HttpResponse.BodyHandlers.ofString());
            if (response.statusCode() != 200) {
                throw new IllegalStateException("The registry answered " + response.statusCode() + ": " + response.body());
            }
            return JSON.readTree(response.body()).at("/version/contentId").asInt();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        } catch (InterruptedException e) {
            throw new IllegalStateException(e);
        }
    }

    byte[] key(long id) {
        return encode(new GenericRecordBuilder(keySchema).set("id", id).build(), register("-key", keySchema));
    }

    static byte[] encode(GenericRecord record, int schemaId) {
        var bytes = new ByteArrayOutputStream();
        bytes.writeBytes(new byte[WireFormat.PREFIX]);
        try {
            var encoder = EncoderFactory.get().binaryEncoder(bytes, null);
            new GenericDatumWriter<GenericRecord>(record.getSchema()).write(record, encoder);
            encoder.flush();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        var wire = bytes.toByteArray();
        WireFormat.prefix(wire, schemaId);
        return wire;
    }

    /** Writes a row. */
    Future<RecordMetadata> row(long id, Schema schema, Map<String, Object> fields) {
        var row = new GenericRecordBuilder(schema).set("id", id);
        fields.forEach(row::set);
        return write(key(id), encode(row.build(), register("-value", schema)), Op.UPDATE);
    }

    Future<RecordMetadata> delete(long id) {
        return write(key(id), null, Op.DELETE);
    }

    /** Writes bytes as they are, to the partition of the key. */
    Future<RecordMetadata> write(byte[] key, byte[] value, Op op) {
        return write(Partitions.of(key, PARTITIONS), key, value, op);
    }

    /** What takes every row away, in each partition. */
    void truncate() throws ExecutionException, InterruptedException {
        for (int partition = 0; partition < PARTITIONS; partition++) {
            write(partition, new byte[0], new byte[0], Op.TRUNCATE).get();
        }
    }

    /** What takes away the rows that a reading of the table did not bring. */
    void reread(long before, long kept) throws ExecutionException, InterruptedException {
        for (int partition = 0; partition < PARTITIONS; partition++) {
            write(partition, new byte[0], new byte[0], Op.TRUNCATE, new RecordHeaders(List.of(new RecordHeader(Headers.ROWS_BEFORE, Headers.bytes(before)), new RecordHeader(Headers.ROWS_KEPT, Headers.bytes(kept))))).get();
        }
    }

    Future<RecordMetadata> write(int partition, byte[] key, byte[] value, Op op) {
        return write(partition, key, value, op, new RecordHeaders());
    }

    private Future<RecordMetadata> write(int partition, byte[] key, byte[] value, Op op, RecordHeaders headers) {
        long at = lsn.incrementAndGet();
        headers.add(Headers.POSITION, new Position(at, at).toBytes());
        headers.add(Headers.OP, op.code());
        headers.add(Headers.COMMITTED, Headers.bytes(Headers.nowMicros()));
        headers.add(Headers.CAPTURED, Headers.bytes(Headers.nowMicros()));
        return producer.send(new ProducerRecord<>(table.captured(), partition, key, value, List.copyOf(List.of(headers.toArray()))));
    }
}
