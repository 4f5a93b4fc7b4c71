package io.millrace.tests.bench.join;

import io.millrace.pipeline.record.Headers;
import io.millrace.pipeline.record.WireFormat;
import java.io.ByteArrayOutputStream;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.Comparator;
import java.util.Properties;
import java.util.TreeMap;
import java.util.concurrent.CountDownLatch;
import java.util.logging.Level;
import java.util.logging.Logger;
import org.apache.kafka.common.serialization.Deserializer;
import org.apache.kafka.common.serialization.Serde;
import org.apache.kafka.common.serialization.Serdes;
import org.apache.kafka.streams.KafkaStreams;
import org.apache.kafka.streams.KeyValue;
import org.apache.kafka.streams.StreamsBuilder;
import org.apache.kafka.streams.StreamsConfig;
import org.apache.kafka.streams.errors.StreamsUncaughtExceptionHandler.StreamThreadExceptionResponse;
import org.apache.kafka.streams.kstream.Consumed;
import org.apache.kafka.streams.kstream.Grouped;
import org.apache.kafka.streams.kstream.KTable;
import org.apache.kafka.streams.kstream.Materialized;
import org.apache.kafka.streams.kstream.Produced;
import org.apache.kafka.streams.processor.api.ContextualFixedKeyProcessor;
import org.apache.kafka.streams.processor.api.ContextualProcessor;
import org.apache.kafka.streams.processor.api.FixedKeyProcessor;
import org.apache.kafka.streams.processor.api.FixedKeyRecord;
import org.apache.kafka.streams.processor.api.Record;

/**
 * The same documents by what Kafka Streams itself offers: three foreign-key joins, two aggregates and two joins, with
 * {@code topology.optimization=all}. A program of its own, for the comparison of {@code bench join}; its only arguments
 * are Kafka's address, the state folder, the topic of the documents and the number of threads.
 *
 * <p>Values carry the highest position of what went into them, which is as right a version as the DSL allows: what has
 * left a document is forgotten.
 */
final class DslJoin {

    static final String APPLICATION = "bench-dsl";

    private static final Serde<Long> KEY = Serdes.serdeFrom((topic, key) -> key == null ? null : zigzag(key), (topic, bytes) -> number(bytes));
    private static final Serde<byte[]> BYTES = Serdes.ByteArray();

    private DslJoin() {}

    public static void main(String[] args) throws InterruptedException {
        Logger.getLogger("").setLevel(Level.SEVERE);
        var p = new Properties();
        p.put(StreamsConfig.APPLICATION_ID_CONFIG, APPLICATION);
        p.put(StreamsConfig.BOOTSTRAP_SERVERS_CONFIG, args[0]);
        p.put(StreamsConfig.STATE_DIR_CONFIG, args[1]);
        p.put(StreamsConfig.NUM_STREAM_THREADS_CONFIG, args[3]);
        p.put(StreamsConfig.TOPOLOGY_OPTIMIZATION_CONFIG, StreamsConfig.OPTIMIZE);
        p.put(StreamsConfig.COMMIT_INTERVAL_MS_CONFIG, 500);
        p.put(StreamsConfig.REPLICATION_FACTOR_CONFIG, 1);
        p.put(StreamsConfig.POLL_MS_CONFIG, 20);
        p.put(StreamsConfig.consumerPrefix("auto.offset.reset"), "earliest");
        p.put(StreamsConfig.producerPrefix("linger.ms"), 2);
        p.put(StreamsConfig.producerPrefix("batch.size"), 64 << 10);
        var builder = new StreamsBuilder();
        build(builder, args[2]);
        var ended = new CountDownLatch(1);
        var streams = new KafkaStreams(builder.build(p), p);
        Runtime.getRuntime().addShutdownHook(new Thread(() -> {
            streams.close();
            ended.countDown();
        }));
        streams.setUncaughtExceptionHandler(failure -> {
            failure.printStackTrace();
            Runtime.getRuntime().halt(1);
            return StreamThreadExceptionResponse.SHUTDOWN_CLIENT;
        });
        streams.start();
        ended.await();
    }

    private static void build(StreamsBuilder builder, String documents) {
        var customers = table(builder, OrderTables.CUSTOMER, KEY);
        var products = table(builder, OrderTables.PRODUCT, KEY);
        var tags = table(builder, OrderTables.TAG, KEY);
        var orders = table(builder, OrderTables.ORDERS, KEY);
        var items = table(builder, OrderTables.ITEM, KEY);
        var links = table(builder, OrderTables.ORDER_TAG, BYTES);
        var itemsOf = elements(items.leftJoin(products, DslJoin::itemProduct, DslJoin::item, stored(KEY)));
        var tagsOf = elements(links.leftJoin(tags, DslJoin::linkTag, DslJoin::tag, stored(BYTES)));
        orders.leftJoin(customers, DslJoin::orderCustomer, DslJoin::order, stored(KEY))
                .leftJoin(itemsOf, (order, list) -> with(order, list, "items"))
                .leftJoin(tagsOf, (order, list) -> with(order, list, "tags"))
                .toStream().process(Finish::new).to(documents, Produced.with(BYTES, BYTES));
    }

    private static <K> KTable<K, byte[]> table(StreamsBuilder builder, OrderTables table, Serde<K> key) {
        Deserializer<K> withoutPrefix = (topic, bytes) -> key.deserializer().deserialize(topic, Arrays.copyOfRange(bytes, WireFormat.PREFIX, bytes.length));
        return builder.stream(table.topic(), Consumed.with(Serdes.serdeFrom(key.serializer(), withoutPrefix), BYTES))
                .processValues(AddPosition::new)
                .toTable(stored(key));
    }

    private static <K> Materialized<K, byte[], org.apache.kafka.streams.state.KeyValueStore<org.apache.kafka.common.utils.Bytes, byte[]>> stored(Serde<K> key) {
        return Materialized.<K, byte[], org.apache.kafka.streams.state.KeyValueStore<org.apache.kafka.common.utils.Bytes, byte[]>>with(key, BYTES);
    }

    /** The elements of each order's list, by their ids. An element begins with its order, its id and its position. */
    private static <K> KTable<Long, byte[]> elements(KTable<K, byte[]> rows) {
        return rows.groupBy((key, row) -> KeyValue.pair(ByteBuffer.wrap(row).getLong(), row), Grouped.with(KEY, BYTES))
                .aggregate(() -> new byte[0], (order, row, list) -> change(list, row, true), (order, row, list) -> change(list, row, false), stored(KEY));
    }

    private static byte[] change(byte[] list, byte[] row, boolean add) {
        var all = new TreeMap<Long, byte[]>(Comparator.naturalOrder());
        for (var in = ByteBuffer.wrap(list); in.hasRemaining(); ) {
            var one = new byte[in.getInt()];
            in.get(one);
            all.put(ByteBuffer.wrap(one, Long.BYTES, Long.BYTES).getLong(), one);
        }
        long id = ByteBuffer.wrap(row, Long.BYTES, Long.BYTES).getLong();
        if (add) {
            all.put(id, row);
        } else {
            all.remove(id);
        }
        var out = ByteBuffer.allocate(all.values().stream().mapToInt(v -> v.length + Integer.BYTES).sum());
        all.values().forEach(v -> out.putInt(v.length).put(v));
        return out.array();
    }

    /** Reads the row behind its position. */
    private static Fields fields(byte[] row) {
        return new Fields(ByteBuffer.wrap(row, Long.BYTES, row.length - Long.BYTES));
    }

    private static Long orderCustomer(byte[] order) {
        var in = fields(order);
        in.number(false);
        return in.number(true);
    }

    private static Long itemProduct(byte[] item) {
        var in = fields(item);
        in.number(false);
        in.number(true);
        return in.number(true);
    }

    private static Long linkTag(byte[] link) {
        var in = fields(link);
        in.number(false);
        return in.number(false);
    }

    private static byte[] item(byte[] item, byte[] product) {
        var in = fields(item);
        long id = in.number(false);
        long order = in.number(true);
        in.number(true);
        long quantity = in.number(true);
        var price = in.text();
        var text = new StringBuilder(160).append("{\"id\":").append(id).append(",\"price\":").append(price).append(",\"product\":");
        if (product == null) {
            text.append("null");
        } else {
            var of = fields(product);
            of.number(false);
            var name = of.text();
            text.append("{\"category\":").append(quoted(of.text())).append(",\"name\":").append(quoted(name)).append('}');
        }
        return element(order, id, newest(item, product), text.append(",\"quantity\":").append(quantity).append('}'));
    }

    private static byte[] tag(byte[] link, byte[] tag) {
        var in = fields(link);
        long order = in.number(false);
        long id = in.number(false);
        var text = new StringBuilder();
        if (tag != null) {
            var of = fields(tag);
            of.number(false);
            text.append("{\"label\":").append(quoted(of.text())).append('}');
        }
        return element(order, id, newest(link, tag), text);
    }

    private static byte[] element(long order, long id, long position, StringBuilder text) {
        var utf8 = text.toString().getBytes(StandardCharsets.UTF_8);
        return ByteBuffer.allocate(3 * Long.BYTES + utf8.length).putLong(order).putLong(id).putLong(position).put(utf8).array();
    }

    private static long newest(byte[] one, byte[] other) {
        return Math.max(ByteBuffer.wrap(one).getLong(), other == null ? 0 : ByteBuffer.wrap(other).getLong());
    }

    /** The document up to where its lists come; they and what stands between them are put in later. */
    private static byte[] order(byte[] order, byte[] customer) {
        var in = fields(order);
        long id = in.number(false);
        in.number(true);
        var status = in.text();
        var note = in.text();
        long total = in.number(true);
        var text = new StringBuilder(512).append("{\"customer\":");
        if (customer == null) {
            text.append("null");
        } else {
            var of = fields(customer);
            of.number(false);
            var name = of.text();
            text.append("{\"city\":").append(quoted(of.text())).append(",\"name\":").append(quoted(name)).append('}');
        }
        text.append(",\"id\":").append(id).append(",\"items\":\u0000,\"note\":").append(quoted(note)).append(",\"status\":").append(quoted(status))
                .append(",\"tags\":\u0000,\"total\":").append(total).append('}');
        var utf8 = text.toString().getBytes(StandardCharsets.UTF_8);
        return ByteBuffer.allocate(Long.BYTES + utf8.length).putLong(newest(order, customer)).put(utf8).array();
    }

    private static byte[] with(byte[] document, byte[] list, String name) {
        long position = ByteBuffer.wrap(document).getLong();
        var elements = new ByteArrayOutputStream(256);
        elements.write('[');
        for (var in = ByteBuffer.wrap(list == null ? new byte[0] : list); in.hasRemaining(); ) {
            var one = new byte[in.getInt()];
            in.get(one);
            position = Math.max(position, ByteBuffer.wrap(one, 2 * Long.BYTES, Long.BYTES).getLong());
            if (one.length > 3 * Long.BYTES) {
                elements.writeBytes(elements.size() > 1 ? new byte[] {','} : new byte[0]);
                elements.write(one, 3 * Long.BYTES, one.length - 3 * Long.BYTES);
            }
        }
        elements.write(']');
        var marker = ("\"" + name + "\":").getBytes(StandardCharsets.UTF_8);
        int at = Long.BYTES;
        while (document[at] != 0 || !Arrays.equals(document, at - marker.length, at, marker, 0, marker.length)) {
            at++;
        }
        return ByteBuffer.allocate(document.length - 1 + elements.size()).putLong(position).put(document, Long.BYTES, at - Long.BYTES)
                .put(elements.toByteArray()).put(document, at + 1, document.length - at - 1).array();
    }

    private static String quoted(String text) {
        return '"' + text.replace("\\", "\\\\").replace("\"", "\\\"") + '"';
    }

    private static byte[] zigzag(long number) {
        var out = new ByteArrayOutputStream(5);
        for (long rest = number << 1 ^ number >> 63; ; rest >>>= 7) {
            boolean last = (rest & ~0x7FL) == 0;
            out.write((int) (rest & 0x7F | (last ? 0 : 0x80)));
            if (last) {
                return out.toByteArray();
            }
        }
    }

    private static Long number(byte[] bytes) {
        return bytes == null ? null : new Fields(ByteBuffer.wrap(bytes)).number(false);
    }

    /** The fields of an Avro record, in their order. */
    private record Fields(ByteBuffer in) {

        /** @param nullable whether the field is a union with null first; its value must not be null */
        long number(boolean nullable) {
            if (nullable) {
                in.get();
            }
            long value = 0;
            for (int shift = 0; ; shift += 7) {
                int b = in.get();
                value |= (long) (b & 0x7F) << shift;
                if (b >= 0) {
                    return value >>> 1 ^ -(value & 1);
                }
            }
        }

        String text() {
            in.get();
            var bytes = new byte[(int) number(false)];
            in.get(bytes);
            return new String(bytes, StandardCharsets.UTF_8);
        }
    }

    /** Puts the position in front of the row, in the place of the wire format's prefix. */
    private static final class AddPosition<K> extends ContextualFixedKeyProcessor<K, byte[], byte[]> implements FixedKeyProcessor<K, byte[], byte[]> {

        @Override
        public void process(FixedKeyRecord<K, byte[]> record) {
            var row = record.value();
            context().forward(record.withValue(row == null ? null : ByteBuffer.allocate(Long.BYTES + row.length - WireFormat.PREFIX)
                    .putLong(Headers.position(record.headers()).commit()).put(row, WireFormat.PREFIX, row.length - WireFormat.PREFIX).array()));
        }
    }

    /** Takes the position out of the document and into its header. */
    private static final class Finish extends ContextualProcessor<Long, byte[], byte[], byte[]> {

        @Override
        public void process(Record<Long, byte[]> record) {
            var document = record.value();
            var headers = record.headers();
            Headers.set(headers, Headers.VERSION, Headers.bytes(document == null ? Headers.position(headers).commit() : ByteBuffer.wrap(document).getLong()));
            context().forward(new Record<>(Long.toString(record.key()).getBytes(StandardCharsets.UTF_8),
                    document == null ? null : Arrays.copyOfRange(document, Long.BYTES, document.length), record.timestamp(), headers));
        }
    }
}
