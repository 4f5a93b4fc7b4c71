package io.millrace.denormalizer.join.home;

import io.millrace.denormalizer.join.message.Message;
import io.millrace.denormalizer.join.message.Sender;
import io.millrace.denormalizer.join.state.Entry;
import io.millrace.denormalizer.join.state.Graves;
import io.millrace.denormalizer.join.state.Kind;
import io.millrace.denormalizer.join.state.Piece;
import io.millrace.denormalizer.join.state.Stores;
import io.millrace.denormalizer.join.state.Truncated;
import io.millrace.denormalizer.plan.LookupIndex;
import io.millrace.pipeline.record.Position;
import io.millrace.values.bytes.ByteReader;
import io.millrace.values.bytes.ByteWriter;
import java.util.ArrayList;
import java.util.List;
import org.apache.kafka.common.header.Headers;
import org.apache.kafka.common.utils.Bytes;
import org.apache.kafka.streams.state.KeyValueStore;

/**
 * The references that are at home in this partition: the rows that each leads to, and the partitions that have
 * subscribed to it. A subscriber is sent the rows that there are, and from then on every change of them, in this order.
 *
 * <p>A row that changes its look-up key leaves one home and comes to another. The reference is part of each stored key, so
 * that the two cannot overtake each other. Not thread-safe.
 */
public final class Home {

    /** An answer with more rows than that goes out in pieces. */
    private static final int PIECE_BYTES = 64 << 10;

    private final KeyValueStore<Bytes, byte[]> store;
    private final Graves graves;
    private final Sender send;

    public Home(KeyValueStore<Bytes, byte[]> store, Graves graves, Sender send) {
        this.store = store;
        this.graves = graves;
        this.send = send;
    }

    /** A partition, and the nonce of its subscription. */
    private record Subscriber(int partition, long nonce) {}

    /** A row came to a reference, changed or left it. */
    public void take(byte[] reference, Message.Indexed message, Headers cause) {
        if (store(reference, message)) {
            for (var subscriber : subscribers(reference)) {
                send.send(reference, new Message.Notice(message.position(), subscriber.partition, subscriber.nonce, message.rowId(), message.row()), cause);
            }
        }
    }

    /** Whether subscribers may know the row otherwise. */
    private boolean store(byte[] reference, Message.Indexed message) {
        var at = HomeKeys.row(reference, message.rowId());
        var before = store.get(at);
        if (before != null && message.position().isBefore(Entry.read(before).position())) {
            return false;
        }
        graves.put(at, new Entry(message.position(), message.row()));
        if (message.row() == null) {
            if (before == null) {
                return false;
            }
            store.put(HomeKeys.mark(reference), mark(reference).max(message.position()).toBytes());
        }
        return true;
    }

    /**
     * Takes away some of the rows under an index that truncates took away. No subscriber is told: the floor comes to each partition, and each takes away what it has of them.
     *
     * @param from where to go on, null at the beginning
     * @return where to go on then, null at the end
     */
    public Bytes truncate(LookupIndex index, Truncated truncated, Bytes from, int most) {
        var piece = Piece.of(store, HomeKeys.rows(index.id()), from, most);
        for (var next : piece.entries()) {
            var entry = Entry.read(next.value);
            if (truncated.took(entry.position(), entry.row() != null)) {
                var reference = HomeKeys.referenceOf(next.key);
                store(reference, new Message.Indexed(truncated.last(), Kind.from(next.key, HomeKeys.rows(reference).get().length), null));
            }
        }
        return piece.next();
    }

    /** A partition asks, perhaps again. */
    public void subscribe(byte[] reference, Message.Subscribe message, Headers cause) {
        var subscribers = subscribers(reference);
        subscribers.removeIf(s -> s.partition == message.partition());
        subscribers.add(new Subscriber(message.partition(), message.nonce()));
        put(reference, subscribers);
        answer(reference, message, cause);
    }

    private void answer(byte[] reference, Message.Subscribe to, Headers cause) {
        var piece = new ArrayList<Message.Answer.Item>();
        int bytes = 0;
        var prefix = HomeKeys.rows(reference);
        try (var rows = store.prefixScan(prefix, Stores.BYTES)) {
            while (rows.hasNext()) {
                var next = rows.next();
                var entry = Entry.read(next.value);
                if (entry.row() == null) {
                    continue;
                }
                if (bytes > PIECE_BYTES) {
                    send.send(reference, new Message.Answer(Position.NONE, to.partition(), to.nonce(), false, piece), cause);
                    piece = new ArrayList<>();
                    bytes = 0;
                }
                piece.add(new Message.Answer.Item(entry.position(), Kind.from(next.key, prefix.get().length), entry.row()));
                bytes += next.key.get().length + next.value.length;
            }
        }
        send.send(reference, new Message.Answer(mark(reference), to.partition(), to.nonce(), true, piece), cause);
    }

    /** Ends a subscription, unless the partition has another by now. */
    public void unsubscribe(byte[] reference, Message.Unsubscribe message) {
        var subscribers = subscribers(reference);
        if (subscribers.remove(new Subscriber(message.partition(), message.nonce()))) {
            put(reference, subscribers);
        }
    }

    private void put(byte[] reference, List<Subscriber> subscribers) {
        if (subscribers.isEmpty()) {
            store.delete(HomeKeys.subscribers(reference));
            return;
        }
        var out = new ByteWriter(subscribers.size() * 10);
        subscribers.forEach(s -> out.putShort(s.partition).putLong(s.nonce));
        store.put(HomeKeys.subscribers(reference), out.toBytes());
    }

    private List<Subscriber> subscribers(byte[] reference) {
        var stored = store.get(HomeKeys.subscribers(reference));
        if (stored == null) {
            return new ArrayList<>(1);
        }
        var subscribers = new ArrayList<Subscriber>(stored.length / 10 + 1);
        for (var in = new ByteReader(stored); in.hasMore();) {
            subscribers.add(new Subscriber(in.getShort(), in.getLong()));
        }
        return subscribers;
    }

    private Position mark(byte[] reference) {
        var stored = store.get(HomeKeys.mark(reference));
        return stored == null ? Position.NONE : Position.of(stored);
    }
}
