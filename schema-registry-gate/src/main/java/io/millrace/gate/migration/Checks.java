package io.millrace.gate.migration;

import io.millrace.check.CheckException;
import io.millrace.check.CheckRequest;
import io.millrace.check.MigrationCheck;
import io.millrace.check.Report;
import io.millrace.check.scratch.ScratchServer;
import io.millrace.check.script.Migration;
import io.millrace.gate.GateConfig;
import io.millrace.pipeline.access.Secret;
import io.millrace.pipeline.file.PipelineFile;
import io.millrace.pipeline.file.PipelineFiles;
import io.quarkus.runtime.Startup;
import jakarta.inject.Singleton;
import java.time.Duration;
import java.util.List;
import java.util.TreeSet;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;

/** Runs migrations on the configured scratch server: one check at a time, none for longer than it may take. Thread-safe. */
@Startup
@Singleton
class Checks {

    private final GateConfig config;
    private final List<PipelineFile> pipelines;
    /** Null where none is configured. */
    private final String scratch;
    private final Semaphore one = new Semaphore(1);

    Checks(GateConfig config) {
        this.config = config;
        this.pipelines = PipelineFiles.load(config.pipelines());
        this.scratch = Secret.of("millrace.gate.check.scratch", config.check().scratch().env(), config.check().scratch().file()).read();
    }

    /** Nothing can be checked, whatever is asked. */
    static final class NotConfiguredException extends Exception {

        private static final long serialVersionUID = 1L;

        NotConfiguredException() {
            super("This gate has no scratch database: set millrace.gate.check.scratch.env or .file to where the URL of an empty database is found, on a Postgres of its own; or run ./millrace check");
        }
    }

    /** Another check is being made. */
    static final class BusyException extends Exception {

        private static final long serialVersionUID = 1L;

        BusyException() {
            super("Another check is running on this gate, and one runs at a time; try again in a while");
        }
    }

    int maxBytes() {
        return config.check().maxBytes();
    }

    boolean isConfigured() {
        return scratch != null;
    }

    void requireConfigured() throws NotConfiguredException {
        if (!isConfigured()) {
            throw new NotConfiguredException();
        }
    }

    /**
     * The pipelines of one source.
     *
     * @param source null where this gate has pipelines of one source only
     * @throws CheckException when that leaves open which
     */
    List<PipelineFile> pipelines(String source) {
        var sources = new TreeSet<String>();
        pipelines.forEach(file -> sources.add(file.pipeline().source().name()));
        if (source == null && sources.size() > 1) {
            throw new CheckException("This gate has pipelines of several sources; name the database that the migrations are for as source: " + String.join(", ", sources));
        }
        if (source != null && !sources.contains(source)) {
            throw new CheckException("This gate has no pipeline of a source '" + source + "'; there are " + String.join(", ", sources));
        }
        return pipelines.stream().filter(file -> source == null || file.pipeline().source().name().equals(source)).toList();
    }

    /** @throws CheckException when the migrations cannot be judged */
    Report judge(CheckRequest request, List<Migration> migrations) throws NotConfiguredException, BusyException {
        requireConfigured();
        if (!one.tryAcquire()) {
            throw new BusyException();
        }
        try {
            return judgeInTime(request, migrations);
        } finally {
            one.release();
        }
    }

    private Report judgeInTime(CheckRequest request, List<Migration> migrations) {
        var late = new AtomicBoolean();
        var done = new CountDownLatch(1);
        try (var server = ScratchServer.open(scratch, null, null, config.check().timeout(), _ -> { })) {
            Thread.ofVirtual().name("check-timeout").start(() -> endWhenLate(server, done, late));
            try (var check = MigrationCheck.prepare(server, request, _ -> { })) {
                return check.judge(migrations);
            } finally {
                done.countDown();
            }
        } catch (CheckException e) {
            throw late.get() ? tooLong(e) : e;
        }
    }

    private void endWhenLate(ScratchServer server, CountDownLatch done, AtomicBoolean late) {
        try {
            if (!done.await(config.check().timeout().toMillis(), TimeUnit.MILLISECONDS)) {
                late.set(true);
                // Between two of its sessions there is none to end.
                do {
                    server.endSessions();
                } while (!done.await(1, TimeUnit.SECONDS));
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    private CheckException tooLong(CheckException e) {
        Duration most = config.check().timeout();
        return new CheckException("The check was ended after " + most.toSeconds() + " s (millrace.gate.check.timeout); check fewer migrations at once, or run ./millrace check", e);
    }
}
