package io.millrace.denormalizer.join.retain;

import io.millrace.denormalizer.join.message.Message;
import io.millrace.denormalizer.join.state.Kind;
import io.millrace.denormalizer.plan.Plan;
import io.millrace.denormalizer.plan.Retaining;
import io.millrace.pipeline.record.Position;
import io.millrace.pipeline.retention.RetentionOrder;
import io.millrace.values.bytes.ByteReader;
import io.millrace.values.bytes.ByteWriter;
import java.nio.charset.StandardCharsets;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import org.apache.kafka.common.utils.Bytes;
import org.apache.kafka.streams.state.KeyValueStore;
import org.jboss.logging.Logger;

/**
 * What the log has ordered about retention: the order that holds, and those before it whose end some documents have not seen. Not thread-safe.
 *
 * <p>Of several orders of one pipeline the one with the latest time holds, in whatever sequence they come: a database that is read anew gives all its rows one position.
 */
public final class Orders {

    private static final Logger LOG = Logger.getLogger(Orders.class);
    private static final Bytes KEY = Kind.meta("retention");
    /** What holds before the first order: nothing leaves. */
    private static final Order NONE = new Order(Integer.MAX_VALUE, Position.NONE, new RetentionOrder(Instant.EPOCH, List.of()), List.of());

    private final String pipeline;
    private final Retaining retaining;
    private final KeyValueStore<Bytes, byte[]> store;
    private Order holding = NONE;
    /** The oldest first; empty where nothing is owed. */
    private final List<Order> before = new ArrayList<>();
    private byte[] why = {};

    public Orders(Plan plan, KeyValueStore<Bytes, byte[]> store) {
        this.pipeline = plan.pipeline();
        this.retaining = plan.retaining();
        this.store = store;
        var stored = store.get(KEY);
        if (stored != null) {
            read(new ByteReader(stored));
        }
    }

    private void read(ByteReader in) {
        why = in.getBlock();
        while (in.hasMore()) {
            int rank = in.getInt();
            var position = new Position(in.getLong(), in.getLong());
            var told = RetentionOrder.parse(in.getUtf8());
            before.add(new Order(rank, position, told, clauses(told)));
        }
        holding = before.removeLast();
    }

    /** Rules that ask for what this join does not store keep everything: the file that asked for them comes with another shape. */
    private List<Retaining.Clause> clauses(RetentionOrder told) {
        try {
            return retaining.clauses(told.rules());
        } catch (IllegalArgumentException e) {
            LOG.warnf("The retention that was ordered as of %s for the pipeline %s cannot be carried out here, documents stay: %s. Give the join the same pipeline file as the purge service", told.asOf(), pipeline, e.getMessage());
            return List.of();
        }
    }

    /**
     * Takes an order in.
     *
     * @param cause comes back from {@link #why}, over restarts, until {@link #settle}
     * @return whether it holds now, and did not before
     */
    public boolean take(Message.Retain message, byte[] cause) {
        var told = RetentionOrder.parse(message.order());
        if (message.rank() > holding.rank() || message.rank() == holding.rank() && !told.asOf().isAfter(holding.told().asOf())) {
            return false;
        }
        // Time alone only takes away, so what has the same rules on both sides tells nothing that those do not.
        boolean isBetween = !before.isEmpty() && before.getLast().told().rules().equals(holding.told().rules()) && told.rules().equals(holding.told().rules());
        if (!isBetween) {
            before.add(holding);
        }
        holding = new Order(message.rank(), message.position().max(holding.position()), told, clauses(told));
        why = cause;
        write();
        return true;
    }

    private void write() {
        var out = new ByteWriter(512).putBlock(why);
        before.forEach(order -> write(order, out));
        store.put(KEY, write(holding, out).toBytes());
    }

    private static ByteWriter write(Order order, ByteWriter out) {
        return out.putInt(order.rank()).putLong(order.position().commit()).putLong(order.position().lsn()).putBlock(order.told().json().getBytes(StandardCharsets.UTF_8));
    }

    Order holding() {
        return holding;
    }

    /** Every order that a document which is owed may have been emitted by. */
    List<Order> before() {
        return before;
    }

    /** Whether there may be documents that are not yet as the order wants them. */
    public boolean isOwed() {
        return !before.isEmpty();
    }

    public byte[] why() {
        return why;
    }

    /** Of the order that holds. */
    public Position position() {
        return holding.position();
    }

    /** Every document is as the order wants it. */
    public void settle() {
        before.clear();
        write();
    }
}
