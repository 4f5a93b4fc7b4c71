package io.millrace.purge.source;

import io.agroal.api.AgroalDataSource;
import io.micrometer.core.instrument.Gauge;
import io.micrometer.core.instrument.MeterRegistry;
import io.millrace.pipeline.file.Source;
import io.millrace.pipeline.liveness.Loop;
import io.millrace.pipeline.liveness.LoopThread;
import io.millrace.pipeline.liveness.Loops;
import io.millrace.pipeline.topic.Topics;
import io.millrace.purge.PurgeConfig;
import io.quarkus.runtime.Startup;
import jakarta.annotation.PostConstruct;
import jakarta.annotation.PreDestroy;
import jakarta.enterprise.context.ApplicationScoped;
import java.sql.SQLException;
import java.time.Duration;
import java.util.List;
import java.util.function.ToDoubleFunction;
import org.jboss.logging.Logger;

/**
 * Tells how much WAL the primary keeps for the source's slot. Capture tells that of its own slot, but not while it is away, and that is when
 * the slot keeps most.
 */
@ApplicationScoped
@Startup
class SlotWatch {

    private static final Logger LOG = Logger.getLogger(SlotWatch.class);
    private static final Duration ROUND = Duration.ofSeconds(15);
    private static final double UNKNOWN = Double.NaN;
    private static final List<String> STATUSES = List.of("reserved", "extended", "unreserved", "lost");
    private static final String SLOT = """
            SELECT pg_wal_lsn_diff(now, restart_lsn)::bigint, pg_wal_lsn_diff(now, confirmed_flush_lsn)::bigint, safe_wal_size, wal_status
            FROM pg_replication_slots, LATERAL (SELECT CASE WHEN pg_is_in_recovery() THEN pg_last_wal_replay_lsn() ELSE pg_current_wal_lsn() END AS now) w
            WHERE slot_name = ? AND database = current_database()""";

    private final AgroalDataSource database;
    private final Source source;
    private final MeterRegistry meters;
    private final LoopThread thread;
    /** Null where there is no slot, or the database does not answer. */
    private volatile State last;
    private String trouble;

    /** In bytes, null where the server tells none. */
    private record State(Long retained, Long lag, Long safe, String status) {}

    SlotWatch(AgroalDataSource database, Pipelines pipelines, PurgeConfig config, MeterRegistry meters, Loops loops) {
        this.database = database;
        this.source = pipelines.all().getFirst().source();
        this.meters = meters;
        this.thread = loops.thread("watch of the slot", Thread.ofVirtual(), config.stuckAfter(), this::live);
    }

    @PostConstruct
    void start() {
        gauge("millrace.slot.retained.bytes", "WAL that the primary keeps for the slot", state -> value(state.retained));
        gauge("millrace.slot.lag.bytes", "WAL written since the LSN that the slot has confirmed", state -> value(state.lag));
        gauge("millrace.slot.safe.bytes", "WAL that may still be written before the primary gives the slot up; not a number where it sets no limit", state -> value(state.safe));
        Gauge.builder("millrace.slot.budget.bytes", () -> source.wal() == null ? UNKNOWN : source.wal().budget()).description("WAL that the pipeline file allows the slot to keep on the primary; not a number where it sets no budget")
                .tags("stage", "purge", "slot", Topics.slot(source.name())).register(meters);
        STATUSES.forEach(status -> Gauge.builder("millrace.slot.wal.status", () -> last == null ? UNKNOWN : status.equals(last.status) ? 1 : 0).description("1 for the wal_status that pg_replication_slots has")
                .tags("stage", "purge", "slot", Topics.slot(source.name()), "status", status).register(meters));
        thread.start();
    }

    private void gauge(String name, String description, ToDoubleFunction<State> value) {
        Gauge.builder(name, () -> last == null ? UNKNOWN : value.applyAsDouble(last)).description(description).tags("stage", "purge", "slot", Topics.slot(source.name())).register(meters);
    }

    private static double value(Long bytes) {
        return bytes == null ? UNKNOWN : bytes;
    }

    private void live(Loop loop) throws InterruptedException {
        while (true) {
            loop.beat();
            look();
            loop.waits(ROUND);
            Thread.sleep(ROUND);
        }
    }

    private void look() {
        try (var connection = database.getConnection(); var statement = connection.prepareStatement(SLOT)) {
            statement.setString(1, Topics.slot(source.name()));
            try (var row = statement.executeQuery()) {
                last = row.next() ? new State(row.getObject(1, Long.class), row.getObject(2, Long.class), row.getObject(3, Long.class), row.getString(4)) : null;
            }
            trouble = null;
        } catch (SQLException e) {
            last = null;
            if (!String.valueOf(e.getMessage()).equals(trouble)) {
                trouble = String.valueOf(e.getMessage());
                LOG.warnf("The WAL that the slot %s keeps cannot be told: %s", Topics.slot(source.name()), trouble);
            }
        }
    }

    @PreDestroy
    void stop() {
        thread.interrupt();
    }
}
