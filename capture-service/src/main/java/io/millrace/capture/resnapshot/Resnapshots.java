package io.millrace.capture.resnapshot;

import io.micrometer.core.instrument.Counter;
import io.micrometer.core.instrument.Gauge;
import io.micrometer.core.instrument.MeterRegistry;
import io.millrace.capture.continuity.Resnapshot;
import io.millrace.capture.resnapshot.RefusedException.Reason;
import io.millrace.capture.send.Progress;
import io.millrace.capture.send.SendException;
import io.millrace.capture.source.SourceCheck;
import io.millrace.capture.source.SourceConnection;
import io.millrace.capture.subject.Reading;
import io.millrace.pipeline.file.TableName;
import io.millrace.pipeline.topic.Topics;
import io.millrace.pipeline.wording.Counted;
import java.sql.SQLException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import java.util.function.Predicate;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.jboss.logging.Logger;

/** The tables that are to be read while the stream goes on, in this order, as Kafka remembers them. Thread-safe. */
public final class Resnapshots {

    private static final Logger LOG = Logger.getLogger(Resnapshots.class);

    private final SourceConnection source;
    private final String sourceName;
    private final Progress progress;
    private final Consumer<TableName> recovery;
    private final Counter rows;
    /** Null until it is known what Kafka remembers. */
    private List<Resnapshot> all;
    private Set<TableName> captured = Set.of();
    private Map<TableName, List<String>> problems = Map.of();
    private Set<TableName> missing = Set.of();
    private final Setbacks setbacks = new Setbacks(System::nanoTime);
    /** What was begun with by this process. */
    private final Map<Setbacks.Id, Begun> begun = new HashMap<>();
    /** The one that is being read, null while none is. */
    private Setbacks.Id current;
    /** The reading that goes on before the stream, null while there is none. */
    private FirstLoad load;

    /**
     * @param nanos when, as {@link System#nanoTime()} has it
     * @param rows that were read before
     */
    private record Begun(long nanos, long rows) {}

    /** @param recovery has a table read that is not whole without it; the stream may begin anew for that */
    public Resnapshots(SourceConnection source, String sourceName, Progress progress, MeterRegistry meters, Consumer<TableName> recovery) {
        this.source = source;
        this.sourceName = sourceName;
        this.progress = progress;
        this.recovery = recovery;
        rows = Counter.builder("millrace.resnapshot.rows").description("Rows that were read while the stream went on").tag("stage", "capture").register(meters);
        Gauge.builder("millrace.resnapshot.tables", this, r -> r.beside().size()).description("Tables that are read, or wait to be read, while the stream goes on").tag("stage", "capture").register(meters);
        Gauge.builder("millrace.resnapshot.rows.remaining", this, r -> r.beside().stream().mapToLong(s -> Math.max(0, s.estimate() - s.rows())).sum())
                .description("Rows of these tables that are still to be read, by the planner's estimate").tag("stage", "capture").register(meters);
    }

    /**
     * How far one is.
     *
     * @param where null for the whole table
     * @param state {@code waiting} or {@code reading}
     * @param required whether capture needs it by itself
     * @param rows that were read
     * @param estimate of them by the planner
     * @param rowsPerSecond since this process began with the table
     * @param secondsLeft at this rate; null while it is not known
     * @param failure why it does not go on, null where it does
     */
    public record Status(String table, String where, String state, boolean required, long rows, long estimate, long rowsPerSecond, Long secondsLeft, String failure) {}

    /**
     * What a run of capture needs and what it allows; to be said before its stream begins, and when that changes.
     *
     * @param required the tables that are not whole before they are read, with the LSN that the slot must have confirmed first
     * @param nowRead tables that have just been read otherwise, or are about to be
     * @param streamed the captured tables that the stream carries
     * @param problems why tables are not to be read
     * @param missing tables of which changes may be missing, or whose rows hold old values
     * @param erasing which readings for an erasure the files still ask for
     */
    public synchronized void allow(Map<TableName, Long> required, Collection<TableName> nowRead, Set<TableName> streamed, Map<TableName, List<String>> problems, Set<TableName> missing, Predicate<Reading> erasing) throws InterruptedException {
        var before = all == null ? progress.resnapshots() : all;
        var now = next(before, required, nowRead, streamed, erasing);
        if (!now.equals(before)) {
            progress.remember(now);
        }
        all = now;
        this.captured = streamed;
        this.problems = problems;
        this.missing = missing;
        begun.clear();
        current = null;
        setbacks.keep(List.of());
    }

    /**
     * What is to be read by a run, as for {@link #allow}. The reading of a whole table does not stand for one of an erasure: it may be past its rows.
     *
     * @param before what was to be read until now
     */
    static List<Resnapshot> next(List<Resnapshot> before, Map<TableName, Long> required, Collection<TableName> nowRead, Set<TableName> streamed, Predicate<Reading> erasing) {
        var now = new ArrayList<Resnapshot>();
        for (var one : before) {
            var needed = required.get(one.name());
            if (nowRead.contains(one.name()) || !streamed.contains(one.name()) || one.required() && needed == null || one.erasing() != null && !erasing.test(one.erasing())) {
                LOG.infof("The table %s is not read again any more", one.table());
            } else if (needed == null || one.erasing() != null || one.covers(needed)) {
                now.add(one);
            }
        }
        for (var table : required.entrySet()) {
            if (now.stream().noneMatch(one -> isAsked(one, table.getKey()))) {
                now.add(Resnapshot.of(table.getKey(), null, true, table.getValue(), 0));
            }
        }
        return now;
    }

    /** Tables of which changes may be missing, or whose rows hold old values, from now on. */
    public synchronized void incomplete(Set<TableName> tables) {
        missing = tables;
    }

    /**
     * Asks for a table to be read.
     *
     * @param name as in SQL
     * @param where SQL that chooses its rows, null for all
     */
    public Status ask(String name, String where) throws RefusedException, InterruptedException {
        var table = named(name);
        if (where != null && (where.isBlank() || where.contains(";"))) {
            throw new RefusedException(Reason.WRONG, "What chooses the rows of " + table + " is one SQL condition without a semicolon, such as id < 1000; in a text write chr(59) for it");
        }
        check(table, where);
        long estimate = estimate(table, where);
        synchronized (this) {
            check(table, where);
            if (missing.contains(table)) {
                recovery.accept(table);
                return new Status(table.toString(), null, "waiting", true, 0, estimate, 0, null, null);
            }
            var now = new ArrayList<>(all);
            now.add(Resnapshot.of(table, where, false, 0, estimate));
            keep(now);
            LOG.infof("The table %s is to be read again%s", table, where == null ? "" : ", the rows that were chosen");
            return beside().getLast();
        }
    }

    /**
     * Has rows read that carry an erased subject, or one who came back, because they go in another form from now on. One that waits
     * to be read takes a later one along; one that is being read may be past its rows.
     *
     * @throws SendException when Kafka does not take it; then nothing is changed
     */
    public synchronized void erase(Collection<Reading> readings) throws InterruptedException {
        var now = new ArrayList<>(all);
        for (var reading : readings) {
            if (captured.contains(reading.table())) {
                int at = IntStream.range(0, now.size()).filter(i -> waitsFor(now.get(i), reading)).findFirst().orElse(now.size());
                if (at == now.size()) {
                    now.add(Resnapshot.of(reading));
                } else {
                    // It keeps its place, or orders that keep coming for one table would let no other one be read.
                    now.set(at, Resnapshot.of(reading.since(now.get(at).erasing().since())));
                }
            }
        }
        keep(now);
    }

    /** Whether it is to read the same place, and has not begun. */
    private static boolean waitsFor(Resnapshot one, Reading reading) {
        return one.from() == 0 && one.erasing() != null && one.erasing().isOf(reading);
    }

    /** About how many rows a table has, by the planner. */
    public long estimate(String name) throws RefusedException {
        return estimate(named(name), null);
    }

    private long estimate(TableName table, String where) throws RefusedException {
        try {
            return ChunkReader.estimate(source, sourceName, table, where);
        } catch (SQLException e) {
            throw new RefusedException(Reason.AWAY, SourceCheck.explain(source, e));
        }
    }

    /** Takes back what was asked for. What was read until then stays. */
    public synchronized Status cancel(String name) throws RefusedException, InterruptedException {
        var table = named(name);
        var status = beside();
        int at = IntStream.range(0, status.size()).filter(i -> isAsked(all.get(i), table)).findFirst()
                .orElseThrow(() -> new RefusedException(Reason.UNKNOWN, "The table " + table + " is not being read again" + (all.stream().anyMatch(one -> one.name().equals(table)) ? ", but for an erasure, which cannot be cancelled here" : "")));
        var found = status.get(at);
        if (found.required()) {
            throw new RefusedException(Reason.CONFLICT, "The table " + table + " is not whole before it is read, so the reading cannot be cancelled");
        }
        keep(all.stream().filter(one -> !isAsked(one, table)).toList());
        LOG.infof("The reading of the table %s is cancelled after %s", table, Counted.of(found.rows(), "row"));
        return found;
    }

    /** Whether it reads the table because it was asked for, or is not whole. */
    private static boolean isAsked(Resnapshot one, TableName table) {
        return one.erasing() == null && one.name().equals(table);
    }

    private static TableName named(String name) throws RefusedException {
        if (name == null) {
            throw new RefusedException(Reason.WRONG, "Which table? Name one as schema.table");
        }
        try {
            return TableName.parse(name);
        } catch (IllegalArgumentException e) {
            throw new RefusedException(Reason.WRONG, e.getMessage());
        }
    }

    private synchronized void check(TableName table, String where) throws RefusedException {
        if (all == null) {
            throw new RefusedException(Reason.AWAY, "Capture is not streaming yet; health says what it waits for");
        }
        if (table.equals(Topics.OUTBOX) || table.equals(Topics.HEARTBEAT)) {
            throw new RefusedException(Reason.WRONG, "The table " + table + " is Millrace's own. Its rows are not read again: an erasure that is repeated would take away what was made anew since");
        }
        if (problems.containsKey(table)) {
            throw new RefusedException(Reason.CONFLICT, String.join("\n", problems.get(table)));
        }
        if (!captured.contains(table)) {
            throw new RefusedException(Reason.UNKNOWN, "The table " + table + " is not captured; it is in no pipeline file of the source " + sourceName);
        }
        if (all.stream().anyMatch(one -> isAsked(one, table))) {
            throw new RefusedException(Reason.CONFLICT, "The table " + table + " is being read already; wait for it, or cancel it first");
        }
        if (missing.contains(table) && where != null) {
            throw new RefusedException(Reason.CONFLICT, "The table " + table + " is not whole before all of it is read again, health says why; leave the condition out");
        }
    }

    /** A reading before the stream is under way; null for none. */
    public synchronized void loading(FirstLoad now) {
        load = now;
    }

    /** Every one, those that are being read first. */
    public List<Status> status() {
        FirstLoad first;
        synchronized (this) {
            first = load;
        }
        return first == null ? beside() : Stream.concat(first.status().stream(), beside().stream()).toList();
    }

    /** Those that are read while the stream goes on. */
    private synchronized List<Status> beside() {
        if (all == null) {
            return List.of();
        }
        var status = new ArrayList<Status>();
        for (var one : all) {
            boolean reading = Setbacks.Id.of(one).equals(current);
            long rate = reading ? rate(one) : 0;
            status.add(new Status(one.table(), one.where(), reading ? "reading" : "waiting", one.required(), one.rows(), one.estimate(), rate,
                    rate == 0 ? null : Math.max(0, one.estimate() - one.rows()) / rate, setbacks.why(one)));
        }
        return status;
    }

    private long rate(Resnapshot one) {
        var since = begun.get(current);
        long millis = TimeUnit.NANOSECONDS.toMillis(System.nanoTime() - since.nanos);
        return millis == 0 ? 0 : (one.rows() - since.rows) * 1000 / millis;
    }

    /** The one to go on with, null for none. */
    synchronized Resnapshot next() {
        var next = all == null ? null : setbacks.next(all);
        if (next != null) {
            current = Setbacks.Id.of(next);
            if (begun.putIfAbsent(current, new Begun(System.nanoTime(), next.rows())) == null) {
                LOG.infof("Reading the table %s while the stream goes on%s", next.table(), next.rows() == 0 ? "" : ", behind " + Counted.of(next.rows(), "row that was read", "rows that were read") + " before");
            }
        }
        return next;
    }

    /**
     * The first chunk is about to be read.
     *
     * @return the next state; null where nobody wants it any more
     */
    synchronized Resnapshot begun(Resnapshot before, long confirmed, long estimate) throws InterruptedException {
        return replaced(before, before.begun(confirmed, estimate));
    }

    /**
     * A chunk is in Kafka.
     *
     * @return the next state; null where nobody wants it any more
     */
    synchronized Resnapshot advanced(Resnapshot before, Chunk chunk) throws InterruptedException {
        rows.increment(chunk.rows().size());
        return replaced(before, before.with(chunk.after(), chunk.rows().size()));
    }

    private Resnapshot replaced(Resnapshot before, Resnapshot after) throws InterruptedException {
        if (!isWanted(before)) {
            return null;
        }
        keep(all.stream().map(one -> one.equals(before) ? after : one).toList());
        return after;
    }

    synchronized boolean isWanted(Resnapshot one) {
        return all.contains(one);
    }

    /** All of it is in Kafka. */
    synchronized void ended(Resnapshot one) throws InterruptedException {
        LOG.infof("Read %s of the table %s", Counted.of(one.rows(), "row"), one.table());
        keep(all.stream().filter(other -> !other.equals(one)).toList());
    }

    /** It does not go on, and the others come before it for a while. Returns whether that is new. */
    synchronized boolean failed(Resnapshot one, String why, Duration took) {
        boolean isNew = setbacks.add(one, why, took);
        setbacks.keep(all);
        return isNew;
    }

    /** It goes on. */
    synchronized void goesOn(Resnapshot one) {
        setbacks.over(one);
    }

    /** Why readings do not go on, null where all do. */
    synchronized String trouble() {
        return setbacks.told();
    }

    /** @throws SendException when Kafka does not take it; then nothing is changed */
    private void keep(List<Resnapshot> now) throws InterruptedException {
        progress.remember(now);
        all = List.copyOf(now);
        setbacks.keep(all);
        begun.keySet().retainAll(all.stream().map(Setbacks.Id::of).collect(Collectors.toSet()));
        if (!begun.containsKey(current)) {
            current = null;
        }
    }
}
