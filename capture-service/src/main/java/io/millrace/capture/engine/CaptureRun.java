package io.millrace.capture.engine;

import io.micrometer.core.instrument.MeterRegistry;
import io.millrace.capture.registry.RegistryAwayException;
import io.millrace.capture.registry.SchemaIds;
import io.millrace.capture.row.Captured;
import io.millrace.capture.row.Changes;
import io.millrace.capture.row.Environment;
import io.millrace.capture.row.Tracing;
import io.millrace.capture.row.Transforms;
import io.millrace.capture.send.Progress;
import io.millrace.capture.send.SendException;
import io.millrace.capture.send.Sender;
import io.millrace.capture.source.KeyTypes;
import io.millrace.capture.source.MissingValues;
import io.millrace.capture.source.Slot;
import io.millrace.capture.source.SourceCheck;
import io.millrace.capture.source.UnpublishedColumns;
import io.millrace.capture.text.TextSnapshot;
import io.millrace.pipeline.file.TableName;
import io.millrace.pipeline.record.Headers;
import io.millrace.pipeline.record.Position;
import io.millrace.pipeline.schema.Column;
import io.millrace.pipeline.topic.Topics;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Properties;
import java.util.Set;
import java.util.TreeSet;
import java.util.concurrent.atomic.AtomicBoolean;
import org.apache.avro.Schema;
import org.apache.kafka.connect.data.Struct;
import org.apache.kafka.connect.source.SourceRecord;
import org.jboss.logging.Logger;

/**
 * Captures one source until it is stopped: checks, makes the slot, reads tables that were never read, streams; and begins
 * again with the checks whenever something fails.
 */
public final class CaptureRun {

    private static final Logger LOG = Logger.getLogger(CaptureRun.class);

    /** What to do when the slot is gone though tables were captured through it. */
    public enum LostSlot {
        /** Wait and say so: a person must know that changes are missing. */
        FAIL,
        /** Make a new slot and read every table again. Rows that were deleted in between stay downstream. */
        SNAPSHOT
    }

    private final EngineSettings settings;
    private final Set<TableName> tables;
    private final Map<TableName, Transforms> transforms;
    private final SchemaIds schemaIds;
    private final Progress progress;
    private final Sender sender;
    private final MissingValues missingValues;
    private final Slot slot;
    private final Tracing tracing;
    private final MeterRegistry meters;
    private final StreamMeters stream;
    private final Readiness readiness;
    private final Patience patience;
    private final LostSlot lostSlot;
    private final AtomicBoolean stopping = new AtomicBoolean();
    /** What was last said of tables that inherit. */
    private List<String> inheritingSaid = List.of();
    /** Guarded by this. */
    private Engine engine;

    /**
     * @param tables every table of the pipelines; Millrace's own are added
     * @param transforms of the tables that have some
     */
    public CaptureRun(EngineSettings settings, Collection<TableName> tables, Map<TableName, Transforms> transforms, SchemaIds schemaIds, Progress progress,
            Sender sender, Tracing tracing, MeterRegistry meters, Readiness readiness, Patience patience, LostSlot lostSlot) {
        this.settings = settings;
        this.tables = new TreeSet<>(tables);
        this.tables.add(Topics.OUTBOX);
        this.tables.add(Topics.HEARTBEAT);
        this.transforms = Map.copyOf(transforms);
        this.schemaIds = schemaIds;
        this.progress = progress;
        this.sender = sender;
        this.missingValues = new MissingValues(settings.source(), Topics.publication(settings.sourceName()));
        this.slot = new Slot(settings.source(), settings.sourceName());
        this.tracing = tracing;
        this.meters = meters;
        this.stream = new StreamMeters(meters, settings.heartbeat());
        this.readiness = readiness;
        this.patience = patience;
        this.lostSlot = lostSlot;
    }

    /** Captures until {@link #stop()}. */
    public void run() {
        int failures = 0;
        while (!stopping.get()) {
            long began = System.nanoTime();
            String reason;
            try {
                once();
                reason = "Debezium ended without saying why; starting it again";
            } catch (InterruptedException e) {
                break;
            } catch (StartException | SendException e) {
                reason = e.getMessage();
            } catch (EngineException e) {
                LOG.debug("The engine ended", e);
                reason = "Capture was interrupted: " + e.getMessage() + "; starting again";
            } catch (SQLException e) {
                reason = SourceCheck.explain(settings.source(), e);
            } catch (RuntimeException e) {
                LOG.error("Capture failed unexpectedly", e);
                reason = "Capture failed unexpectedly: " + e + "; starting again";
            }
            failures = System.nanoTime() - began > 60_000_000_000L ? 0 : failures + 1;
            if (!stopping.get()) {
                try {
                    patience.pause(failures, reason);
                } catch (InterruptedException _) {
                    break;
                }
            }
        }
        sender.close();
        progress.close();
        missingValues.close();
    }

    /** Finishes what is in flight and ends {@link #run()}. */
    public void stop() {
        stopping.set(true);
        patience.stop();
        Engine running;
        synchronized (this) {
            running = engine;
        }
        if (running != null) {
            running.close();
        }
    }

    private void once() throws InterruptedException, SQLException {
        var problems = SourceCheck.problems(settings.source(), settings.sourceName(), tables);
        if (!problems.isEmpty()) {
            throw new StartException(String.join("\n", problems));
        }
        checkTopics();
        warnOfInheritance();
        var leftOut = UnpublishedColumns.of(settings.source(), settings.sourceName(), tables);
        var read = new TreeSet<>(progress.tables());
        long start = start(read);
        // A table that was taken out and comes back has missed changes.
        boolean changed = read.retainAll(tables);
        var unread = new TreeSet<>(tables);
        unread.removeAll(read);
        unread.remove(Topics.HEARTBEAT);
        if (!unread.isEmpty()) {
            snapshot(unread, leftOut, start);
            read.addAll(unread);
            changed = true;
        }
        if (changed) {
            progress.save(read);
        }
        stream(leftOut, start);
    }

    private void warnOfInheritance() throws SQLException {
        var inheriting = SourceCheck.inheriting(settings.source(), tables);
        if (!inheriting.isEmpty() && !inheriting.equals(inheritingSaid)) {
            inheritingSaid = inheriting;
            LOG.warnf("Tables inherit from captured ones: %s. Postgres replicates the rows of such a table under its own name only, so they are no rows of its parent here, "
                    + "as in SELECT … FROM ONLY; name the tables in a pipeline file, or use partitions", String.join(", ", inheriting));
        }
    }

    private void checkTopics() throws InterruptedException {
        var topics = tables.stream().filter(t -> !t.equals(Topics.HEARTBEAT)).map(t -> Topics.captured(settings.sourceName(), t)).toList();
        var counts = progress.partitions(topics);
        var missing = topics.stream().filter(t -> !counts.containsKey(t)).toList();
        if (!missing.isEmpty()) {
            throw new StartException("Kafka has no topic " + String.join(", ", missing) + "; make it by provisioning the source; trying again");
        }
        if (Set.copyOf(counts.values()).size() > 1) {
            throw new StartException("The topics of the source " + settings.sourceName() + " have different partition counts, " + counts
                    + "; rows of one document would be scattered: give all of them the same count");
        }
    }

    private long start(Set<TableName> read) throws SQLException {
        var confirmed = slot.confirmed();
        if (confirmed.isPresent()) {
            return confirmed.getAsLong();
        }
        if (!read.isEmpty()) {
            if (lostSlot == LostSlot.FAIL) {
                throw new StartException("The replication slot " + slot.name() + " is gone, though " + read.size() + " tables were captured through it: changes since then are lost. "
                        + "After a failover, check that the slot was synchronized; to go on, set millrace.capture.lost-slot=snapshot, which reads every table again, "
                        + "and verify the documents, because rows deleted in between are not noticed");
            }
            LOG.warnf("The replication slot %s is gone; making a new one and reading %d tables again", slot.name(), read.size());
            read.clear();
        }
        readiness.preparing("making the replication slot " + slot.name() + ", which waits for the transactions that are open now");
        long start = slot.create();
        LOG.infof("Made the replication slot %s at %s", slot.name(), Position.lsnText(start));
        return start;
    }

    private void snapshot(Collection<TableName> unread, Map<TableName, Set<String>> leftOut, long start) throws InterruptedException, SQLException {
        LOG.infof("Reading %d tables as of %s: %s", unread.size(), Position.lsnText(start), unread);
        var finished = new AtomicBoolean();
        var writer = new Writer(start);
        stream.unread(unread.size());
        var phase = "reading " + unread.size() + " tables";
        boolean inChunks = TextSnapshot.UNCHANGED.containsAll(KeyTypes.of(settings.source(), unread));
        run(settings.snapshot(unread, leftOut, inChunks), batch -> {
            writer.accept(batch);
            for (var record : batch) {
                if (EngineSettings.NOTIFICATIONS.equals(record.topic()) && ends(record)) {
                    stream.unread(0);
                    finished.set(true);
                    // From a thread of its own, because closing waits for this one.
                    Thread.ofVirtual().name("end of snapshot").start(this::closeEngine);
                }
            }
        }, () -> readiness.ready(phase));
        if (!finished.get()) {
            throw new StartException("The snapshot ended before all tables were read; starting it again");
        }
    }

    private boolean ends(SourceRecord record) {
        var notification = (Struct) record.value();
        if (!"Initial Snapshot".equals(notification.getString("aggregate_type"))) {
            return false;
        }
        return switch (notification.getString("type")) {
            case "COMPLETED", "SKIPPED" -> true;
            case "TABLE_SCAN_COMPLETED" -> {
                stream.tableRead();
                yield false;
            }
            case "ABORTED" -> throw new StartException("Debezium gave the snapshot up; starting it again");
            default -> false;
        };
    }

    private void stream(Map<TableName, Set<String>> leftOut, long start) throws InterruptedException {
        LOG.infof("Streaming from %s", Position.lsnText(start));
        run(settings.stream(tables, leftOut, start), new Writer(start), () -> readiness.ready("streaming"));
    }

    private void run(Properties properties, Engine.Consumer consumer, Runnable polling) throws InterruptedException {
        Engine made;
        synchronized (this) {
            if (stopping.get()) {
                throw new InterruptedException("Capture is being stopped");
            }
            made = new Engine(properties, consumer, polling);
            engine = made;
        }
        try {
            made.run();
        } finally {
            synchronized (this) {
                engine = null;
            }
        }
    }

    private void closeEngine() {
        Engine running;
        synchronized (this) {
            running = engine;
        }
        if (running != null) {
            running.close();
        }
    }

    /** Writes batches of one engine run to Kafka. */
    private final class Writer implements Engine.Consumer, Environment {
        private final long start;
        private final Changes changes = new Changes(settings.sourceName(), transforms, sender.mostBytes(), this, tracing, meters);
        private final Map<String, Integer> partitions = new HashMap<>();

        Writer(long start) {
            this.start = start;
        }

        @Override
        public void accept(List<SourceRecord> events) throws InterruptedException {
            long began = System.nanoTime();
            var batch = new ArrayList<Captured>(events.size());
            for (var event : events) {
                changes.of(event, start, batch::add);
            }
            var heartbeat = changes.takeHeartbeat();
            stream.began(!batch.isEmpty() ? batch.getFirst().committedMicros() : heartbeat == null ? 0 : heartbeat.committedMicros());
            if (!batch.isEmpty()) {
                send(batch);
            }
            if (heartbeat != null) {
                progress.reached(heartbeat.lsn());
            }
            stream.ended(batch.size(), System.nanoTime() - began);
        }

        private void send(List<Captured> batch) throws InterruptedException {
            patience.insist(SendException.class, () -> {
                sender.send(batch);
                return null;
            });
            long now = Headers.nowMicros();
            for (var captured : batch) {
                captured.table().acknowledged(captured, now);
            }
        }

        @Override
        public int schemaId(String subject, Schema schema) throws InterruptedException {
            return patience.insist(RegistryAwayException.class, () -> schemaIds.id(subject, schema));
        }

        @Override
        public int partitions(String topic) throws InterruptedException {
            var known = partitions.get(topic);
            if (known == null) {
                known = patience.insist(SendException.class, () -> progress.partitions(List.of(topic)).get(topic));
                if (known == null) {
                    throw new StartException("Kafka has no topic " + topic + " any more; make it by provisioning the source; trying again");
                }
                partitions.put(topic, known);
            }
            return known;
        }

        @Override
        public Map<String, String> missingValues(TableName table, List<String> columns, List<Column> keyColumns, List<Object> key, List<String> missing) throws InterruptedException {
            return patience.insist(SQLException.class, () -> missingValues.read(table, columns, keyColumns, key, missing));
        }
    }
}
