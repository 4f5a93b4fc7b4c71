package io.millrace.denormalizer.join.state;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.millrace.denormalizer.it.Schema;
import io.millrace.denormalizer.plan.Plan;
import io.millrace.denormalizer.plan.Planner;
import io.millrace.denormalizer.plan.TablePlan;
import io.millrace.pipeline.file.PipelineFiles;
import io.millrace.pipeline.file.TableName;
import io.millrace.pipeline.record.Position;
import io.millrace.values.bytes.ByteWriter;
import io.millrace.values.row.RootKeys;
import java.nio.file.Path;
import java.util.List;
import org.apache.kafka.common.utils.Bytes;
import org.apache.kafka.streams.processor.api.MockProcessorContext;
import org.apache.kafka.streams.state.KeyValueStore;
import org.junit.jupiter.api.Test;

class FloorsTest {

    private static final byte[] WHY = {7};

    private final Plan plan = Planner.plan(PipelineFiles.load(List.of(Path.of("src/test/resources/it/pipelines/monitors.yaml"))).getFirst().pipeline(),
            new RootKeys(Schema.TABLES.get("monitor").keySchema()).columns());
    private final TablePlan table = plan.table(new TableName("public", "team"));
    private final KeyValueStore<Bytes, byte[]> store = org.apache.kafka.streams.state.Stores.inMemoryKeyValueStore("lookups").get();

    FloorsTest() {
        store.init(new MockProcessorContext<>().getStateStoreContext(), store);
    }

    private Floors floors() {
        return new Floors(plan, store, Kind::floor);
    }

    private static Position at(long position) {
        return new Position(position, position);
    }

    @Test
    void aRestartKnowsTheFloorTheOldestTruncateThatIsOwedAndWhy() {
        floors().raiseOwed(table, at(10), new byte[] {3});
        floors().raiseOwed(table, at(20), WHY);
        var floors = floors();
        assertEquals(at(20), floors.of(table));
        assertEquals(new Truncated(at(10), at(20)), floors.truncated(table));
        assertArrayEquals(WHY, floors.owed(table));
        floors.settle(table);
        assertNull(floors().owed(table));
        floors().raiseOwed(table, at(30), WHY);
        assertEquals(new Truncated(at(30), at(30)), floors().truncated(table), "what is settled is owed no more");
    }

    @Test
    void aFloorThatAVersionBeforeOwedIsOwed() {
        store.put(Kind.floor(table.id()), new ByteWriter(32).put(at(20).toBytes()).put(1).put(WHY).toBytes());
        assertEquals(new Truncated(at(20), at(20)), floors().truncated(table));
        assertArrayEquals(WHY, floors().owed(table));
    }

    @Test
    void theHighestIsOfAllTables() {
        var floors = floors();
        floors.raise(table, at(20));
        floors.raiseOwed(plan.table(new TableName("public", "person")), at(15), WHY);
        assertEquals(at(20), floors.highest());
        assertEquals(at(20), floors().highest());
    }

    @Test
    void whatATruncateTookIsARowBelowItOrTheStubOfOneThatIsOwed() {
        var truncated = new Truncated(at(10), at(20));
        assertTrue(truncated.took(at(5), true));
        assertFalse(truncated.took(at(5), false), "it was deleted before");
        assertTrue(truncated.took(at(10), false));
        assertTrue(truncated.took(at(20), false));
        assertFalse(truncated.took(at(21), true));
        assertFalse(truncated.took(at(21), false));
    }
}
