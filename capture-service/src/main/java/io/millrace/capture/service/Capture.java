package io.millrace.capture.service;

import io.micrometer.core.instrument.Gauge;
import io.micrometer.core.instrument.MeterRegistry;
import io.millrace.capture.continuity.Point;
import io.millrace.capture.engine.CaptureRun;
import io.millrace.capture.engine.EngineSettings;
import io.millrace.capture.engine.LookPace;
import io.millrace.capture.engine.Patience;
import io.millrace.capture.engine.Readiness;
import io.millrace.capture.registry.SchemaIds;
import io.millrace.capture.resnapshot.Resnapshots;
import io.millrace.capture.resnapshot.Resnapshotter;
import io.millrace.capture.resnapshot.Window;
import io.millrace.capture.row.Events;
import io.millrace.capture.row.Form;
import io.millrace.capture.row.Tracing;
import io.millrace.capture.row.Transforms;
import io.millrace.capture.send.CapturedLogs;
import io.millrace.capture.send.KafkaSettings;
import io.millrace.capture.send.Progress;
import io.millrace.capture.send.Sender;
import io.millrace.capture.source.Slot;
import io.millrace.capture.source.SourceConnection;
import io.millrace.capture.source.SourceLock;
import io.millrace.capture.source.Wanted;
import io.millrace.capture.subject.ErasedSubjects;
import io.millrace.pipeline.file.InvalidPipelineException;
import io.millrace.pipeline.file.Pipeline;
import io.millrace.pipeline.file.PipelineFile;
import io.millrace.pipeline.file.PipelineFiles;
import io.millrace.pipeline.file.Source;
import io.millrace.pipeline.file.TableName;
import io.millrace.pipeline.file.UsedColumns;
import io.millrace.pipeline.http.HttpAccess;
import io.millrace.pipeline.http.Server;
import io.millrace.pipeline.kafka.KafkaKeys;
import io.millrace.pipeline.kafka.PlainClients;
import io.millrace.pipeline.liveness.LoopThread;
import io.millrace.pipeline.liveness.Loops;
import io.millrace.pipeline.liveness.Trouble;
import io.millrace.pipeline.topic.Topics;
import io.opentelemetry.api.trace.Tracer;
import io.quarkus.runtime.ShutdownEvent;
import io.quarkus.runtime.StartupEvent;
import io.quarkus.runtime.configuration.ConfigurationException;
import io.vertx.core.Vertx;
import jakarta.enterprise.context.ApplicationScoped;
import jakarta.enterprise.event.Observes;
import java.net.URI;
import java.time.Duration;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TimeZone;
import java.util.TreeMap;
import java.util.function.ToDoubleFunction;
import java.util.stream.Collectors;
import org.eclipse.microprofile.config.Config;
import org.jboss.logging.Logger;

/** The service's one job, from start to stop. */
@ApplicationScoped
public class Capture {

    private static final Logger LOG = Logger.getLogger(Capture.class);
    private static final List<String> WAL_STATUSES = List.of("reserved", "extended", "unreserved", "lost");
    private static final Duration STOP = Duration.ofSeconds(20);
    /** One connection after another that hangs. */
    private static final Duration LONGEST_LOOK = SourceConnection.LONGEST_ANSWER.multipliedBy(2);

    private final CaptureConfig config;
    private final Config all;
    private final MeterRegistry meters;
    private final Tracer tracer;
    private final Vertx vertx;
    private final Readiness readiness = new Readiness();
    private final Loops loops = new Loops();
    private LoopThread watch;
    private LoopThread heartbeat;
    private CaptureRun run;
    private Resnapshots resnapshots;
    private LoopThread resnapshotter;
    private String sourceName;
    private LoopThread thread;

    Capture(CaptureConfig config, Config all, MeterRegistry meters, Tracer tracer, Vertx vertx) {
        this.config = config;
        this.all = all;
        this.meters = meters;
        this.tracer = tracer;
        this.vertx = vertx;
    }

    Readiness.State state() {
        return readiness.state();
    }

    /** The last commit up to which Kafka has everything that was committed; null while none is known. */
    Point completeUpTo() {
        return run == null ? null : run.completeUpTo();
    }

    String sourceName() {
        return sourceName;
    }

    /** What is read while the stream goes on. */
    Resnapshots resnapshots() {
        return resnapshots;
    }

    /** Has everything read again of which changes may be missing. */
    void recover() {
        run.recover();
    }

    /** Why a recovery would change nothing now: another capture goes on writing the topics; null where none is known to. */
    String refusal() {
        return run.refusal();
    }

    /** Whether the stream stands at a place in the log that cannot be read. */
    boolean isStuck() {
        return run.isStuck();
    }

    /** Gives up what the log has until now, and has everything read again. */
    void skipLog() {
        run.skipLog();
    }

    /** Threads that ended unseen or are stuck; empty while all is well. */
    List<Trouble> troubles() {
        return loops.troubles();
    }

    void start(@Observes StartupEvent event) {
        try {
            start();
        } catch (IllegalStateException | IllegalArgumentException | InvalidPipelineException e) {
            // Quarkus prints the message of this one without a stack trace.
            throw new ConfigurationException(e.getMessage());
        }
    }

    private void start() {
        // The driver asks for the session's time zone by that of the process, and Postgres prints ranges of instants in it.
        TimeZone.setDefault(TimeZone.getTimeZone("UTC"));
        var pipelines = pipelines();
        var source = pipelines.getFirst().source();
        sourceName = source.name();
        // One that leads nowhere stops the start.
        source.password().resolve();
        var connection = new SourceConnection(source.url().resolve(), source.user().resolve(), source.password());
        var settings = new EngineSettings(source.name(), connection, config.pollInterval(), config.pace(), config.heartbeat(), config.batchSize(), config.queueSize(),
                config.queueBytes().asLongValue(), config.snapshotThreads());
        var kafka = new KafkaSettings(Map.copyOf(KafkaKeys.of(all.getPropertyNames(), name -> all.getOptionalValue(name, String.class))));
        PlainClients.requirePlainBrokers(kafka.common());
        var registry = HttpAccess.of(Server.REGISTRY, List.of(URI.create(config.registryUrl())), all.getPropertyNames(), name -> all.getOptionalValue(name, String.class));
        var loop = loops.loop("capture " + source.name(), config.stuckAfter());
        var patience = new Patience(readiness, meters.counter("millrace.retries", "stage", "capture"), loop);
        var used = UsedColumns.of(pipelines);
        var forms = forms(pipelines, used.keySet());
        var wanted = new TreeMap<TableName, Wanted>();
        used.forEach((table, columns) -> wanted.put(table, new Wanted(columns, forms.containsKey(table) ? forms.get(table).mark() : "", true)));
        var outbox = source.outbox();
        if (outbox != null) {
            wanted.put(outbox.table(), new Wanted(outbox.columns(), "", false));
        }
        var logs = new CapturedLogs(kafka, source.name(), loops);
        var lock = new SourceLock(connection, source.name());
        var progress = new Progress(kafka, source.name(), lock, logs, loops);
        var window = new Window();
        resnapshots = new Resnapshots(connection, source.name(), progress, meters, table -> run.recover(table));
        run = new CaptureRun(settings, wanted, forms, transforms(pipelines, used.keySet()), outbox == null ? null : Events.of(outbox), new ErasedSubjects(connection, pipelines), new SchemaIds(config.registryUrl(), registry, vertx), lock, progress,
                new Sender(kafka, Math.toIntExact(config.maxRecordBytes().asLongValue()), logs), logs, new Tracing(tracer, config.traceRate(), traceRates(pipelines)), meters, readiness, patience, loop, source.recovery() == Source.Recovery.AUTOMATIC, source.reread() == Source.Recovery.AUTOMATIC, source.wal(), resnapshots, window);
        var reader = new Resnapshotter(connection, source.name(), resnapshots, window, EngineSettings.HEARTBEAT_QUERY, config.resnapshotChunkRows(), config.resnapshotRowsPerSecond(),
                why -> readiness.concern(Readiness.Concern.RESNAPSHOT, why));
        resnapshotter = loops.thread("resnapshot " + source.name(), Thread.ofPlatform(), config.stuckAfter(), reader::run).start();
        watch(Topics.slot(source.name()), source.wal());
        heartbeat = loops.thread("heartbeat", Thread.ofVirtual(), config.stuckAfter(), run::beat).start();
        thread = loops.thread(loop, Thread.ofPlatform(), own -> run.run()).start();
        LOG.infof("Capturing the source %s for %s", source.name(), pipelines.stream().map(Pipeline::name).collect(Collectors.joining(", ")));
    }

    /** A change is traced for every pipeline that it goes through, so the highest rate of a table's pipelines counts. */
    private static Map<TableName, Double> traceRates(List<Pipeline> pipelines) {
        var rates = new HashMap<TableName, Double>();
        pipelines.stream().filter(p -> p.trace().rate() != null).forEach(p -> p.tableNames().forEach(table -> rates.merge(table, p.trace().rate(), Math::max)));
        return rates;
    }

    void stop(@Observes ShutdownEvent event) throws InterruptedException {
        if (watch != null) {
            watch.interrupt();
        }
        if (heartbeat != null) {
            heartbeat.interrupt();
        }
        if (resnapshotter != null) {
            resnapshotter.interrupt();
        }
        if (run != null) {
            thread.release();
            run.stop();
            if (!thread.join(STOP)) {
                LOG.warnf("What was in flight has not ended within %d s; it is captured again at the next start", STOP.toSeconds());
            }
        }
    }

    private List<Pipeline> pipelines() {
        var bySource = new TreeMap<>(PipelineFiles.load(config.pipelines()).stream().map(PipelineFile::pipeline)
                .collect(Collectors.groupingBy(p -> p.source().name())));
        if (config.source().isPresent()) {
            var chosen = bySource.get(config.source().get());
            if (chosen == null) {
                throw new IllegalStateException("millrace.capture.source is '" + config.source().get() + "', but the pipelines have " + bySource.keySet() + "; choose one of these");
            }
            return chosen;
        }
        if (bySource.size() > 1) {
            throw new IllegalStateException("The pipelines in " + config.pipelines() + " have the sources " + bySource.keySet()
                    + ", and one capture reads one source; set millrace.capture.source to one of them, and run a capture for each");
        }
        return bySource.firstEntry().getValue();
    }

    /** Every pipeline asks for the same, or the files were refused. */
    private static Map<TableName, Form> forms(List<Pipeline> pipelines, Set<TableName> tables) {
        var forms = new HashMap<TableName, Form>();
        for (var table : tables) {
            pipelines.stream().map(p -> p.settings(table).form()).filter(form -> !form.isAsItIs()).findFirst().ifPresent(form -> forms.put(table, Form.of(form)));
        }
        return forms;
    }

    private static Map<TableName, Transforms> transforms(List<Pipeline> pipelines, Set<TableName> tables) {
        var transforms = new HashMap<TableName, Transforms>();
        for (var table : tables) {
            pipelines.stream().map(p -> p.settings(table).transforms()).filter(t -> !t.isEmpty()).findFirst()
                    .ifPresent(described -> transforms.put(table, Transforms.of(table, described)));
        }
        return transforms;
    }

    private void watch(String slot, Source.Wal wal) {
        Gauge.builder("millrace.slot.budget.bytes", () -> wal == null ? Double.NaN : wal.budget()).description("WAL that the pipeline file allows the slot to keep on the primary; not a number where it sets no budget")
                .tag("slot", slot).register(meters);
        gauge("millrace.slot.retained.bytes", "WAL that the primary keeps for the slot", slot, Slot.State::retainedBytes);
        gauge("millrace.slot.lag.bytes", "WAL written since the LSN that the slot has confirmed", slot, Slot.State::lagBytes);
        gauge("millrace.slot.safe.bytes", "WAL that may still be written before the primary gives the slot up; not a number where it sets no limit", slot,
                state -> state.safeBytes() < 0 ? Double.NaN : state.safeBytes());
        WAL_STATUSES.forEach(status -> Gauge.builder("millrace.slot.wal.status", () -> run.slotState() == null ? Double.NaN : status.equals(run.slotState().walStatus()) ? 1 : 0).description("1 for the wal_status that pg_replication_slots has")
                .tags("slot", slot, "status", status).register(meters));
        Gauge.builder("millrace.server.up", () -> run.slotState() == null ? 0 : 1).description("Whether the server answered when it was last asked")
                .tags("stage", "capture", "server", "postgres").register(meters);
        Gauge.builder("millrace.standby", () -> readiness.state().isStandingBy() ? 1 : 0).description("1 while another process captures the source, and this one would take over")
                .tags("stage", "capture", "slot", slot).register(meters);
        var pace = new LookPace(config.watch());
        watch = loops.thread("source watch", Thread.ofVirtual(), config.stuckAfter(), loop -> {
            var pause = config.watch();
            while (true) {
                loop.waits(pause);
                Thread.sleep(pause);
                loop.waits(LONGEST_LOOK);
                pause = pace.after(run.look());
            }
        }).start();
    }

    private void gauge(String name, String description, String slot, ToDoubleFunction<Slot.State> value) {
        Gauge.builder(name, () -> run.slotState() == null ? Double.NaN : value.applyAsDouble(run.slotState())).description(description).tag("slot", slot).register(meters);
    }
}
