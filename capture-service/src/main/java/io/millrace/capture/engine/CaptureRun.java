package io.millrace.capture.engine;

import io.micrometer.core.instrument.MeterRegistry;
import io.millrace.capture.bundle.BundlingDecoder;
import io.millrace.capture.bundle.LackingException;
import io.millrace.capture.bundle.UndecodableException;
import io.millrace.capture.continuity.Known;
import io.millrace.capture.continuity.Loaded;
import io.millrace.capture.continuity.Point;
import io.millrace.capture.registry.SchemaIds;
import io.millrace.capture.resnapshot.FirstLoad;
import io.millrace.capture.resnapshot.Resnapshots;
import io.millrace.capture.resnapshot.Window;
import io.millrace.capture.row.Change;
import io.millrace.capture.row.Events;
import io.millrace.capture.row.Form;
import io.millrace.capture.row.Tracing;
import io.millrace.capture.row.Transforms;
import io.millrace.capture.send.CapturedLogs;
import io.millrace.capture.send.Progress;
import io.millrace.capture.send.SendException;
import io.millrace.capture.send.Sender;
import io.millrace.capture.source.LockLostException;
import io.millrace.capture.source.MissingValues;
import io.millrace.capture.source.QueuedRows;
import io.millrace.capture.source.Slot;
import io.millrace.capture.source.SourceCheck;
import io.millrace.capture.source.SourceConnection;
import io.millrace.capture.source.SourceLock;
import io.millrace.capture.source.Truncates;
import io.millrace.capture.source.UnpublishedColumns;
import io.millrace.capture.source.Wanted;
import io.millrace.capture.subject.ErasedSubjects;
import io.millrace.capture.text.Pace;
import io.millrace.capture.text.TextSnapshot;
import io.millrace.pipeline.file.Source;
import io.millrace.pipeline.file.TableName;
import io.millrace.pipeline.liveness.Loop;
import io.millrace.pipeline.record.Position;
import io.millrace.pipeline.topic.Topics;
import io.millrace.pipeline.wording.Counted;
import java.sql.SQLException;
import java.time.Duration;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.Properties;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.locks.ReentrantLock;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.apache.kafka.connect.data.Struct;
import org.apache.kafka.connect.source.SourceRecord;
import org.jboss.logging.Logger;

/**
 * Captures one source until it is stopped: checks, makes the slot, reads tables that were never read or of which changes
 * may be missing, streams; and begins again with the checks whenever something fails or the source was changed.
 */
public final class CaptureRun {

    private static final Logger LOG = Logger.getLogger(CaptureRun.class);

    /** A run that lasted so long failed by something new. */
    private static final Duration HEALTHY = Duration.ofMinutes(1);
    /** How far the clocks of database and capture may be apart. */
    private static final long CLOCK_SKEW_MICROS = 600_000_000L;
    /** One question after another that Postgres does not answer; a new slot waits for open transactions. */
    private static final Duration LONGEST_QUESTIONS = SourceConnection.LONGEST_ANSWER.multipliedBy(2);
    /** Debezium looks at the whole catalog, and says nothing meanwhile. */
    private static final Duration LONGEST_WITHOUT_ROWS = Duration.ofMinutes(10);
    /** So many looks at a topic that takes nothing, though it was made again, are no chance. */
    private static final int UNSAID = 3;
    private static final long TOLD_NANOS = Duration.ofSeconds(30).toNanos();

    private final EngineSettings settings;
    private final Map<TableName, Wanted> wanted;
    private final Set<TableName> tables;
    private final ErasedSubjects erased;
    private final SourceLock lock;
    private final Progress progress;
    private final Sender sender;
    private final CapturedLogs logs;
    private final MissingValues missingValues;
    private final Slot slot;
    private final StreamMeters stream;
    private final Heartbeat heartbeat;
    private final Readiness readiness;
    private final Inheritance inheritance;
    private final Patience patience;
    private final Loop loop;
    private final Start start;
    private final Elsewhere elsewhere;
    private final LeftOut leftOutTables = new LeftOut();
    private final Stumbles stumbles = new Stumbles(Duration.ofMinutes(1));
    /** Failures of the server, which mostly are over when it is well again. */
    private final Stumbles serverStumbles = new Stumbles(Duration.ofMinutes(5));
    /** Where the stream came to stand last for a reason that is of no table alone; null where it never did. */
    private volatile Stuck stuck;
    /** How often in a row Kafka had not taken how far the stream is. Used by the thread that looks. */
    private int unsaid;
    private final boolean recovery;
    private final Watch watch;
    private final Writer.Tools tools;
    private final Window window;
    private final Resnapshots resnapshots;
    /** What the stream that runs was begun with, and what has become of it; null while none runs. */
    private volatile Plan followed;
    /** The columns that this stream leaves out; null while none runs. */
    private volatile Map<TableName, Set<String>> leftOut;
    /** Held while the followed plan is exchanged for one that knows more, and not while anybody is waited for but Kafka and the catalog. */
    private final ReentrantLock knowing = new ReentrantLock();
    private final AtomicBoolean stopping = new AtomicBoolean();
    /** Whether the engine was ended so that another plan is made. */
    private final AtomicBoolean anew = new AtomicBoolean();
    /** Guarded by this. */
    private Engine engine;
    /** Guarded by this; null while no tables are read before the stream. */
    private FirstLoad load;

    /** @param confirmed the LSN up to which Kafka has everything: where it is another by now, the stream has gone on */
    private record Stuck(String why, long confirmed) {}

    /**
     * @param wanted what the pipelines want of each of their tables; Millrace's own are added
     * @param logs what Kafka has of the captured rows
     * @param forms of the tables whose rows do not go as they are
     * @param transforms of the tables that have some
     * @param events makes those of the application's outbox, null where it has none
     * @param erased whose rows do not go, or go in another form
     * @param lock keeps other processes away from the source
     * @param loop is given the signs of life, by whichever thread works
     * @param recovery whether what may be missing is read again without being asked for
     * @param reread whether rows are that were changed without a change in the log
     * @param wal what the slot may keep of the primary's WAL, null where there is no limit
     * @param resnapshots what is to be read while the stream goes on
     * @param window where that meets the stream
     */
    public CaptureRun(EngineSettings settings, Map<TableName, Wanted> wanted, Map<TableName, Form> forms, Map<TableName, Transforms> transforms, Events events, ErasedSubjects erased, SchemaIds schemaIds, SourceLock lock, Progress progress,
            Sender sender, CapturedLogs logs, Tracing tracing, MeterRegistry meters, Readiness readiness, Patience patience, Loop loop, boolean recovery, boolean reread, Source.Wal wal, Resnapshots resnapshots, Window window) {
        this.settings = settings;
        var all = new TreeMap<>(wanted);
        all.put(Topics.OUTBOX, Wanted.ROWS);
        all.put(Topics.HEARTBEAT, Wanted.BEATS);
        this.wanted = all;
        this.tables = all.keySet();
        this.erased = erased;
        this.lock = lock;
        this.progress = progress;
        this.sender = sender;
        this.logs = logs;
        this.missingValues = new MissingValues(settings.source(), settings.sourceName());
        this.slot = new Slot(settings.source(), settings.sourceName());
        this.stream = new StreamMeters(meters, settings.heartbeat());
        this.heartbeat = new Heartbeat(settings.source(), settings.sourceName(), settings.heartbeat(), readiness, BundlingDecoder::messages, () -> loop.waits(longestSilence()));
        this.readiness = readiness;
        this.inheritance = new Inheritance(settings.source(), tables, readiness);
        this.patience = patience;
        this.loop = loop;
        this.resnapshots = resnapshots;
        this.window = window;
        this.recovery = recovery;
        this.elsewhere = new Elsewhere(slot, progress);
        var marks = new Marks(progress);
        var truncates = new Truncates();
        this.start = new Start(settings.sourceName(), settings.source(), slot, all, progress, logs, truncates, marks, readiness, leftOutTables, new Start.Allowed(recovery, reread));
        this.watch = new Watch(settings.source(), slot, all, marks, logs, truncates, this::startAnew, this::adopt, new WalBudget(wal, slot, lock, readiness, start::givenUp), this::readBeside, readiness, leftOutTables);
        this.tools = new Writer.Tools(settings.sourceName(), settings.batchSize(), Map.copyOf(forms), Map.copyOf(transforms), events, erased, resnapshots, schemaIds, progress, sender, missingValues, truncates, tracing, meters, stream, heartbeat, slot, marks, patience, loop, start::diverged, start::unnamed, window, this::rows, this::wasRead);
    }

    /** Captures until {@link #stop()}. */
    public void run() {
        var backoff = Patience.backoff();
        while (!stopping.get()) {
            long began = System.nanoTime();
            boolean inUse = false;
            boolean standby = false;
            boolean keeps = false;
            String reason;
            try {
                once();
                reason = "Debezium ended without saying why; starting it again";
            } catch (InterruptedException e) {
                break;
            } catch (StandbyException e) {
                var stranger = stranger();
                standby = stranger == null;
                inUse = !standby;
                reason = standby ? e.getMessage() : stranger + " " + e.getMessage();
            } catch (InUseException e) {
                inUse = true;
                reason = e.getMessage();
            } catch (StartException e) {
                // A person may have to decide. Meanwhile nobody else is to take what this process has.
                keeps = progress.claim().isHeld();
                reason = e.getMessage();
            } catch (SendException | LockLostException e) {
                reason = e.getMessage();
            } catch (EngineException e) {
                LOG.debug("The engine ended", e);
                reason = interrupted(e);
            } catch (SQLException e) {
                reason = SourceCheck.explain(settings.source(), e);
            } catch (RuntimeException e) {
                LOG.error("Capture failed unexpectedly", e);
                reason = again("Capture failed unexpectedly: " + e);
            }
            if (anew.getAndSet(false)) {
                continue;
            }
            if (!keeps) {
                // Whoever waits for a server should not keep another one from the source.
                leaveSource();
            }
            if (inUse || standby || System.nanoTime() - began > HEALTHY.toNanos()) {
                backoff.reset();
            }
            if (!stopping.get()) {
                try {
                    if (standby) {
                        stream.standBy();
                        readiness.standingBy(reason);
                        patience.await();
                    } else if (inUse) {
                        patience.await(reason);
                    } else {
                        patience.pause(backoff, reason);
                    }
                } catch (InterruptedException _) {
                    break;
                }
            }
        }
        leaveSource();
        sender.close();
        progress.close();
        logs.close();
        missingValues.close();
    }

    /** Why this process does not stand by, though another one has the source; null where it does. */
    private String stranger() {
        try {
            var what = elsewhere.look();
            return what == null ? null : "Nothing of the source " + settings.sourceName() + " comes to this Kafka: another capture has it, and " + what + ". End that one, or give one of the two another source's name; what it has confirmed is missing here until it is read again.";
        } catch (SQLException e) {
            return SourceCheck.explain(settings.source(), e) + ".";
        } catch (SendException e) {
            return "Whether the other capture writes to this Kafka cannot be told: " + e.getMessage() + ".";
        } catch (InterruptedException _) {
            Thread.currentThread().interrupt();
            return null;
        }
    }

    /** What to say of an engine that failed. At a table that it fails at again and again the stream is led past, so that the others go on. */
    private String interrupted(EngineException e) {
        if (Passing.is(e)) {
            var what = "Capture was interrupted: " + e.getMessage();
            return Passing.mayStay(e) ? again(what, serverStumbles) : what + "; starting again";
        }
        var at = UndecodableException.in(e);
        if (at == null || !mayBeLeftOut(at.table())) {
            return again("Capture was interrupted: " + e.getMessage());
        }
        var what = at.getMessage() + ": " + String.valueOf(e.getMessage()).replaceFirst("\\.$", "");
        if (!stumbles.failed(what, confirmed())) {
            return "Capture was interrupted: " + what + "; starting again";
        }
        LOG.error("The table is left out from here on", e);
        leftOutTables.add(at.table(), what + ". That was tried " + Counted.of(stumbles.times(), "time") + ", so the table is left out, and the others are captured. Once the cause is gone, ./millrace recover " + settings.sourceName()
                + " takes it in again and reads what is missing" + (recovery ? ", which is tried by itself once the stream is past that" : ""), at.lsn());
        start.lacking(Map.of(at.table(), "a change of it at " + Position.lsnText(at.lsn()) + " cannot be read from the log"));
        stumbles.forget();
        anew.set(true);
        return what;
    }

    /**
     * Whether the others may go on without a table, because a reading brings all of it. Not of orders and events: what was taken out of their tables since is gone for good. And not of the heartbeat, without
     * which nobody would know how far the stream is.
     */
    private boolean mayBeLeftOut(TableName table) {
        return !table.equals(Topics.HEARTBEAT) && !start.isQueue(table);
    }

    /** What to say of a failure that belongs to no table which could be left out. */
    private String again(String what) {
        return again(what, stumbles);
    }

    private String again(String what, Stumbles before) {
        if (!before.failed(what, confirmed())) {
            return what + "; starting again";
        }
        var place = Position.lsnText(confirmed());
        stuck = new Stuck(what + ", again and again behind " + place, confirmed());
        return what + ". It failed so " + Counted.of(before.times(), "time") + " behind " + place + ", and is tried on. Nothing is lost while it is. If the cause cannot be found, ./millrace recover " + settings.sourceName() + " --skip-log gives up what the log has until now, and reads every table again;"
                + " events of the application's outbox that were taken out of its table by then are lost";
    }

    private long confirmed() {
        var mark = tools.marks().current();
        return mark == null ? 0 : mark.acknowledged().lsn();
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
        stopLoad();
    }

    private void stopLoad() {
        FirstLoad running;
        synchronized (this) {
            running = load;
        }
        if (running != null) {
            running.stop();
        }
    }

    /**
     * Looks at the source; to be called at an {@linkplain LookPace interval}, by a thread of its own.
     *
     * @return how long the source had to answer; nothing where it did not
     */
    public Duration look() throws InterruptedException {
        if (recovery) {
            takeBack(leftOutTables.passed(confirmed()));
        }
        var took = watch.look();
        inheritance.turn();
        mendReached();
        if (anew.get()) {
            // An engine that was still starting could not be ended.
            closeEngine();
        }
        return took;
    }

    /** Whoever asks whether a change has arrived, and each erasure, waits for what is said there. */
    private void mendReached() throws InterruptedException {
        var failure = followed == null || readiness.state().hindrance() != null ? null : progress.mendReached();
        unsaid = failure == null ? 0 : unsaid + 1;
        var why = unsaid < UNSAID ? null : "Kafka does not take how far the stream is, in the topic " + Topics.reached(settings.sourceName()) + " (" + failure
                + "): nobody learns whether a change has arrived, and erasures wait. Changes flow. Give capture's user the right to create and write it";
        if (readiness.concern(Readiness.Concern.REACHED, why)) {
            LOG.error(why);
        }
    }

    /** Writes the heartbeat while a stream runs, until it is interrupted; to be called by a thread of its own. */
    public void beat(Loop own) throws InterruptedException {
        heartbeat.run(own);
    }

    /** How long a stream may bring no batch: Debezium gives one at each heartbeat, and may wait for an answer of Postgres before it. */
    private Duration longestSilence() {
        return settings.heartbeat().plus(SourceConnection.LONGEST_ANSWER);
    }

    /** The slot as it was last seen, null where there is none or Postgres does not answer. */
    public Slot.State slotState() {
        return watch.slotState();
    }

    /** The last commit up to which Kafka has everything that was committed; null while none is known. */
    public Point completeUpTo() {
        var mark = tools.marks().current();
        return mark == null ? null : mark.beat();
    }

    /** Whether the stream stands at a place in the log that cannot be read, and that {@link #skipLog} may give up. */
    public boolean isStuck() {
        var failing = stuck;
        return failing != null && failing.confirmed() == confirmed();
    }

    /** Gives up what the log has until now, where the stream stands in it, and has everything read again. */
    public void skipLog() {
        var failing = stuck;
        if (failing != null) {
            LOG.warn("What the log has until now is to be given up");
            start.impassable(failing.why());
            recover();
        }
    }

    /** Has everything read again of which changes may be missing. */
    public void recover() {
        LOG.info("The recovery of what may be missing is asked for");
        takeBack(leftOutTables.all());
        progress.claim().allow();
        start.ask();
        decided(this::startAnew);
    }

    /** Why a recovery would change nothing now: another capture goes on writing the topics; null where none is known to. */
    public String refusal() {
        return progress.claim().standing();
    }

    private void takeBack(Set<TableName> tables) {
        start.lacking(tables.stream().collect(Collectors.toMap(table -> table, _ -> "it was left out for a while, because a change of it could not be read from the log")));
        leftOutTables.takeBack(tables);
    }

    /** Has one table read again of which changes may be missing, or whose rows hold old values; while the stream goes on where there is one. */
    public void recover(TableName table) {
        LOG.infof("The table %s is to be read again", table);
        start.ask(table);
        decided(() -> {
            if (!goesAlong()) {
                startAnew();
            }
        });
    }

    /** In a thread of its own, because ending the engine waits for what is in flight. */
    private static void decided(Runnable then) {
        Thread.ofVirtual().name("recovery").start(then);
    }

    private void startAnew() {
        anew.set(true);
        patience.hurry();
        closeEngine();
    }

    private void once() throws InterruptedException, SQLException {
        anew.set(false);
        loop.waits(LONGEST_QUESTIONS);
        takeSource();
        progress.create();
        awaitLogs();
        takeTopics();
        loop.waits(LONGEST_QUESTIONS);
        var plan = start.plan();
        readiness.troubles(plan.troubles());
        stream.incomplete(plan);
        checkTopics(plan.streamed());
        loop.waits(LONGEST_QUESTIONS);
        inheritance.look();
        // The slot is there by now: what is ordered from here on comes in the stream.
        erased.look();
        var leftOut = UnpublishedColumns.of(settings.source(), settings.sourceName(), plan.streamed());
        if (!plan.read().isEmpty()) {
            watch.reading(true);
            Map<TableName, Known> known;
            try {
                // They are read now, so nobody need read them afterwards.
                resnapshots.allow(plan.reread(), plan.read(), ofRows(plan.streamed()), plan.problems(), plan.missing(), erased::names);
                known = readFirst(plan, leftOut);
            } finally {
                watch.reading(false);
            }
            loop.beat();
            progress.remember(known);
            progress.save(start.wereRead(known));
            anew.set(true);
            return;
        }
        stream(plan, leftOut);
    }

    /** Looks whether the source can be captured, and takes it for this process. */
    private void takeSource() throws SQLException {
        var found = SourceCheck.look(settings.source(), settings.sourceName());
        if (!found.problems().isEmpty()) {
            throw new StartException(Stream.concat(found.all().stream(), start.tableProblems().stream()).collect(Collectors.joining("\n")));
        }
        var other = lock.take();
        if (other != null) {
            throw new StandbyException(other);
        }
        if (found.inUse() != null) {
            throw new InUseException(found.inUse());
        }
        readiness.takingOver();
    }

    /** Another process may capture a copy of the source's database, where it has a lock of its own. */
    private void takeTopics() throws SQLException, InterruptedException {
        var other = progress.claim().take(what -> {
            readiness.preparing(what);
            patience.await();
        });
        if (other != null) {
            throw new StartException(other);
        }
    }

    private void leaveSource() {
        lock.close();
        progress.claim().release();
    }

    private String topic(TableName table) {
        return Topics.captured(settings.sourceName(), table);
    }

    /** A topic that went back looks whole as soon as it is written again, so nothing is written before, not even who writes. */
    private void awaitLogs() throws InterruptedException {
        var captured = ofRows(tables);
        var partitions = progress.partitions(captured.stream().map(this::topic).toList());
        captured.stream().filter(table -> partitions.containsKey(topic(table))).forEach(table -> logs.keep(table, topic(table), partitions.get(topic(table))));
        logs.keepMemory();
        logs.awaitKnown(loop);
    }

    private void checkTopics(Collection<TableName> streamed) throws InterruptedException {
        var topics = ofRows(streamed).stream().map(this::topic).toList();
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

    /** Those of the tables whose rows go to topics of their own. */
    private Set<TableName> ofRows(Collection<TableName> all) {
        return all.stream().filter(t -> wanted.get(t).rows()).collect(Collectors.toUnmodifiableSet());
    }

    /** Reads tables before the stream, and says what is known of all then. */
    private Map<TableName, Known> readFirst(Plan plan, Map<TableName, Set<String>> leftOut) throws InterruptedException, SQLException {
        LOG.infof("Reading %s as of %s: %s", Counted.of(plan.read().size(), "table"), Position.lsnText(plan.start()), plan.read());
        var writer = new Writer(tools, plan, false);
        stream.unread(plan.read().size());
        var queues = plan.read().stream().filter(start::isQueue).collect(Collectors.toCollection(TreeSet::new));
        loop.waits(LONGEST_QUESTIONS);
        if (QueuedRows.exist(settings.source(), queues)) {
            readQueues(queues, plan, writer, leftOut);
        }
        var known = load(plan, writer);
        stream.read(0, 0, 0);
        return known;
    }

    private Map<TableName, Known> load(Plan plan, Writer writer) throws InterruptedException, SQLException {
        var asked = new TreeMap<TableName, Known>();
        plan.read().stream().filter(table -> !start.isQueue(table)).forEach(table -> asked.put(table, plan.whole().get(table)));
        if (asked.isEmpty()) {
            return plan.whole();
        }
        var before = new TreeMap<>(progress.loads());
        before.keySet().retainAll(asked.keySet());
        var made = new FirstLoad(settings.source(), settings.sourceName(), plan.start(), into(writer, phase(plan)));
        synchronized (this) {
            if (stopping.get()) {
                throw new InterruptedException("Capture is being stopped");
            }
            load = made;
        }
        FirstLoad.Outcome outcome;
        readiness.ready(phase(plan));
        resnapshots.loading(made);
        try {
            outcome = anew.get() ? null : made.run(asked, before, settings.snapshotThreads(), loop);
        } finally {
            resnapshots.loading(null);
            synchronized (this) {
                load = null;
            }
        }
        if (outcome == null) {
            throw new StartException("The reading of the tables was ended; it goes on where it was");
        }
        writer.gone(Stream.concat(plan.reconciled().stream().filter(outcome.whole()::containsKey), outcome.stale().stream()).collect(Collectors.toCollection(TreeSet::new)));
        var known = start.readFirst(plan, outcome.whole(), outcome.left());
        var ended = new TreeMap<TableName, Loaded>();
        asked.keySet().forEach(table -> ended.put(table, null));
        // Before it is remembered that the tables were read: what is left here would count for the next reading.
        progress.rememberLoads(ended);
        return known;
    }

    private static String phase(Plan plan) {
        return "reading " + Counted.of(plan.read().size(), "table");
    }

    private FirstLoad.Target into(Writer writer, String phase) {
        return new FirstLoad.Target() {
            private long toldAt = System.nanoTime();

            @Override
            public void write(List<Change> rows) throws InterruptedException {
                if (!rows.isEmpty()) {
                    writer.write(rows);
                    read(rows.size());
                }
            }

            private void read(int rows) {
                var far = far();
                stream.read(rows, far.tables(), far.estimate() - far.rows());
            }

            private FirstLoad.Progress far() {
                synchronized (CaptureRun.this) {
                    return load.progress();
                }
            }

            @Override
            public void remember(Map<TableName, Loaded> states) throws InterruptedException {
                patience.insist(SendException.class, () -> {
                    progress.rememberLoads(states);
                    return null;
                });
            }

            @Override
            public void progress() {
                var far = phase + ": " + far();
                readiness.progress(far);
                if (System.nanoTime() - toldAt > TOLD_NANOS) {
                    toldAt = System.nanoTime();
                    LOG.infof("Capture is %s", far);
                }
            }
        };
    }

    /** What is not read yet is read while the stream goes on. */
    private void readBeside(String why) {
        FirstLoad running;
        synchronized (this) {
            running = load;
        }
        if (running != null) {
            running.enough(why);
        }
    }

    /** Reads requests of erasure, and the application's events, which are made of what Debezium brings of a row. */
    private void readQueues(Set<TableName> queues, Plan plan, Writer writer, Map<TableName, Set<String>> leftOut) throws InterruptedException {
        var finished = new AtomicBoolean();
        run(settings.snapshot(queues, leftOut, erasuresSince(plan)), new Engine.Consumer() {
            @Override
            public void accept(List<SourceRecord> batch) throws InterruptedException {
                writer.accept(batch);
                if (batch.stream().anyMatch(record -> EngineSettings.NOTIFICATIONS.equals(record.topic()) && ends(record))) {
                    finished.set(true);
                    // From a thread of its own, because closing waits for this one.
                    Thread.ofVirtual().name("end of snapshot").start(CaptureRun.this::closeEngine);
                }
            }

            @Override
            public boolean confirms(SourceRecord last) {
                return true;
            }
        }, LONGEST_WITHOUT_ROWS, () -> readiness.ready(phase(plan)));
        if (!finished.get()) {
            throw new StartException("The reading of " + queues + " ended too early; starting it again");
        }
    }

    /** An erasure that is brought again would take away a document that was made anew after it, so only those are read that may be missing. */
    private static long erasuresSince(Plan plan) {
        var known = plan.tables().get(Topics.OUTBOX);
        return known == null || known.gap() == null ? 0 : Math.max(0, known.gap().from().micros() - CLOCK_SKEW_MICROS);
    }

    private static boolean ends(SourceRecord record) {
        var notification = (Struct) record.value();
        if (!"Initial Snapshot".equals(notification.getString("aggregate_type"))) {
            return false;
        }
        return switch (notification.getString("type")) {
            case "COMPLETED", "SKIPPED" -> true;
            case "ABORTED" -> throw new StartException("Debezium gave the snapshot up; starting it again");
            default -> false;
        };
    }

    private void stream(Plan plan, Map<TableName, Set<String>> leftOut) throws InterruptedException, SQLException {
        LOG.infof("Streaming from %s", Position.lsnText(plan.start()));
        resnapshots.allow(plan.reread(), plan.read(), ofRows(plan.streamed()), plan.problems(), plan.missing(), erased::names);
        follow(plan, leftOut);
        stream.unread(plan.unread());
        window.begin(plan.start(), plan.base());
        settings.pace(window::isOpen).follow(settings.sourceName());
        try {
            run(settings.stream(plan.streamed(), leftOut, tools.events() == null ? null : tools.events().table(), plan.start()), new Writer(tools, plan, true), longestSilence(), () -> {
                readiness.ready(plan.phase());
                heartbeat.begin();
            });
        } catch (EngineException e) {
            var lacking = LackingException.in(e);
            if (lacking == null) {
                throw e;
            }
            LOG.errorf("%s; beginning again, so that it is remembered before they are confirmed", lacking.getMessage());
            start.lacking(lacking.tables());
            anew.set(true);
        } finally {
            heartbeat.end();
            window.end();
            Pace.end(settings.sourceName());
            follow(null, null);
        }
    }

    private void follow(Plan plan, Map<TableName, Set<String>> without) {
        knowing.lock();
        try {
            followed = plan;
            if (plan != null) {
                plan.numbers().follow(settings.sourceName());
            }
            leftOut = without;
            watch.follow(plan);
        } finally {
            knowing.unlock();
        }
    }

    private long rows(TableName table) {
        var plan = followed;
        var known = plan == null ? null : plan.tables().get(table);
        return known == null ? 0 : known.rows();
    }

    /** A table was read while the stream went on. */
    private Map<TableName, Known> wasRead(TableName table, long from) throws InterruptedException {
        knowing.lock();
        try {
            var before = followed;
            var now = patience.insist(SendException.class, () -> start.read(before, table, from));
            if (now != before) {
                resnapshots.incomplete(now.missing());
                exchange(now);
                readiness.ready(now.phase());
            }
            return now.tables();
        } finally {
            knowing.unlock();
        }
    }

    /**
     * A look found the rows of tables in another form. The next one is compared with what is known now.
     *
     * @return whether the stream goes on with it
     */
    private boolean adopt(Plan before, Map<TableName, Known> known) {
        if (!knowing.tryLock()) {
            return true;
        }
        try {
            return followed != before || goesAlong(before, known);
        } catch (SendException | LockLostException | SQLException e) {
            LOG.debugf("What was found of the tables is remembered at the next look: %s", e.getMessage());
            return true;
        } catch (InterruptedException _) {
            Thread.currentThread().interrupt();
            return true;
        } finally {
            knowing.unlock();
        }
    }

    /** Whether there is a stream that goes on while what was asked for is read. */
    private boolean goesAlong() {
        knowing.lock();
        try {
            return followed != null && goesAlong(followed, followed.tables());
        } catch (SendException | LockLostException | SQLException e) {
            LOG.warnf("What was asked for cannot be begun beside the stream: %s; beginning that anew", e.getMessage());
            return false;
        } catch (InterruptedException _) {
            Thread.currentThread().interrupt();
            return false;
        } finally {
            knowing.unlock();
        }
    }

    private boolean goesAlong(Plan before, Map<TableName, Known> known) throws InterruptedException, SQLException {
        if (!UnpublishedColumns.of(settings.source(), settings.sourceName(), before.streamed()).equals(leftOut)) {
            return false;
        }
        var now = start.along(before, known);
        if (now == null) {
            return false;
        }
        if (!now.reread().equals(before.reread()) || !now.missing().equals(before.missing())) {
            resnapshots.allow(now.reread(), now.read(), ofRows(now.streamed()), now.problems(), now.missing(), erased::names);
        }
        exchange(now);
        start.heard(now.tables());
        return true;
    }

    private void exchange(Plan now) {
        followed = now;
        now.numbers().follow(settings.sourceName());
        watch.follow(now);
        stream.unread(now.unread());
        stream.incomplete(now);
        readiness.troubles(now.troubles());
    }

    private void run(Properties properties, Engine.Consumer consumer, Duration silence, Runnable polling) throws InterruptedException {
        Engine made;
        synchronized (this) {
            if (stopping.get()) {
                throw new InterruptedException("Capture is being stopped");
            }
            if (anew.get()) {
                return;
            }
            made = new Engine(properties, consumer, loop, silence, polling);
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
        stopLoad();
    }
}
