package io.millrace.denormalizer.join.lookup;

import static org.junit.jupiter.api.Assertions.assertEquals;

import io.millrace.denormalizer.it.Schema;
import io.millrace.denormalizer.join.state.CommitClock;
import io.millrace.denormalizer.join.state.Floors;
import io.millrace.denormalizer.join.state.Graves;
import io.millrace.denormalizer.join.state.Kind;
import io.millrace.denormalizer.plan.Planner;
import io.millrace.pipeline.file.PipelineFiles;
import io.millrace.pipeline.file.TableName;
import io.millrace.pipeline.record.Position;
import io.millrace.values.row.AvroRows;
import io.millrace.values.row.RootKeys;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import org.apache.kafka.streams.processor.api.MockProcessorContext;
import org.apache.kafka.streams.state.Stores;
import org.junit.jupiter.api.Test;

class BroadcastTest {

    private static final byte[] ID = {1};

    @Test
    void aRowThatComesBackAsItWasBeforeTheTruncateTookItAwayIsNews() {
        var plan = Planner.plan(PipelineFiles.load(List.of(Path.of("src/test/resources/it/pipelines/monitors.yaml"))).getFirst().pipeline(),
                new RootKeys(Schema.TABLES.get("monitor").keySchema()).columns());
        var store = Stores.inMemoryKeyValueStore("lookups").get();
        store.init(new MockProcessorContext<>().getStateStoreContext(), store);
        var clock = new CommitClock().session(0);
        var floors = new Floors(plan, store, Kind::floor);
        var broadcast = new Broadcast(store, clock, new Graves(store, clock, Duration.ofMinutes(1)), floors);
        var teams = plan.table(new TableName("public", "team"));
        var format = Schema.TABLES.get("team");
        var team = AvroRows.of(format.valueSchema(), teams.columns()).read(format.encode(format.valueSchema(), 0, Map.of("id", "1", "name", "t"))).bytes();
        assertEquals(true, broadcast.take(teams, ID, at(10), team).isShown());
        assertEquals(false, broadcast.take(teams, ID, at(12), team).isShown());
        floors.raise(teams, at(20));
        assertEquals(true, broadcast.take(teams, ID, at(25), team).isShown(), "a life before may have shown documents without it");
        assertEquals(false, broadcast.take(teams, ID, at(26), team).isShown());
    }

    private static Position at(long position) {
        return new Position(position, position);
    }
}
