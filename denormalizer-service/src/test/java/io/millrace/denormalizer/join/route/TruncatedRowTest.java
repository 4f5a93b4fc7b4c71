package io.millrace.denormalizer.join.route;

import static org.junit.jupiter.api.Assertions.assertEquals;

import io.millrace.denormalizer.it.Schema;
import io.millrace.denormalizer.join.message.Message;
import io.millrace.denormalizer.join.state.CommitClock;
import io.millrace.denormalizer.join.state.Graves;
import io.millrace.denormalizer.join.state.Truncated;
import io.millrace.denormalizer.plan.Plan;
import io.millrace.denormalizer.plan.Planner;
import io.millrace.denormalizer.plan.TablePlan;
import io.millrace.pipeline.file.PipelineFiles;
import io.millrace.pipeline.file.TableName;
import io.millrace.pipeline.record.Position;
import io.millrace.values.row.AvroRows;
import io.millrace.values.row.RootKeys;
import io.millrace.values.row.Row;
import java.io.File;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Properties;
import org.apache.kafka.common.header.internals.RecordHeaders;
import org.apache.kafka.common.utils.Bytes;
import org.apache.kafka.streams.processor.TaskId;
import org.apache.kafka.streams.processor.api.MockProcessorContext;
import org.apache.kafka.streams.state.KeyValueStore;
import org.apache.kafka.streams.state.Stores;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** Rows are taken back from the parent that they had, though a crash lost what the truncate sent. */
class TruncatedRowTest {

    private static final byte[] ID = {3};

    private final CommitClock commits = new CommitClock();
    private final List<Long> takenBack = new ArrayList<>();
    private final List<Long> led = new ArrayList<>();
    private Plan plan;
    private TablePlan recipients;
    private KeyValueStore<Bytes, byte[]> rows;

    @BeforeEach
    void aRowBelowItsParent() {
        var pipeline = PipelineFiles.load(List.of(Path.of("src/test/resources/it/pipelines/people.yaml"))).getFirst().pipeline();
        plan = Planner.plan(pipeline, new RootKeys(Schema.TABLES.get("person").keySchema()).columns());
        recipients = plan.table(new TableName("public", "recipient"));
        var context = new MockProcessorContext<byte[], byte[]>(new Properties(), new TaskId(0, 0), new File("."));
        rows = Stores.inMemoryKeyValueStore("rows").get();
        rows.init(context.getStateStoreContext(), rows);
        take(life(), 10, "1");
        assertEquals(List.of(), takenBack);
    }

    @Test
    void theRowsNextRecordComesBeforeTheTruncateBeginsAgain() {
        truncate(life(), 20);
        take(life(), 25, "2");
        assertEquals(List.of(20L, 25L), takenBack);
    }

    @Test
    void theTruncateBeginsAgainBeforeTheMoveIsReplayed() {
        take(life(), 15, "2");
        truncate(life(), 20);
        assertEquals(List.of(15L, 20L, 20L), takenBack, "from the parent that it had first, and again, and from the second");
    }

    @Test
    void anotherTruncateRepeatsWhatTheFirstSent() {
        truncate(life(), 20);
        truncate(life(), 30);
        assertEquals(List.of(20L, 30L), takenBack);
    }

    /** A life before may have told already that what the truncate took away leads nowhere. */
    @Test
    void aRowThatComesBackBeforeItWasTakenAwayLeadsWhatIsBelowItAgain() {
        var monitors = plan.table(new TableName("public", "monitor"));
        var monitor = row(monitors, Map.of("id", "3", "author_id", "1"));
        life().remembered(monitors, ID, monitor, at(10), at(0), new RecordHeaders());
        life().remembered(monitors, ID, monitor, at(12), at(0), new RecordHeaders());
        assertEquals(List.of(10L), led, "what leads to the same place as before is not told again");
        life().remembered(monitors, ID, monitor, at(25), at(20), new RecordHeaders());
        assertEquals(List.of(10L, 25L), led);
    }

    /** Of the task; what it sends is not known to be committed. */
    private Announcements life() {
        var clock = commits.session(0);
        return new Announcements(rows, clock, new Graves(rows, clock, Duration.ofMinutes(1)), (to, message, cause) -> {
            if (message instanceof Message.Placed placed && placed.row() == null) {
                takenBack.add(placed.position().commit());
            } else if (message instanceof Message.Located located && located.rootKey() != null) {
                led.add(located.position().commit());
            }
        });
    }

    private void take(Announcements life, long position, String parent) {
        life.remembered(recipients, ID, row(parent), at(position), at(0), new RecordHeaders());
    }

    private void truncate(Announcements life, long position) {
        life.truncate(recipients, new Truncated(at(position), at(position)), null, 10, new RecordHeaders());
    }

    private static Position at(long position) {
        return new Position(position, position);
    }

    private Row row(String parent) {
        return row(recipients, Map.of("id", "3", "monitor_id", parent, "kind", "k"));
    }

    private static Row row(TablePlan table, Map<String, String> values) {
        var format = Schema.TABLES.get(table.name().table());
        return AvroRows.of(format.valueSchema(), table.columns()).read(format.encode(format.valueSchema(), 0, values));
    }
}
