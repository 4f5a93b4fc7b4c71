package io.millrace.tests.bench.join;

import io.millrace.pipeline.record.Headers;
import io.millrace.pipeline.record.Op;
import io.millrace.pipeline.record.Position;
import java.time.Duration;
import java.util.SplittableRandom;
import java.util.concurrent.locks.LockSupport;
import java.util.function.BooleanSupplier;
import java.util.function.LongConsumer;

/** Changes the shop, row by row, at a fixed rate; each change is a transaction of its own. Only for one thread. */
final class ShopTraffic {

    private static final long LSN_STEP = 16;

    private final Shop shop;
    private final RowWriter writer;
    private final SplittableRandom random = new SplittableRandom(7);
    private long commit;
    private long lastMicros;

    /** @param commit of the rows to begin with */
    ShopTraffic(Shop shop, RowWriter writer, long commit) {
        this.shop = shop;
        this.writer = writer;
        this.commit = commit;
    }

    /**
     * Sends changes evenly spread over time. A change's time is the one at which it was due, so that a writer that cannot
     * keep up makes the measured times longer, not the load lower.
     *
     * @return changes sent
     */
    int run(int rate, Duration time, BooleanSupplier enough) {
        long begin = System.nanoTime();
        long micros = Headers.nowMicros();
        int sent = 0;
        while (!enough.getAsBoolean()) {
            long due = sent * 1_000_000L / rate;
            if (due > time.toNanos() / 1_000) {
                break;
            }
            for (long wait; (wait = begin + due * 1_000 - System.nanoTime()) > 0; ) {
                LockSupport.parkNanos(wait);
            }
            change(micros + due);
            sent++;
        }
        writer.flush();
        return sent;
    }

    /**
     * Renames the product that every fifth order has.
     *
     * @param announce hears of the change's time, by which its documents are known, before it is sent
     * @return the time
     */
    long renameHotProduct(LongConsumer announce) {
        var change = next(Op.UPDATE, Headers.nowMicros(), true);
        announce.accept(change.committedMicros());
        shop.productChanges[Shop.HOT]++;
        shop.productCommit[Shop.HOT] = commit;
        writer.product(Shop.HOT, change);
        writer.flush();
        return change.committedMicros();
    }

    /** Even times for changes of a document's own rows, odd ones for those of look-ups; none twice. */
    private RowWriter.Change next(Op op, long micros, boolean isLookup) {
        commit += LSN_STEP;
        long time = Math.max(micros, lastMicros + 1);
        time += (time & 1) == (isLookup ? 1 : 0) ? 0 : 1;
        lastMicros = time;
        return new RowWriter.Change(new Position(commit, commit - 1), op, time);
    }

    private void change(long micros) {
        int kind = random.nextInt(1000);
        if (kind < 20) {
            int customer = random.nextInt(shop.customers);
            var change = next(Op.UPDATE, micros, true);
            shop.customerChanges[customer]++;
            shop.customerCommit[customer] = commit;
            writer.customer(customer, change);
        } else if (kind < 21) {
            int product = 1 + random.nextInt(shop.products - 1);
            var change = next(Op.UPDATE, micros, true);
            shop.productChanges[product]++;
            shop.productCommit[product] = commit;
            writer.product(product, change);
        } else if (kind < 500) {
            order(micros, kind < 40);
        } else if (kind < 920) {
            item(micros, kind);
        } else {
            int order = random.nextInt(shop.orders);
            int tag = random.nextInt(shop.tags);
            var change = next(Op.CREATE, micros, false);
            writer.link(order, tag, shop.toggleTag(order, tag, commit), change);
        }
    }

    /** @param comesOrGoes whether the order is deleted, or inserted anew where it is not there */
    private void order(long micros, boolean comesOrGoes) {
        int order = random.nextInt(shop.orders);
        boolean returns = !shop.orderPresent[order];
        var change = next(returns ? Op.CREATE : Op.UPDATE, micros, false);
        shop.orderPresent[order] = returns || !comesOrGoes;
        shop.orderChanges[order]++;
        if (random.nextInt(4) == 0) {
            // The customer that the document leaves must not make its next version lower.
            shop.touch(order, shop.customerCommit[shop.orderCustomer[order]]);
            shop.orderCustomer[order] = random.nextInt(shop.customers);
        }
        shop.touch(order, commit);
        writer.order(order, change);
    }

    private void item(long micros, int kind) {
        int item = random.nextInt(shop.items);
        if (kind < 560) {
            var change = next(Op.CREATE, micros, false);
            writer.item(shop.addItem(random.nextInt(shop.orders), 1 + random.nextInt(shop.products - 1), commit), change);
            return;
        }
        if (shop.itemOrder[item] < 0) {
            order(micros, false);
            return;
        }
        var change = next(Op.UPDATE, micros, false);
        if (kind < 600) {
            shop.removeItem(item, commit);
        } else if (kind < 680) {
            shop.moveItem(item, random.nextInt(shop.orders), commit);
        } else {
            shop.itemChanges[item]++;
            shop.touch(shop.itemOrder[item], commit);
        }
        writer.item(item, change);
    }
}
