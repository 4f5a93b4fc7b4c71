package io.millrace.denormalizer.join;

import io.millrace.denormalizer.plan.LookupIndex;
import io.millrace.denormalizer.plan.Plan;
import io.millrace.denormalizer.plan.SpineNode;
import io.millrace.denormalizer.plan.TablePlan;
import io.millrace.denormalizer.registry.SchemaSource;
import io.millrace.pipeline.record.Headers;
import io.millrace.pipeline.record.Op;
import io.millrace.pipeline.record.Position;
import io.millrace.pipeline.topic.Topics;
import io.millrace.values.bytes.ByteWriter;
import io.millrace.values.row.KeyEncoding;
import io.millrace.values.row.Row;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import org.apache.kafka.common.header.internals.RecordHeaders;
import org.apache.kafka.common.utils.Bytes;
import org.apache.kafka.streams.processor.PunctuationType;
import org.apache.kafka.streams.processor.api.Processor;
import org.apache.kafka.streams.processor.api.ProcessorContext;
import org.apache.kafka.streams.processor.api.Record;
import org.apache.kafka.streams.state.KeyValueStore;

/**
 * Sends each row to where it belongs: root rows and rows of arrays to their document's partition, look-up rows to every
 * partition, or to where their look-up keys are at home; and takes it back from where it belonged before.
 */
final class Router implements Processor<byte[], byte[], byte[], byte[]> {

    private static final Duration CLEARING = Duration.ofSeconds(1);
    private static final List<String> STORY = List.of(Headers.COMMITTED, Headers.CAPTURED, Headers.GATED, Headers.TRACEPARENT);

    private final Plan plan;
    private final SchemaSource schemas;
    private final JoinSettings settings;
    private final CommitClock commits;
    private final Stage stage;
    private final ErasureReader erasures;
    private final Map<String, Source> sources = new HashMap<>();
    private final ByteWriter scratch = new ByteWriter(256);
    private ProcessorContext<byte[], byte[]> context;
    private KeyValueStore<Bytes, byte[]> rows;
    private CommitClock.Session clock;
    private Graves graves;

    Router(Plan plan, SchemaSource schemas, JoinSettings settings, CommitClock commits, Stage stage, ErasureReader erasures) {
        this.plan = plan;
        this.schemas = schemas;
        this.settings = settings;
        this.commits = commits;
        this.stage = stage;
        this.erasures = erasures;
    }

    private record Source(TablePlan table, TableReader reader) {}

    @Override
    public void init(ProcessorContext<byte[], byte[]> processorContext) {
        context = processorContext;
        rows = context.getStateStore(Stores.ROWS);
        clock = commits.session(context.taskId().partition());
        graves = new Graves(rows, clock, settings.keepRemoved());
        context.schedule(CLEARING, PunctuationType.WALL_CLOCK_TIME, now -> graves.clear());
        for (var table : plan.tables()) {
            sources.put(table.topic(), new Source(table, new TableReader(table, schemas)));
        }
    }

    @Override
    public void process(Record<byte[], byte[]> record) {
        var topic = context.recordMetadata().orElseThrow().topic();
        try {
            if (topic.equals(erasures.topic())) {
                var request = erasures.read(record);
                if (request != null) {
                    send(request.rootKey(), request.message(), record);
                }
            }
            var source = sources.get(topic);
            if (source != null) {
                route(source, record, record.withHeaders(story(record.headers())));
            }
        } catch (IllegalArgumentException | IndexOutOfBoundsException e) {
            stage.unreadable(topic);
            context.forward(new Record<>(record.key(), record.value(), record.timestamp(), Quarantine.headers(record.headers(), "row-unreadable",
                    "Reading a record of " + topic + " failed: " + e.getMessage() + ". The row does not reach any document until it is written again")), Sinks.QUARANTINE);
        }
    }

    /** What goes on with the messages; what the change did and where it stands, they say themselves. */
    private static RecordHeaders story(org.apache.kafka.common.header.Headers from) {
        var story = new RecordHeaders();
        for (var name : STORY) {
            var header = from.lastHeader(name);
            if (header != null) {
                story.add(header);
            }
        }
        return story;
    }

    /** @param cause the record with the headers that go on */
    private void route(Source source, Record<byte[], byte[]> record, Record<byte[], byte[]> cause) {
        var table = source.table;
        var position = Headers.position(record.headers());
        var code = Headers.bytes(record.headers(), Headers.OP);
        var op = code == null ? null : Op.of(code);
        if (op == Op.TRUNCATE) {
            truncate(table, position, cause);
            return;
        }
        var key = source.reader.key(record.key());
        var row = record.value() == null ? null : source.reader.row(record.value());
        var content = row == null ? null : row.bytes();
        if (table.isBroadcast()) {
            send(key.rowId(), new Message.Lookup(position, table.id(), key.rowId(), content), cause);
        }
        if (plan.root().table() == table) {
            boolean isNew = row == null || op == Op.CREATE;
            send(key.rowId(), new Message.Root(position, isNew, key.documentId(), content), cause);
        }
        if (key.isRouted()) {
            var old = row == null ? key.partial() : null;
            for (var node : table.nodes()) {
                move(node, key.rowId(), old, row, true, position, cause);
            }
            for (var index : homes(table)) {
                if (old != null) {
                    retract(index, key.rowId(), old, row, position, cause);
                } else {
                    announce(index, key.rowId(), row, position, cause);
                }
            }
        } else if (!table.nodes().isEmpty() || table.isSubscribed()) {
            remembered(table, key.rowId(), row, position, cause);
        }
        stage.routed(table, record.headers());
    }

    /** A row whose former state decides from where it must be taken back. */
    private void remembered(TablePlan table, byte[] rowId, Row row, Position position, Record<byte[], byte[]> cause) {
        var at = Keys.row(table.id(), rowId);
        var before = Image.read(rows.get(at));
        if (before != null && position.isBefore(before.position())) {
            stage.superseded();
            return;
        }
        var old = before == null || !before.isPresent() ? null : new Row(before.content(), table.columns().size());
        boolean again = before != null && position.equals(before.position());
        boolean moved = old != null && !again && (table.nodes().stream().anyMatch(n -> moves(n, old, row)) || homes(table).stream().anyMatch(i -> row == null || differs(old, row, i.columns())));
        var after = Image.after(before, position, row == null ? null : row.bytes(), moved ? before.content() : null, clock);
        for (var former : after.formers()) {
            var formerRow = new Row(former.content(), table.columns().size());
            for (var node : table.nodes()) {
                retract(node, rowId, formerRow, row, position, cause);
            }
            for (var index : homes(table)) {
                retract(index, rowId, formerRow, row, position, cause);
            }
        }
        if (row != null) {
            for (var node : table.nodes()) {
                announce(node, rowId, row, again || old == null || moves(node, old, row), position, cause);
            }
            for (var index : homes(table)) {
                announce(index, rowId, row, position, cause);
            }
        }
        var stored = after.toBytes();
        rows.put(at, stored);
        if (row == null) {
            graves.add(at, stored);
        }
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

    private void move(SpineNode node, byte[] rowId, Row old, Row row, boolean locate, Position position, Record<byte[], byte[]> cause) {
        if (old != null) {
            retract(node, rowId, old, row, position, cause);
        }
        if (row != null) {
            announce(node, rowId, row, locate, position, cause);
        }
    }

    /** Takes a row's former state back wherever its present state does not put it again. */
    private void retract(SpineNode node, byte[] rowId, Row old, Row row, Position position, Record<byte[], byte[]> cause) {
        if (!node.isRoot()) {
            var parent = KeyEncoding.key(old, node.there(), scratch);
            if (parent != null && !(row != null && Arrays.equals(parent, KeyEncoding.key(row, node.there(), scratch)))) {
                send(parent, place(node, rowId, position, null), cause);
            }
        }
        if (!node.isRoot() && !node.isDirect()) {
            return;
        }
        for (var child : node.children()) {
            if (child.isDirect()) {
                continue;
            }
            var joinKey = KeyEncoding.key(old, child.here(), scratch);
            boolean stays = row != null && rootOf(node, rowId, row) != null && Arrays.equals(joinKey, KeyEncoding.key(row, child.here(), scratch));
            if (joinKey != null && !stays) {
                send(joinKey, new Message.Located(position, child.id(), rowId, null), cause);
            }
        }
    }

    private void announce(SpineNode node, byte[] rowId, Row row, boolean locate, Position position, Record<byte[], byte[]> cause) {
        if (!node.isRoot()) {
            var parent = KeyEncoding.key(row, node.there(), scratch);
            if (parent != null) {
                send(parent, place(node, rowId, position, row.bytes()), cause);
            }
        }
        var root = rootOf(node, rowId, row);
        if (root == null || !locate) {
            return;
        }
        for (var child : node.children()) {
            var joinKey = child.isDirect() ? null : KeyEncoding.key(row, child.here(), scratch);
            if (joinKey != null) {
                send(joinKey, new Message.Located(position, child.id(), rowId, root), cause);
            }
        }
    }

    /** The look-up indexes whose keys have homes. */
    private static List<LookupIndex> homes(TablePlan table) {
        return table.isSubscribed() ? table.indexes() : List.of();
    }

    private void retract(LookupIndex index, byte[] rowId, Row old, Row row, Position position, Record<byte[], byte[]> cause) {
        var key = KeyEncoding.key(old, index.columns(), scratch);
        if (key != null && !(row != null && Arrays.equals(key, KeyEncoding.key(row, index.columns(), scratch)))) {
            send(Keys.reference(index.id(), key), new Message.Indexed(position, rowId, null), cause);
        }
    }

    private void announce(LookupIndex index, byte[] rowId, Row row, Position position, Record<byte[], byte[]> cause) {
        var key = KeyEncoding.key(row, index.columns(), scratch);
        if (key != null) {
            send(Keys.reference(index.id(), key), new Message.Indexed(position, rowId, row.bytes()), cause);
        }
    }

    private static Message place(SpineNode node, byte[] rowId, Position position, byte[] row) {
        return node.isDirect()
                ? new Message.Child(position, node.id(), Stores.NONE, rowId, row)
                : new Message.Placed(position, node.id(), rowId, row);
    }

    /** The root key of a row that knows it by itself, else null. */
    private byte[] rootOf(SpineNode node, byte[] rowId, Row row) {
        if (node.isRoot()) {
            return rowId;
        }
        return node.isDirect() ? KeyEncoding.key(row, node.there(), scratch) : null;
    }

    /** Every partition of the table's topic has the record; each answers for the rows of its own. */
    private void truncate(TablePlan table, Position position, Record<byte[], byte[]> cause) {
        send(Stores.NONE, new Message.Floor(position, table.id()), cause);
        var gone = new ArrayList<Bytes>();
        try (var all = rows.prefixScan(Keys.rows(table.id()), Stores.BYTES)) {
            while (all.hasNext()) {
                var next = all.next();
                var image = Image.read(next.value);
                if (!position.isBefore(image.position()) && (image.isPresent() || image.position().equals(position))) {
                    gone.add(next.key);
                }
            }
        }
        for (var key : gone) {
            remembered(table, Keys.from(key, 2), null, position, cause);
        }
    }

    private void send(byte[] to, Message message, Record<byte[], byte[]> cause) {
        context.forward(new Record<>(Objects.requireNonNull(to), Message.encode(message), cause.timestamp(), cause.headers()), Sinks.EXCHANGE);
    }

    /** The topic of the source's outbox. */
    static String outbox(Plan plan) {
        return Topics.rows(plan.source(), Topics.OUTBOX);
    }
}
