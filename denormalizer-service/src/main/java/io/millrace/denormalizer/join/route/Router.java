package io.millrace.denormalizer.join.route;

import io.millrace.denormalizer.join.JoinSettings;
import io.millrace.denormalizer.join.measure.Stage;
import io.millrace.denormalizer.join.message.Message;
import io.millrace.denormalizer.join.message.Quarantine;
import io.millrace.denormalizer.join.message.Sinks;
import io.millrace.denormalizer.join.state.CommitClock;
import io.millrace.denormalizer.join.state.Continuation;
import io.millrace.denormalizer.join.state.Floors;
import io.millrace.denormalizer.join.state.Graves;
import io.millrace.denormalizer.join.state.StoredShape;
import io.millrace.denormalizer.join.state.Stores;
import io.millrace.denormalizer.plan.Plan;
import io.millrace.denormalizer.plan.TablePlan;
import io.millrace.denormalizer.registry.SchemaSource;
import io.millrace.pipeline.ledger.Tally;
import io.millrace.pipeline.record.Headers;
import io.millrace.pipeline.record.Op;
import io.millrace.pipeline.record.Position;
import io.millrace.pipeline.topic.Topics;
import java.time.Duration;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import org.apache.kafka.common.TopicPartition;
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
public final class Router implements Processor<byte[], byte[], byte[], byte[]> {

    /** Each time Streams commits every partition that the task reads, so it is seldom. */
    private static final Duration CLEARING = Duration.ofSeconds(10);
    private static final List<String> STORY = List.of(Headers.COMMITTED, Headers.CAPTURED, Headers.GATED, Headers.TRACEPARENT);

    /** The file's as it is without state. */
    private final Plan fresh;
    private final SchemaSource schemas;
    private final JoinSettings settings;
    private final CommitClock commits;
    private final Stage stage;
    private final RequestReader requests;
    private final Map<String, Source> sources = new HashMap<>();
    private final Map<String, Tally> tallies = new HashMap<>();
    private ProcessorContext<byte[], byte[]> context;
    private Plan plan;
    private Graves graves;
    private Floors floors;
    private Announcements announcements;
    /** Of the record that is worked on. */
    private long timestamp;

    public Router(Plan plan, SchemaSource schemas, JoinSettings settings, CommitClock commits, Stage stage, RequestReader requests) {
        this.fresh = plan;
        this.schemas = schemas;
        this.settings = settings;
        this.commits = commits;
        this.stage = stage;
        this.requests = requests;
    }

    private record Source(TablePlan table, TableReader reader) {}

    @Override
    public void init(ProcessorContext<byte[], byte[]> processorContext) {
        context = processorContext;
        plan = Continuation.of(fresh, new StoredShape(context.getStateStore(Stores.LOOKUPS))).plan();
        KeyValueStore<Bytes, byte[]> rows = context.getStateStore(Stores.ROWS);
        var clock = commits.session(context.taskId().partition());
        graves = new Graves(rows, clock, settings.keepRemoved());
        floors = new Floors(plan, rows, RowKeys::announcedFloor);
        announcements = new Announcements(rows, clock, graves, this::send);
        context.schedule(CLEARING, PunctuationType.WALL_CLOCK_TIME, now -> graves.clear());
        tallies.put(requests.topic(), tally(requests.topic()));
        for (var table : plan.tables()) {
            tallies.put(table.topic(), tally(table.topic()));
            sources.put(table.topic(), new Source(table, new TableReader(table, schemas)));
        }
    }

    @Override
    public void process(Record<byte[], byte[]> record) {
        var at = context.recordMetadata().orElseThrow();
        var topic = at.topic();
        timestamp = record.timestamp();
        try {
            if (topic.equals(requests.topic())) {
                var request = requests.read(record);
                if (request != null) {
                    send(request.to(), request.message(), record.headers());
                }
            }
            var source = sources.get(topic);
            if (source != null) {
                route(source, record);
            }
            graves.clearExcess();
        } catch (IllegalArgumentException | IndexOutOfBoundsException e) {
            stage.unreadable(topic);
            context.forward(new Record<>(record.key(), record.value(), record.timestamp(), Quarantine.headers(record.headers(), "row-unreadable",
                    "Reading a record of " + topic + " failed: " + e.getMessage() + ". The row does not reach any document until it is written again")), Sinks.QUARANTINE);
        }
        tallies.get(topic).of(at.offset(), record.headers());
    }

    /** Of this partition of a topic; where Streams begins to read it is not known here. */
    private Tally tally(String topic) {
        return new Tally(new TopicPartition(topic, context.taskId().partition()), true, -1, stage.ledger());
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
        if (Headers.isRead(from)) {
            story.add(Headers.OP, Op.READ.code());
        }
        return story;
    }

    private void route(Source source, Record<byte[], byte[]> record) {
        var table = source.table;
        var cause = story(record.headers());
        var position = Headers.position(record.headers());
        var code = Headers.bytes(record.headers(), Headers.OP);
        var op = code == null ? null : Op.of(code);
        if (op == Op.TRUNCATE) {
            truncate(table, position, cause);
            return;
        }
        var key = source.reader.key(record.key());
        var row = record.value() == null ? null : source.reader.row(record.value());
        if (row != null && floors.isBelow(table, position)) {
            stage.superseded();
            return;
        }
        var content = row == null ? null : row.bytes();
        if (table.isBroadcast()) {
            send(key.rowId(), new Message.Lookup(position, table.id(), key.rowId(), content), cause);
        }
        if (plan.root().table() == table) {
            boolean isNew = row == null || op == Op.CREATE;
            send(key.rowId(), new Message.Root(position, isNew, key.documentId(), content), cause);
        }
        if (key.isRouted()) {
            announcements.routed(table, key.rowId(), key.partial(), row, position, cause);
        } else if ((!table.nodes().isEmpty() || table.isSubscribed()) && !announcements.remembered(table, key.rowId(), row, position, floors.of(table), cause)) {
            stage.superseded();
        }
        stage.routed(table, record.headers());
    }

    /**
     * Every partition of the table's topic has the record; each answers for the rows of its own. What has come of those is ahead of the
     * floor in this partition's exchange, and what is behind it there from other partitions is dropped for being older.
     */
    private void truncate(TablePlan table, Position position, org.apache.kafka.common.header.Headers cause) {
        if (!position.isBefore(floors.of(table))) {
            floors.raise(table, position);
        }
        send(Stores.NONE, new Message.Floor(position, context.taskId().partition(), table.id()), cause);
    }

    private void send(byte[] to, Message message, org.apache.kafka.common.header.Headers cause) {
        context.forward(new Record<>(Objects.requireNonNull(to), Message.encode(message), timestamp, cause), Sinks.EXCHANGE);
    }

    /** The topic of the source's outbox. */
    public static String outbox(Plan plan) {
        return Topics.rows(plan.source(), Topics.OUTBOX);
    }
}
