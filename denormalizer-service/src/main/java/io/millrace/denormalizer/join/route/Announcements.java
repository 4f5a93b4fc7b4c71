package io.millrace.denormalizer.join.route;

import io.millrace.denormalizer.join.lookup.LookupKeys;
import io.millrace.denormalizer.join.message.Message;
import io.millrace.denormalizer.join.message.Sender;
import io.millrace.denormalizer.join.state.CommitClock;
import io.millrace.denormalizer.join.state.Graves;
import io.millrace.denormalizer.join.state.Image;
import io.millrace.denormalizer.join.state.Kind;
import io.millrace.denormalizer.join.state.Piece;
import io.millrace.denormalizer.join.state.Stores;
import io.millrace.denormalizer.join.state.Truncated;
import io.millrace.denormalizer.plan.LookupIndex;
import io.millrace.denormalizer.plan.SpineNode;
import io.millrace.denormalizer.plan.TablePlan;
import io.millrace.pipeline.record.Position;
import io.millrace.values.bytes.ByteWriter;
import io.millrace.values.row.KeyEncoding;
import io.millrace.values.row.Row;
import java.util.Arrays;
import java.util.List;
import org.apache.kafka.common.header.Headers;
import org.apache.kafka.common.utils.Bytes;
import org.apache.kafka.streams.state.KeyValueStore;

/**
 * Announces each row where it belongs, and takes it back from where it belonged before. A row whose key does not say where that was is
 * remembered. Not thread-safe.
 */
public final class Announcements {

    private final KeyValueStore<Bytes, byte[]> rows;
    private final CommitClock.Session clock;
    private final Graves graves;
    private final Sender send;
    private final ByteWriter scratch = new ByteWriter(256);

    public Announcements(KeyValueStore<Bytes, byte[]> rows, CommitClock.Session clock, Graves graves, Sender send) {
        this.rows = rows;
        this.clock = clock;
        this.graves = graves;
        this.send = send;
    }

    /** A change of a row, as it goes out. {@code row} is null when it was deleted. */
    private record Announced(byte[] rowId, Row row, Position position, Headers cause) {

        byte[] content() {
            return row == null ? null : row.bytes();
        }
    }

    /**
     * A row whose key tells where it belongs.
     *
     * @param key the columns of the key
     */
    void routed(TablePlan table, byte[] rowId, Row key, Row row, Position position, Headers cause) {
        var now = new Announced(rowId, row, position, cause);
        for (var node : table.nodes()) {
            if (row == null) {
                retract(node, key, now);
            } else {
                announce(node, true, now);
            }
        }
        for (var index : homes(table)) {
            if (row == null) {
                retract(index, key, now);
            } else {
                announce(index, now);
            }
        }
    }

    /**
     * A row whose former state decides from where it must be taken back.
     *
     * @param floor of the table: a former state below it may be taken back already, by a life before that got further with the truncate
     * @return false where a newer state of it is known
     */
    boolean remembered(TablePlan table, byte[] rowId, Row row, Position position, Position floor, Headers cause) {
        var at = RowKeys.row(table.id(), rowId);
        var before = known(rows.get(at));
        if (before != null && position.isBefore(before.position())) {
            return false;
        }
        var now = new Announced(rowId, row, position, cause);
        var old = before == null || !before.isPresent() ? null : new Row(before.content(), table.columns().size());
        boolean again = before != null && position.equals(before.position());
        boolean moved = old != null && !again && (table.nodes().stream().anyMatch(n -> moves(n, old, row)) || homes(table).stream().anyMatch(i -> row == null || differs(old, row, i.columns())));
        var after = Image.after(before, position, now.content(), moved ? table.joined(before.content()) : null, clock);
        for (var former : after.formers()) {
            var formerRow = new Row(former.content(), table.columns().size());
            table.nodes().forEach(node -> retract(node, formerRow, now));
            homes(table).forEach(index -> retract(index, formerRow, now));
        }
        if (row != null) {
            for (var node : table.nodes()) {
                announce(node, again || old == null || before.position().isBefore(floor) || moves(node, old, row), now);
            }
            homes(table).forEach(index -> announce(index, now));
        }
        graves.put(at, after);
        return true;
    }

    /** A row that a truncate took away was taken back between two records: after a crash its next record can come before that is repeated. */
    private Image known(byte[] stored) {
        var image = Image.read(stored);
        return image == null || image.isPresent() ? image : image.again(clock);
    }

    /**
     * Takes back some of the remembered rows that a truncate took away. Only those who know rows by what was announced to them are told; documents and homes have
     * the table's floor.
     *
     * @param from where to go on, null at the beginning
     * @return where to go on then, null at the end
     */
    public Bytes truncate(TablePlan table, Truncated truncated, Bytes from, int most, Headers cause) {
        var piece = Piece.of(rows, RowKeys.rows(table.id()), from, most);
        for (var entry : piece.entries()) {
            var image = Image.read(entry.value);
            boolean isAnnounced = image.isPresent() || !image.formers().isEmpty();
            if (truncated.took(image.position(), isAnnounced)) {
                truncate(table, entry.key, image, truncated.last(), cause);
            }
        }
        return piece.next();
    }

    private void truncate(TablePlan table, Bytes at, Image image, Position floor, Headers cause) {
        if (table.nodes().stream().allMatch(n -> n.isDirect() && !isFollowed(n))) {
            rows.delete(at);
            return;
        }
        var now = new Announced(Kind.from(at, 2), null, floor, cause);
        var after = Image.after(image.again(clock), floor, null, image.isPresent() ? table.joined(image.content()) : null, clock);
        for (var former : after.formers()) {
            var row = new Row(former.content(), table.columns().size());
            for (var node : table.nodes()) {
                if (!node.isRoot() && !node.isDirect()) {
                    leaveParent(node, row, now);
                }
                leaveBelow(node, row, now);
            }
        }
        graves.put(at, after);
    }

    /** Whether rows below find their document by a row of this node. */
    private static boolean isFollowed(SpineNode node) {
        return (node.isRoot() || node.isDirect()) && node.children().stream().anyMatch(c -> !c.isDirect());
    }

    private boolean moves(SpineNode node, Row old, Row row) {
        if (row == null || differs(old, row, node.there())) {
            return true;
        }
        return node.children().stream().anyMatch(c -> !c.isDirect() && differs(old, row, c.here()));
    }

    private boolean differs(Row old, Row row, int[] columns) {
        return !Arrays.equals(KeyEncoding.key(old, columns, scratch), KeyEncoding.key(row, columns, scratch));
    }

    /** Takes a row's former state back wherever its present state does not put it again. */
    private void retract(SpineNode node, Row old, Announced now) {
        if (!node.isRoot()) {
            leaveParent(node, old, now);
        }
        leaveBelow(node, old, now);
    }

    private void leaveParent(SpineNode node, Row old, Announced now) {
        var parent = KeyEncoding.key(old, node.there(), scratch);
        if (parent != null && !(now.row != null && Arrays.equals(parent, KeyEncoding.key(now.row, node.there(), scratch)))) {
            send.send(parent, place(node, now, null), now.cause);
        }
    }

    private void leaveBelow(SpineNode node, Row old, Announced now) {
        if (!node.isRoot() && !node.isDirect()) {
            return;
        }
        for (var child : node.children()) {
            if (child.isDirect()) {
                continue;
            }
            var joinKey = KeyEncoding.key(old, child.here(), scratch);
            boolean stays = now.row != null && rootOf(node, now) != null && Arrays.equals(joinKey, KeyEncoding.key(now.row, child.here(), scratch));
            if (joinKey != null && !stays) {
                send.send(joinKey, new Message.Located(now.position, child.id(), now.rowId, null), now.cause);
            }
        }
    }

    private void announce(SpineNode node, boolean locate, Announced now) {
        if (!node.isRoot()) {
            var parent = KeyEncoding.key(now.row, node.there(), scratch);
            if (parent != null) {
                send.send(parent, place(node, now, now.content()), now.cause);
            }
        }
        var root = locate ? rootOf(node, now) : null;
        if (root == null) {
            return;
        }
        for (var child : node.children()) {
            var joinKey = child.isDirect() ? null : KeyEncoding.key(now.row, child.here(), scratch);
            if (joinKey != null) {
                send.send(joinKey, new Message.Located(now.position, child.id(), now.rowId, root), now.cause);
            }
        }
    }

    /** The look-up indexes whose keys have homes. */
    private static List<LookupIndex> homes(TablePlan table) {
        return table.isSubscribed() ? table.indexes() : List.of();
    }

    private void retract(LookupIndex index, Row old, Announced now) {
        var key = KeyEncoding.key(old, index.columns(), scratch);
        if (key != null && !(now.row != null && Arrays.equals(key, KeyEncoding.key(now.row, index.columns(), scratch)))) {
            send.send(LookupKeys.reference(index.id(), key), new Message.Indexed(now.position, now.rowId, null), now.cause);
        }
    }

    private void announce(LookupIndex index, Announced now) {
        var key = KeyEncoding.key(now.row, index.columns(), scratch);
        if (key != null) {
            send.send(LookupKeys.reference(index.id(), key), new Message.Indexed(now.position, now.rowId, now.content()), now.cause);
        }
    }

    private static Message place(SpineNode node, Announced now, byte[] row) {
        return node.isDirect()
                ? new Message.Child(now.position, node.id(), Stores.NONE, now.rowId, row)
                : new Message.Placed(now.position, node.id(), now.rowId, row);
    }

    /** The root key of a row that knows it by itself, else null. */
    private byte[] rootOf(SpineNode node, Announced now) {
        if (node.isRoot()) {
            return now.rowId;
        }
        return node.isDirect() ? KeyEncoding.key(now.row, node.there(), scratch) : null;
    }
}
