package io.millrace.denormalizer.join.document;

import static org.junit.jupiter.api.Assertions.assertEquals;

import io.millrace.denormalizer.it.Schema;
import io.millrace.denormalizer.join.document.Documents.Effect;
import io.millrace.denormalizer.join.lookup.Broadcast;
import io.millrace.denormalizer.join.lookup.Lookups;
import io.millrace.denormalizer.join.lookup.Subscriptions;
import io.millrace.denormalizer.join.message.Message;
import io.millrace.denormalizer.join.retain.Orders;
import io.millrace.denormalizer.join.retain.Retained;
import io.millrace.denormalizer.join.state.CommitClock;
import io.millrace.denormalizer.join.state.Floors;
import io.millrace.denormalizer.join.state.Graves;
import io.millrace.denormalizer.join.state.Kind;
import io.millrace.denormalizer.join.state.Truncated;
import io.millrace.denormalizer.plan.Plan;
import io.millrace.denormalizer.plan.Planner;
import io.millrace.denormalizer.plan.SpineNode;
import io.millrace.denormalizer.plan.TablePlan;
import io.millrace.pipeline.file.PipelineFiles;
import io.millrace.pipeline.file.TableName;
import io.millrace.pipeline.record.Position;
import io.millrace.values.bytes.ByteWriter;
import io.millrace.values.row.AvroRows;
import io.millrace.values.row.KeyEncoding;
import io.millrace.values.row.RootKeys;
import io.millrace.values.row.Row;
import java.io.File;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Properties;
import org.apache.kafka.common.utils.Bytes;
import org.apache.kafka.streams.processor.TaskId;
import org.apache.kafka.streams.processor.api.MockProcessorContext;
import org.apache.kafka.streams.state.KeyValueStore;
import org.apache.kafka.streams.state.Stores;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** Who emits a document whose rows below rows leave with a truncate: the walk where it takes the parent away, else the removal. */
class TruncatedParentTest {

    private static final Truncated TRUNCATED = new Truncated(at(20), at(20));

    private Plan plan;
    private TablePlan monitors;
    private SpineNode authored;
    private SpineNode notified;
    private StoredDocument document;
    private Floors floors;
    private Documents documents;
    private KeyValueStore<Bytes, byte[]> store;
    private byte[] root;

    @BeforeEach
    void aPersonWithAMonitorAndItsRecipient() {
        var pipeline = PipelineFiles.load(List.of(Path.of("src/test/resources/it/pipelines/people.yaml"))).getFirst().pipeline();
        plan = Planner.plan(pipeline, new RootKeys(Schema.TABLES.get("person").keySchema()).columns());
        monitors = plan.table(new TableName("public", "monitor"));
        authored = plan.root().children().stream().filter(SpineNode::isDirect).findFirst().orElseThrow();
        notified = authored.children().getFirst();
        var context = new MockProcessorContext<byte[], byte[]>(new Properties(), new TaskId(0, 0), new File("."));
        store = Stores.inMemoryKeyValueStore("documents").get();
        store.init(context.getStateStoreContext(), store);
        var clock = new CommitClock().session(0);
        var graves = new Graves(store, clock, Duration.ofMinutes(1));
        document = new StoredDocument(store);
        floors = new Floors(plan, store, Kind::floor);
        var subscriptions = new Subscriptions(store, clock, graves, floors, 0, () -> 0, (to, message, cause) -> { });
        var lookups = new Lookups(new Broadcast(store, clock, graves, floors), subscriptions, 1 << 16);
        var orders = new Orders(plan, store);
        documents = new Documents(plan, store, document, new RootFilter(plan, new Retained(orders, lookups)), orders, floors, Position.NONE, graves, lookups);
        var person = row("person", Map.of("id", "1", "handle", "h"));
        root = key(person, plan.root().table(), "id");
        assertEquals(Effect.SHOWN, documents.take(root, new Message.Root(at(10), true, "1", person.bytes())));
        assertEquals(Effect.SHOWN, monitor(11));
        assertEquals(Effect.SHOWN, recipient(12, row("recipient", Map.of("id", "3", "monitor_id", "2", "kind", "k"))));
    }

    @Test
    void theWalkEmitsItWhereTheParentIsStillToBeTakenAway() {
        floors.raise(monitors, at(20));
        assertEquals(Effect.NONE, recipient(20, null));
        assertEquals(Effect.SHOWN, walk());
    }

    @Test
    void theWalkHasEmittedItWhereTheParentIsGone() {
        floors.raise(monitors, at(20));
        assertEquals(Effect.SHOWN, walk());
        assertEquals(Effect.NONE, recipient(20, null));
    }

    @Test
    void theRemovalEmitsItWhereTheParentCameBackBeforeTheWalk() {
        floors.raise(monitors, at(20));
        assertEquals(Effect.SHOWN, monitor(21));
        assertEquals(Effect.NONE, walk(), "nothing is below the floor");
        assertEquals(Effect.SHOWN, recipient(20, null), "the document shows the row, and nobody else emits it");
    }

    /** Tables that are truncated together have one floor, and a row has the position of what happened to its parent. */
    @Test
    void aRowAtTheFloorOfItsOwnTableIsGone() {
        var recipients = notified.table();
        floors.raise(monitors, at(20));
        floors.raise(recipients, at(20));
        assertEquals(Effect.SHOWN, monitor(21));
        document.read(root);
        assertEquals(Effect.SHOWN, documents.truncate(Map.of(monitors, TRUNCATED, recipients, TRUNCATED)));
        assertEquals(Effect.SUPERSEDED, recipient(20, row("recipient", Map.of("id", "3", "monitor_id", "2", "kind", "k"))));
    }

    private Effect walk() {
        document.read(root);
        return documents.truncate(Map.of(monitors, TRUNCATED));
    }

    private Effect monitor(long position) {
        var row = row("monitor", Map.of("id", "2", "author_id", "1", "title", "t"));
        return documents.take(root, new Message.Child(at(position), authored.id(), new byte[0], key(row, monitors, "id"), row.bytes()));
    }

    private Effect recipient(long position, Row row) {
        var id = row("recipient", Map.of("id", "3", "monitor_id", "2"));
        var joinKey = KeyEncoding.key(id, notified.there(), new ByteWriter(16));
        return documents.take(root, new Message.Child(at(position), notified.id(), joinKey, new byte[] {3}, row == null ? null : row.bytes()));
    }

    private static Position at(long position) {
        return new Position(position, position);
    }

    private Row row(String name, Map<String, String> values) {
        var format = Schema.TABLES.get(name);
        var table = plan.table(new TableName("public", name));
        return AvroRows.of(format.valueSchema(), table.columns()).read(format.encode(format.valueSchema(), 0, values));
    }

    private static byte[] key(Row row, TablePlan table, String column) {
        return KeyEncoding.key(row, new int[] {table.columns().indexOf(column)}, new ByteWriter(16));
    }
}
