package io.millrace.denormalizer.join.place;

import io.millrace.denormalizer.join.message.Message;
import io.millrace.denormalizer.join.state.CommitClock;
import io.millrace.denormalizer.join.state.Graves;
import io.millrace.denormalizer.join.state.Image;
import io.millrace.denormalizer.join.state.Kind;
import io.millrace.denormalizer.join.state.Stores;
import io.millrace.denormalizer.plan.SpineNode;
import io.millrace.pipeline.record.Position;
import io.millrace.values.bytes.ByteWriter;
import io.millrace.values.row.KeyEncoding;
import io.millrace.values.row.Row;
import java.util.Arrays;
import java.util.List;
import java.util.function.BiConsumer;
import org.apache.kafka.common.utils.Bytes;
import org.apache.kafka.streams.state.KeyValueStore;

/**
 * Brings rows to their document that only know their parent: keyed by the parent's join key, it remembers the parent's
 * document and the rows that belong to the parent. A row that comes before its parent waits here; a parent that moves to
 * another document takes its rows along.
 *
 * <p>Everything sent about one join key comes from here in order, and carries a position that never decreases: the
 * highest of the row's own and of every move of the parent.
 */
public final class Placement {

    private final KeyValueStore<Bytes, byte[]> store;
    private final CommitClock.Session clock;
    private final Graves graves;
    private final ByteWriter scratch = new ByteWriter(256);

    public Placement(KeyValueStore<Bytes, byte[]> store, CommitClock.Session clock, Graves graves) {
        this.store = store;
        this.clock = clock;
        this.graves = graves;
    }

    /** A row came, changed or left its parent. */
    public void place(SpineNode node, byte[] joinKey, Message.Placed message, BiConsumer<byte[], Message> send) {
        var at = PlaceKeys.placed(node.id(), joinKey, message.rowId());
        var before = Image.read(store.get(at));
        if (before != null && message.position().isBefore(before.position())) {
            return;
        }
        boolean again = before != null && message.position().equals(before.position());
        byte[] retracted = before != null && before.isPresent() && !again && announcesElse(node, before.content(), message.row()) ? node.table().joined(before.content()) : null;
        var after = Image.after(before, message.position(), message.row(), retracted, clock);
        graves.put(at, after);
        var root = root(node, joinKey);
        if (root == null) {
            return;
        }
        var position = message.position().max(mark(node, joinKey));
        send.accept(root, new Message.Child(position, node.id(), joinKey, message.rowId(), message.row()));
        for (var former : after.formers()) {
            leave(node, joinKey, message.rowId(), former.content(), message.row(), position, send);
        }
        if (message.row() != null) {
            lead(node, joinKey, message.rowId(), message.row(), root, position, send);
        }
    }

    private boolean announcesElse(SpineNode node, byte[] old, byte[] row) {
        return row == null || node.children().stream().anyMatch(c -> !Arrays.equals(key(node, old, c.here()), key(node, row, c.here())));
    }

    private byte[] key(SpineNode node, byte[] row, int[] columns) {
        return KeyEncoding.key(new Row(row, node.table().columns().size()), columns, scratch);
    }

    /** The rows below this one no longer find their document by the columns that this one had. */
    private void leave(SpineNode node, byte[] joinKey, byte[] rowId, byte[] old, byte[] row, Position position, BiConsumer<byte[], Message> send) {
        for (var child : node.children()) {
            var key = key(node, old, child.here());
            if (key != null && !(row != null && Arrays.equals(key, key(node, row, child.here())))) {
                send.accept(key, new Message.Located(position, child.id(), path(joinKey, rowId), null));
            }
        }
    }

    private void lead(SpineNode node, byte[] joinKey, byte[] rowId, byte[] row, byte[] root, Position position, BiConsumer<byte[], Message> send) {
        for (var child : node.children()) {
            var key = key(node, row, child.here());
            if (key != null) {
                send.accept(key, new Message.Located(position, child.id(), path(joinKey, rowId), root));
            }
        }
    }

    /** A row under another parent is announced by another partition; its announcements must not be confused with these. */
    private static byte[] path(byte[] joinKey, byte[] rowId) {
        return new ByteWriter(joinKey.length + rowId.length).put(rowId).put(joinKey).toBytes();
    }

    /** The parent came into a document, moved to another or left. */
    public void locate(SpineNode node, byte[] joinKey, Message.Located message, BiConsumer<byte[], Message> send) {
        var at = PlaceKeys.location(node.id(), joinKey, message.parent());
        var before = Image.read(store.get(at));
        if (before != null && message.position().isBefore(before.position())) {
            return;
        }
        boolean again = before != null && message.position().equals(before.position());
        var rootBefore = root(node, joinKey);
        store.put(at, new Image(message.position(), message.rootKey(), before == null ? List.of() : before.formers()).toBytes());
        var root = root(node, joinKey);
        boolean moved = !Arrays.equals(rootBefore, root);
        var after = Image.after(before, message.position(), message.rootKey(), moved && rootBefore != null ? rootBefore : null, clock);
        graves.put(at, after);
        if (moved || again) {
            var mark = PlaceKeys.locationMark(node.id(), joinKey);
            store.put(mark, mark(node, joinKey).max(message.position()).toBytes());
            moveAll(node, joinKey, after, root, send);
        }
    }

    private void moveAll(SpineNode node, byte[] joinKey, Image location, byte[] root, BiConsumer<byte[], Message> send) {
        var prefix = PlaceKeys.placed(node.id(), joinKey, Stores.NONE);
        var mark = mark(node, joinKey);
        try (var rows = store.prefixScan(prefix, Stores.BYTES)) {
            while (rows.hasNext()) {
                var next = rows.next();
                var image = Image.read(next.value);
                var rowId = Kind.from(next.key, prefix.get().length);
                var position = image.position().max(mark);
                for (var former : location.formers()) {
                    if (!Arrays.equals(former.content(), root)) {
                        send.accept(former.content(), new Message.Child(position, node.id(), joinKey, rowId, null));
                    }
                }
                if (!image.isPresent()) {
                    continue;
                }
                if (root != null) {
                    send.accept(root, new Message.Child(position, node.id(), joinKey, rowId, image.content()));
                    lead(node, joinKey, rowId, image.content(), root, position, send);
                } else {
                    leave(node, joinKey, rowId, image.content(), null, position, send);
                }
            }
        }
    }

    /** The document of the newest parent that has this join key; null where none has one. */
    private byte[] root(SpineNode node, byte[] joinKey) {
        Image newest = null;
        try (var parents = store.prefixScan(PlaceKeys.location(node.id(), joinKey, Stores.NONE), Stores.BYTES)) {
            while (parents.hasNext()) {
                var image = Image.read(parents.next().value);
                if (image.isPresent() && (newest == null || newest.position().isBefore(image.position()))) {
                    newest = image;
                }
            }
        }
        return newest == null ? null : newest.content();
    }

    private Position mark(SpineNode node, byte[] joinKey) {
        var stored = store.get(PlaceKeys.locationMark(node.id(), joinKey));
        return stored == null ? Position.NONE : Position.of(stored);
    }
}
