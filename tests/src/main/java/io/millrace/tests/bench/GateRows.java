package io.millrace.tests.bench;

import com.fasterxml.jackson.databind.json.JsonMapper;
import io.millrace.pipeline.record.Headers;
import io.millrace.pipeline.record.Op;
import io.millrace.pipeline.record.Partitions;
import io.millrace.pipeline.record.Position;
import io.millrace.pipeline.record.TraceParent;
import io.millrace.pipeline.record.WireFormat;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse.BodyHandlers;
import java.util.List;
import java.util.Map;
import java.util.Random;
import org.apache.avro.Schema;
import org.apache.avro.generic.GenericDatumWriter;
import org.apache.avro.generic.GenericRecord;
import org.apache.avro.generic.GenericRecordBuilder;
import org.apache.avro.io.EncoderFactory;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.header.internals.RecordHeaders;

/** Rows of one table of the bench as capture would write them: ten columns, wire format, headers. Thread-safe. */
final class GateRows {

    static final String SOURCE = "bench";
    static final int PARTITIONS = 4;
    /** Ten columns of the usual kinds, about 150 bytes a row. */
    static final Schema VALUE = new Schema.Parser().parse("""
            {"type": "record", "name": "monitor", "namespace": "bench.public", "fields": [
              {"name": "id", "type": "long", "pg.type": "int8"},
              {"name": "organisation_id", "type": "long", "pg.type": "int8"},
              {"name": "name", "type": "string", "pg.type": "text"},
              {"name": "query", "type": ["null", "string"], "default": null, "pg.type": "text"},
              {"name": "status", "type": "string", "pg.type": "monitor_status"},
              {"name": "priority", "type": ["null", "int"], "default": null, "pg.type": "int4"},
              {"name": "muted", "type": "boolean", "pg.type": "bool"},
              {"name": "weight", "type": ["null", "string"], "default": null, "pg.type": "numeric"},
              {"name": "created", "type": {"type": "long", "logicalType": "timestamp-micros"}, "pg.type": "timestamptz"},
              {"name": "modified", "type": {"type": "long", "logicalType": "timestamp-micros"}, "pg.type": "timestamptz"}]}
            """);
    private static final Schema KEY = new Schema.Parser().parse("""
            {"type": "record", "name": "monitorKey", "namespace": "bench.public", "fields": [{"name": "id", "type": "long"}]}
            """);
    private static final List<String> STATUSES = List.of("ok", "alert", "warning", "no_data");
    private static final int ONE_IN_TRACED = 100;

    private final String topic;
    private final byte[][] keys;
    private final byte[][] values;
    private final int[] partitions;

    /** @param count different rows; each has its own key */
    GateRows(String topic, int count, int keySchema, int valueSchema) {
        this.topic = topic;
        this.keys = new byte[count][];
        this.values = values(count, valueSchema);
        this.partitions = new int[count];
        for (int i = 0; i < count; i++) {
            keys[i] = encode(new GenericRecordBuilder(KEY).set("id", (long) i).build(), keySchema);
            partitions[i] = Partitions.of(keys[i], PARTITIONS);
        }
    }

    /** Rows whose schemas are registered as capture registers them. */
    static GateRows registered(String topic, int count, String registryUrl) {
        return new GateRows(topic, count, register(registryUrl, topic + "-key", KEY), register(registryUrl, topic + "-value", VALUE));
    }

    static byte[][] values(int count, int schemaId) {
        var random = new Random(4);
        var values = new byte[count][];
        for (int i = 0; i < count; i++) {
            values[i] = encode(new GenericRecordBuilder(VALUE)
                    .set("id", (long) i).set("organisation_id", 1L + random.nextInt(500)).set("name", "Disk usage of host " + random.nextInt(100_000))
                    .set("query", random.nextInt(5) == 0 ? null : "avg(last_5m):avg:system.disk.in_use{env:production} by {host} > 0." + random.nextInt(99))
                    .set("status", STATUSES.get(random.nextInt(4))).set("priority", random.nextInt(4) == 0 ? null : 1 + random.nextInt(5)).set("muted", random.nextInt(10) == 0)
                    .set("weight", "0." + random.nextInt(1000)).set("created", 1_700_000_000_000_000L + random.nextInt()).set("modified", 1_760_000_000_000_000L + random.nextInt())
                    .build(), schemaId);
        }
        return values;
    }

    /** @param number becomes the position, by which the record is known again */
    ProducerRecord<byte[], byte[]> record(long number) {
        int i = (int) (number % keys.length);
        long now = Headers.nowMicros();
        var headers = new RecordHeaders()
                .add(Headers.POSITION, new Position(number, number).toBytes())
                .add(Headers.OP, Op.UPDATE.code())
                .add(Headers.COMMITTED, Headers.bytes(now))
                .add(Headers.CAPTURED, Headers.bytes(now));
        if (number % ONE_IN_TRACED == 0) {
            headers.add(Headers.TRACEPARENT, Headers.bytes(TraceParent.start(true).toString()));
        }
        return new ProducerRecord<>(topic, partitions[i], keys[i], values[i], headers);
    }

    private static byte[] encode(GenericRecord record, int schemaId) {
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

    private static int register(String registryUrl, String subject, Schema schema) {
        var json = new JsonMapper();
        try (var http = HttpClient.newHttpClient()) {
            var body = json.writeValueAsString(Map.of("artifactId", subject, "artifactType", "AVRO",
                    "firstVersion", Map.of("content", Map.of("contentType", "application/json", "content", schema.toString()))));
            var answer = http.send(HttpRequest.newBuilder(URI.create(registryUrl + "/groups/captured/artifacts?ifExists=FIND_OR_CREATE_VERSION"))
                    .header("Content-Type", "application/json").POST(HttpRequest.BodyPublishers.ofString(body)).build(), BodyHandlers.ofString());
            if (answer.statusCode() != 200) {
                throw new IllegalStateException("Registering " + subject + " failed, the registry answered " + answer.statusCode() + ": " + answer.body());
            }
            return json.readTree(answer.body()).at("/version/contentId").asInt();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new IllegalStateException("Interrupted while registering " + subject, e);
        }
    }
}
