package io.millrace.tests.bench;

import io.millrace.pipeline.record.Headers;
import io.millrace.pipeline.record.Op;
import io.millrace.pipeline.record.Partitions;
import io.millrace.pipeline.record.Position;
import io.millrace.pipeline.record.TraceParent;
import io.millrace.pipeline.record.WireFormat;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.http.HttpClient;
import java.util.List;
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
    /** Where capture registers. */
    private static final String GROUP = "captured";
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
    /** As capture's own rate has it. */
    static final int ONE_IN_TRACED = 100;

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
    static GateRows registered(String topic, int count, HttpClient http, String registryUrl) throws IOException, InterruptedException {
        return new GateRows(topic, count, RegisteredSchema.id(http, registryUrl, GROUP, topic + "-key", KEY), RegisteredSchema.id(http, registryUrl, GROUP, topic + "-value", VALUE));
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
        return record(number, ONE_IN_TRACED);
    }

    /** @param oneInTraced every so many records bring a sampled trace context; 0 for none */
    ProducerRecord<byte[], byte[]> record(long number, int oneInTraced) {
        int i = (int) (number % keys.length);
        long now = Headers.nowMicros();
        var headers = new RecordHeaders()
                .add(Headers.POSITION, new Position(number, number).toBytes())
                .add(Headers.OP, Op.UPDATE.code())
                .add(Headers.COMMITTED, Headers.bytes(now))
                .add(Headers.CAPTURED, Headers.bytes(now));
        if (oneInTraced > 0 && number % oneInTraced == 0) {
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
}
