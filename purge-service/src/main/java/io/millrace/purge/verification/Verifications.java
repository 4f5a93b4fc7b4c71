package io.millrace.purge.verification;

import io.agroal.api.AgroalDataSource;
import io.micrometer.core.instrument.MeterRegistry;
import io.millrace.pipeline.file.Pipeline;
import io.millrace.pipeline.liveness.Loop;
import io.millrace.pipeline.liveness.Loops;
import io.millrace.pipeline.wording.Counted;
import io.millrace.purge.PurgeConfig;
import io.millrace.purge.freshness.Freshness;
import io.millrace.purge.problem.RefusedException;
import io.millrace.purge.source.Pipelines;
import jakarta.annotation.PreDestroy;
import jakarta.enterprise.context.ApplicationScoped;
import java.io.IOException;
import java.sql.SQLException;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Objects;
import java.util.UUID;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import org.jboss.logging.Logger;

/** Begins verifications and runs them, one at a time in each process. Thread-safe. */
@ApplicationScoped
class Verifications {

    private static final Logger LOG = Logger.getLogger(Verifications.class);
    private static final Duration TELL_EVERY = Duration.ofSeconds(2);
    /** So much is read at once at a low rate that it is read every few seconds. */
    private static final int SECONDS_APART = 5;

    private final AgroalDataSource database;
    private final PurgeConfig config;
    private final Pipelines pipelines;
    private final Book book;
    private final Origin origin;
    private final IndexSides sides;
    private final Freshness freshness;
    private final MeterRegistry meters;
    private final Loops loops;
    private final Semaphore turn = new Semaphore(1, true);
    private volatile boolean closed;

    Verifications(AgroalDataSource database, PurgeConfig config, Pipelines pipelines, Book book, Origin origin, IndexSides sides, Freshness freshness, MeterRegistry meters, Loops loops) {
        this.database = database;
        this.config = config;
        this.pipelines = pipelines;
        this.book = book;
        this.origin = origin;
        this.sides = sides;
        this.freshness = freshness;
        this.meters = meters;
        this.loops = loops;
    }

    /**
     * Begins a verification.
     *
     * @param rate documents a second
     * @param since how long none may have been of this pipeline
     * @return its id; null where one runs, or did within that time
     * @throws RefusedException when the pipeline cannot be verified
     */
    UUID begin(Pipeline pipeline, VerificationRequest request, String requestedBy, int rate, Duration since) throws SQLException, IOException, InterruptedException {
        refuseTransformed(pipeline);
        var source = SourceSide.of(database, config.verification(), pipeline, List.copyOf(pipeline.generations(pipelines.all())));
        var index = sides.of(pipeline);
        refuse(pipeline, source, index);
        var id = UUID.randomUUID();
        if (!book.begin(id, pipeline.name(), requestedBy, request, since)) {
            return null;
        }
        LOG.infof("Verification %s of the pipeline %s begins: asked for by %s, %s %% of the documents, %s", id, pipeline.name(), requestedBy, request.percent(), request.repairs() ? "with repair" : "without repair");
        var name = "verification of " + pipeline.name();
        var loop = loops.begin(name, config.stuckAfter());
        Thread.ofVirtual().name(name).start(() -> run(id, pipeline, request, rate, source, index, loop));
        return id;
    }

    /** What one pipeline's file says of a table's rows holds for all. */
    private void refuseTransformed(Pipeline pipeline) {
        for (var table : pipeline.tableNames()) {
            if (pipelines.all().stream().map(p -> p.tables().get(table)).anyMatch(settings -> settings != null && !settings.transforms().isEmpty())) {
                throw new RefusedException("the rows of " + table + " go through transforms on their way, which no SQL join can repeat", "verify the pipelines without transforms");
            }
        }
    }

    private void refuse(Pipeline pipeline, SourceSide source, IndexSide index) throws SQLException, IOException, InterruptedException {
        var unreadable = source.unreadable();
        if (unreadable != null) {
            throw new RefusedException(unreadable, "grant it, or run the provisioner");
        }
        refuseOther("the database", source.identity(), origin.captured(), "capture reads", "give the purge service the source that capture has");
        refuseOther("the replica", source.replicaIdentity(), source.identity(), "the primary is", "put a physical replica of the source into millrace.purge.verification.replica-url");
        var refusal = index.refusal();
        if (refusal != null) {
            throw new RefusedException(refusal, "verify the pipeline that has the index, or wait until this one has it");
        }
    }

    private static void refuseOther(String what, SourceSide.Identity is, SourceSide.Identity wanted, String whose, String next) {
        if (is != null && !Objects.equals(is, wanted)) {
            throw new RefusedException(what + " is not the source: its system identifier is " + is.system() + " and the database's oid " + is.database() + ", where " + whose + " " + wanted.system() + " and " + wanted.database(), next);
        }
    }

    private void run(UUID id, Pipeline pipeline, VerificationRequest request, int rate, SourceSide source, IndexSide index, Loop loop) {
        var tally = new Tally();
        var sign = new Telling(id, tally, loop);
        try {
            tally.phase("waiting for another verification to end");
            while (!turn.tryAcquire(1, TimeUnit.SECONDS)) {
                sign.give();
            }
            try {
                examination(id, pipeline, request, rate, source, index, tally, sign).run();
                end(id, tally, tally.state());
            } finally {
                turn.release();
            }
        } catch (StoppedException e) {
            LOG.infof("Verification %s was ended before it had compared everything", id);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        } catch (Throwable e) {
            LOG.warnf(e, "Verification %s of the pipeline %s could not go on", id, pipeline.name());
            tally.note("It could not go on: " + (e.getMessage() == null ? e.toString() : e.getMessage()));
            end(id, tally, State.FAILED);
        } finally {
            loop.close();
        }
    }

    private Examination examination(UUID id, Pipeline pipeline, VerificationRequest request, int rate, SourceSide source, IndexSide index, Tally tally, Settlement.Sign sign) {
        var settings = config.verification();
        int batch = Math.min(settings.batch(), rate * SECONDS_APART);
        var pace = new Pace(rate);
        var settlement = new Settlement(source, index, freshness, pipeline, settings.patience(), batch, pace, tally, sign);
        var verified = meters.counter("millrace.documents.verified", "stage", "purge", "pipeline", pipeline.name());
        return new Examination(id, source, index, settlement, tally, sign, pace, verified, batch, request.repairs() ? settings.mostRepairs() : 0, request.percent());
    }

    private void end(UUID id, Tally tally, State state) {
        var report = tally.report(Instant.now());
        try {
            book.tell(id, state, report);
        } catch (SQLException e) {
            LOG.warnf("The end of verification %s could not be written down: %s", id, e.getMessage());
        }
        LOG.infof("Verification %s %s: %s compared, %d missing, %d orphaned, %d different, %d repaired, %d undecided", id, state.text(), Counted.of(report.documents(), "document"), report.missing(), report.orphaned(), report.different(),
                report.repaired(), report.undecided());
    }

    /** Tells the book how far the verification is, and its loop that it lives. Not thread-safe. */
    private final class Telling implements Settlement.Sign {
        final UUID id;
        final Tally tally;
        final Loop loop;
        long told = System.nanoTime();

        Telling(UUID id, Tally tally, Loop loop) {
            this.id = id;
            this.tally = tally;
            this.loop = loop;
        }

        /** A database that is away for a moment is told of it later; one that stays away ends the reading. */
        @Override
        public void give() {
            loop.beat();
            if (closed) {
                throw new StoppedException();
            }
            if (System.nanoTime() - told > TELL_EVERY.toNanos()) {
                told = System.nanoTime();
                if (!isToRun()) {
                    throw new StoppedException();
                }
            }
        }

        private boolean isToRun() {
            try {
                return book.tell(id, State.RUNNING, tally.report(null));
            } catch (SQLException e) {
                LOG.debugf("How far verification %s is could not be written down: %s", id, e.getMessage());
                return true;
            }
        }
    }

    /** What runs ends soon, and counts as interrupted. */
    @PreDestroy
    void close() {
        closed = true;
    }
}
