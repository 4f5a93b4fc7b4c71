package io.millrace.tests.bench.join;

import io.millrace.pipeline.record.Headers;
import io.millrace.pipeline.record.Op;
import io.millrace.pipeline.record.Partitions;
import io.millrace.pipeline.record.Position;
import java.util.Map;
import java.util.concurrent.atomic.AtomicReference;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.header.internals.RecordHeaders;
import org.apache.kafka.common.serialization.ByteArraySerializer;

/** Writes the shop's rows into {@code rows.*} as the gate leaves them. Only for one thread. */
final class RowWriter implements AutoCloseable {

    private final Shop shop;
    private final SchemaIds schemas;
    private final int partitions;
    private final KafkaProducer<byte[], byte[]> producer;
    private final AtomicReference<Exception> failure = new AtomicReference<>();
    private long sent;

    RowWriter(Shop shop, SchemaIds schemas, String bootstrap, int partitions) {
        this.shop = shop;
        this.schemas = schemas;
        this.partitions = partitions;
        this.producer = new KafkaProducer<>(Map.of("bootstrap.servers", bootstrap, "linger.ms", 1, "batch.size", 128 << 10, "buffer.memory", 64L << 20),
                new ByteArraySerializer(), new ByteArraySerializer());
    }

    /** Every row once, as a snapshot reads them: table by table, all at one position. */
    void snapshot(long commit) {
        var change = new Change(new Position(commit, commit), Op.READ, 0);
        for (int i = 0; i < shop.customers; i++) {
            customer(i, change);
        }
        for (int i = 0; i < shop.items; i++) {
            item(i, change);
        }
        for (int i = 0; i < shop.orders; i++) {
            order(i, change);
            for (int tag : shop.tagsOf(i)) {
                link(i, tag, true, change);
            }
        }
        for (int i = 0; i < shop.products; i++) {
            product(i, change);
        }
        for (int i = 0; i < shop.tags; i++) {
            tag(i, change);
        }
        flush();
    }

    /** @param committedMicros when it was to happen; 0 where nobody measures */
    record Change(Position position, Op op, long committedMicros) {}

    void customer(int id, Change change) {
        var ids = schemas.of(OrderTables.CUSTOMER);
        send(OrderTables.CUSTOMER, OrderTables.CUSTOMER.key(ids.key(), (long) id),
                OrderTables.CUSTOMER.value(ids.value(), (long) id, shop.customerName(id), shop.city(id)), change);
    }

    void product(int id, Change change) {
        var ids = schemas.of(OrderTables.PRODUCT);
        send(OrderTables.PRODUCT, OrderTables.PRODUCT.key(ids.key(), (long) id),
                OrderTables.PRODUCT.value(ids.value(), (long) id, shop.productName(id), shop.category(id)), change);
    }

    void tag(int id, Change change) {
        var ids = schemas.of(OrderTables.TAG);
        send(OrderTables.TAG, OrderTables.TAG.key(ids.key(), (long) id), OrderTables.TAG.value(ids.value(), (long) id, shop.label(id)), change);
    }

    void order(int id, Change change) {
        var ids = schemas.of(OrderTables.ORDERS);
        send(OrderTables.ORDERS, OrderTables.ORDERS.key(ids.key(), (long) id), shop.orderPresent[id]
                ? OrderTables.ORDERS.value(ids.value(), (long) id, (long) shop.orderCustomer[id], shop.status(id), shop.note(id), shop.total(id)) : null, change);
    }

    void item(int id, Change change) {
        var ids = schemas.of(OrderTables.ITEM);
        send(OrderTables.ITEM, OrderTables.ITEM.key(ids.key(), (long) id), shop.itemOrder[id] >= 0
                ? OrderTables.ITEM.value(ids.value(), (long) id, (long) shop.itemOrder[id], (long) shop.itemProduct[id], shop.quantity(id), shop.price(id)) : null, change);
    }

    void link(int order, int tag, boolean present, Change change) {
        var ids = schemas.of(OrderTables.ORDER_TAG);
        send(OrderTables.ORDER_TAG, OrderTables.ORDER_TAG.key(ids.key(), (long) order, (long) tag),
                present ? OrderTables.ORDER_TAG.value(ids.value(), (long) order, (long) tag) : null, change);
    }

    private void send(OrderTables table, byte[] key, byte[] value, Change change) {
        var headers = new RecordHeaders();
        headers.add(Headers.POSITION, change.position.toBytes());
        headers.add(Headers.OP, (value == null ? Op.DELETE : change.op).code());
        if (change.committedMicros > 0) {
            headers.add(Headers.COMMITTED, Headers.bytes(change.committedMicros));
        }
        producer.send(new ProducerRecord<>(table.topic(), Partitions.of(key, partitions), null, key, value, headers), (ignored, e) -> {
            if (e != null) {
                failure.compareAndSet(null, e);
            }
        });
        sent++;
    }

    /** Rows sent since the beginning. */
    long sent() {
        return sent;
    }

    void flush() {
        producer.flush();
        if (failure.get() != null) {
            throw new IllegalStateException("Writing rows failed: " + failure.get().getMessage(), failure.get());
        }
    }

    @Override
    public void close() {
        producer.close();
    }
}
