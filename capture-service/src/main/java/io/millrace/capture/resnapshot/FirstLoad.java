package io.millrace.capture.resnapshot;

import io.millrace.capture.continuity.Known;
import io.millrace.capture.continuity.Loaded;
import io.millrace.capture.row.Change;
import io.millrace.capture.source.SourceCheck;
import io.millrace.capture.source.SourceConnection;
import io.millrace.pipeline.file.TableName;
import io.millrace.pipeline.liveness.Loop;
import io.millrace.pipeline.wording.Counted;
import java.sql.Connection;
import java.sql.SQLException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.concurrent.ArrayBlockingQueue;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.jboss.logging.Logger;

/**
 * Reads tables whole before the stream begins: several connections read parts of them, one thread writes what they bring. What
 * cannot be read here is left to the reading beside the stream. {@link #run} is for one thread, and once; the rest is thread-safe.
 */
public final class FirstLoad {

    private static final Logger LOG = Logger.getLogger(FirstLoad.class);

    /** Of a part, over all of its partitions: some ten thousand rows, which is what is read once more behind a crash. */
    private static final long BLOCKS = 256;
    private static final long PACE_NANOS = TimeUnit.SECONDS.toNanos(1);
    private static final long ASKED_MILLIS = 200;
    /** Classes of errors that are none of a table: connection, login, resources, shutdown. */
    private static final List<String> OF_ALL = List.of("08", "28", "53", "57P");
    /** Errors that may be over soon: a lock, a statement that was cancelled or took too long, a deadlock. */
    private static final Set<String> PASSING = Set.of("55P03", "57014", "40P01");
    private static final String LOCKED = "55P03";
    /** How long a piece is tried that comes to one of these: together with one answer of Postgres, less than the writing thread waits. */
    private static final Duration PATIENCE = Duration.ofMinutes(3);
    private static final String SIZES = """
            SELECT t.name, coalesce(max(pg_relation_size(l.oid)), 0) / current_setting('block_size')::bigint, coalesce(sum(greatest(l.reltuples, 0)), 0)::bigint, greatest(count(l.oid), 1),
                   coalesce(bool_and(l.relkind = 'r' AND am.amname = 'heap'), true)
            FROM unnest(?::text[]) t(name)
            JOIN pg_class c ON c.oid = to_regclass(t.name)
            LEFT JOIN LATERAL (SELECT relid::oid AS oid FROM pg_partition_tree(c.oid) WHERE isleaf UNION SELECT c.oid WHERE c.relkind = 'r') f ON true
            LEFT JOIN pg_class l ON l.oid = f.oid
            LEFT JOIN pg_am am ON am.oid = l.relam
            GROUP BY t.name""";

    private final SourceConnection source;
    private final String sourceName;
    private final long from;
    private final Target target;
    private final BlockingQueue<Event> events = new ArrayBlockingQueue<>(1);
    /** In the order in which they are read. Guarded by this, and so is what is in them. */
    private final Map<TableName, Loading> tables = new TreeMap<>();
    /** Guarded by this: when the reading began, 0 before. */
    private long began;
    /** Why no more is read, null while there is no reason. */
    private volatile String enough;
    private volatile boolean stopped;

    /** Where the rows go, and what is remembered of them. Called by the thread that runs the reading. */
    public interface Target {
        /** Returns when Kafka has all of the rows. */
        void write(List<Change> rows) throws InterruptedException;

        /** Returns when Kafka has it. */
        void remember(Map<TableName, Loaded> states) throws InterruptedException;

        /** About once a second. */
        void progress();
    }

    /**
     * How large a table is.
     *
     * @param blocks of its largest file
     * @param rows by the planner
     * @param files of its partitions, 1 where it has none
     * @param left why it is not read here, null where it is
     */
    private record Size(long blocks, long rows, long files, String left) {

        static final Size NONE = unknown(null);

        static Size unknown(String left) {
            return new Size(0, 0, 1, left);
        }
    }

    /** What the connections bring. */
    private sealed interface Event {
        /** @param last whether this was all of the part */
        record Rows(Loading.Part part, List<Change> rows, boolean last) implements Event {}

        record Ended() implements Event {}

        record Failed(Throwable why) implements Event {}
    }

    /**
     * What came of it.
     *
     * @param whole what is known of the tables that were read whole
     * @param left of the others, of which a part may have been read
     * @param stale tables of which Kafka may have rows that are gone
     */
    public record Outcome(Map<TableName, Known> whole, Map<TableName, Known> left, Collection<TableName> stale) {}

    /** @param from the slot's confirmed LSN, as of which the tables are read */
    public FirstLoad(SourceConnection source, String sourceName, long from, Target target) {
        this.source = source;
        this.sourceName = sourceName;
        this.from = from;
        this.target = target;
    }

    /**
     * Reads the tables.
     *
     * @param asked what is known of them now
     * @param before what is remembered of earlier attempts
     * @param connections that read at once
     * @return null when it was stopped
     * @throws SQLException when the database cannot be read; another attempt goes on where this one was
     */
    public Outcome run(Map<TableName, Known> asked, Map<TableName, Loaded> before, int connections, Loop loop) throws SQLException, InterruptedException {
        loop.waits(SourceConnection.LONGEST_ANSWER);
        begin(asked, before, sizes(asked.keySet(), loop));
        loop.waits(SourceConnection.LONGEST_ANSWER);
        var readers = Stream.generate(() -> Thread.ofVirtual().name("first load of " + sourceName).unstarted(this::read)).limit(connections).toList();
        try {
            readers.forEach(Thread::start);
            if (!write(connections, loop)) {
                return null;
            }
        } finally {
            stop();
            readers.forEach(Thread::interrupt);
        }
        return outcome();
    }

    private synchronized void begin(Map<TableName, Known> asked, Map<TableName, Loaded> before, Map<TableName, Size> sizes) {
        asked.forEach((table, known) -> {
            // One that is not there any more is found by the next look.
            var size = sizes.getOrDefault(table, Size.NONE);
            var last = before.get(table);
            boolean goesOn = last != null && last.from() == from;
            var loading = new Loading(table, goesOn ? last.begun() : known, last != null && (last.stale() || !goesOn), size.rows, size.blocks, Math.max(1, BLOCKS / size.files), goesOn ? last.blocks() : 0, goesOn ? last.rows() : 0);
            if (size.left != null) {
                leave(loading, size.left);
            } else if (sizes.containsKey(table) && !loading.known().form().files().equals(known.form().files())) {
                leave(loading, new RewrittenException().getMessage());
            }
            tables.put(table, loading);
            if (goesOn && last.blocks() > 0 && loading.left() == null) {
                LOG.infof("Reading the table %s behind %s before", table, Counted.of(last.rows(), "row that was read", "rows that were read"));
            }
        });
        began = System.nanoTime();
    }

    /** Of those tables that are there. Postgres locks a table to say its size, so all are asked for at once only while nobody has one locked. */
    private Map<TableName, Size> sizes(Collection<TableName> asked, Loop loop) throws SQLException {
        try (var connection = source.open()) {
            try (var statement = connection.createStatement()) {
                statement.execute("SET lock_timeout = '5s'");
            }
            try {
                return sizes(connection, asked);
            } catch (SQLException e) {
                if (!LOCKED.equals(e.getSQLState())) {
                    throw e;
                }
            }
            var sizes = new HashMap<TableName, Size>();
            for (var table : asked) {
                loop.waits(SourceConnection.LONGEST_ANSWER);
                try {
                    sizes.putAll(sizes(connection, List.of(table)));
                } catch (SQLException e) {
                    if (!LOCKED.equals(e.getSQLState())) {
                        throw e;
                    }
                    sizes.put(table, Size.unknown("somebody has it locked, so that Postgres does not tell its size (" + e.getMessage() + ")"));
                }
            }
            return sizes;
        }
    }

    private static Map<TableName, Size> sizes(Connection connection, Collection<TableName> asked) throws SQLException {
        try (var statement = connection.prepareStatement(SIZES)) {
            var names = new HashMap<String, TableName>();
            asked.forEach(table -> names.put(table.sql(), table));
            statement.setArray(1, connection.createArrayOf("text", names.keySet().toArray()));
            var sizes = new HashMap<TableName, Size>();
            try (var row = statement.executeQuery()) {
                while (row.next()) {
                    sizes.put(names.get(row.getString(1)), new Size(row.getLong(2), row.getLong(3), row.getLong(4), row.getBoolean(5) ? null : "Postgres does not store it in blocks"));
                }
            }
            return sizes;
        }
    }

    /** Returns whether the readers came to their ends. */
    private boolean write(int readers, Loop loop) throws SQLException, InterruptedException {
        var changed = new TreeMap<TableName, Loaded>();
        long remembered = System.nanoTime();
        long told = remembered;
        int reading = readers;
        // A piece that is tried again, and a connection, are waited for no longer.
        loop.waits(SourceConnection.LONGEST_ANSWER.multipliedBy(2));
        while (reading > 0) {
            var event = events.poll(ASKED_MILLIS, TimeUnit.MILLISECONDS);
            if (stopped) {
                return false;
            }
            switch (event) {
                case null -> {}
                case Event.Rows(var part, var rows, var last) -> {
                    target.write(rows);
                    changed.put(part.table().table(), written(part, rows.size(), last));
                    loop.waits(SourceConnection.LONGEST_ANSWER.multipliedBy(2));
                }
                case Event.Ended _ -> reading--;
                case Event.Failed(SQLException e) -> throw e;
                case Event.Failed(var e) -> throw new IllegalStateException("A thread that reads tables failed: " + e, e);
            }
            long now = System.nanoTime();
            if (now - remembered > PACE_NANOS && !changed.isEmpty()) {
                target.remember(changed);
                changed.clear();
                remembered = System.nanoTime();
            }
            if (now - told > PACE_NANOS) {
                told = now;
                target.progress();
            }
        }
        return true;
    }

    private synchronized Loaded written(Loading.Part part, int rows, boolean last) {
        var table = part.table();
        table.read(part, rows);
        if (last) {
            table.done(part);
            if (table.isComplete()) {
                LOG.infof("Read %s of the table %s", Counted.of(table.rows(), "row"), table.table());
            }
        }
        return table.state(from);
    }

    /** Of one connection. */
    private void read() {
        try (var reader = new BlockReader(source, sourceName)) {
            for (var part = next(); part != null; part = next()) {
                read(reader, part);
            }
            events.put(new Event.Ended());
        } catch (InterruptedException _) {
            Thread.currentThread().interrupt();
        } catch (SQLException | RuntimeException | Error e) {
            // A connection whose thread ended unseen would be waited for.
            try {
                events.put(new Event.Failed(e));
            } catch (InterruptedException _) {
                Thread.currentThread().interrupt();
            }
        }
    }

    private void read(BlockReader reader, Loading.Part part) throws SQLException, InterruptedException {
        BlockReader.Place place = null;
        do {
            var piece = piece(reader, part, place);
            if (piece == null) {
                return;
            }
            events.put(new Event.Rows(part, piece.rows(), piece.end() == null));
            place = piece.end();
        } while (place != null && !stopped);
    }

    /** The next piece, null where the table is not read on here. */
    private BlockReader.Piece piece(BlockReader reader, Loading.Part part, BlockReader.Place place) throws SQLException, InterruptedException {
        long until = System.nanoTime() + PATIENCE.toNanos();
        while (true) {
            try {
                return reader.read(part, place);
            } catch (RewrittenException e) {
                leave(part.table(), e.getMessage());
                return null;
            } catch (SQLException e) {
                if (e.getSQLState() == null || OF_ALL.stream().anyMatch(e.getSQLState()::startsWith)) {
                    throw e;
                }
                var why = SourceCheck.explain(source, e);
                if (!PASSING.contains(e.getSQLState()) || System.nanoTime() - until > 0) {
                    leave(part.table(), why);
                }
                if (!awaits(part.table(), why)) {
                    return null;
                }
                Thread.sleep(ASKED_MILLIS);
            }
        }
    }

    /** Says once what hinders a table. Returns whether it is still to be read here. */
    private synchronized boolean awaits(Loading table, String why) {
        if (stopped || enough != null || table.left() != null) {
            return false;
        }
        if (table.hinder(why)) {
            LOG.warnf("The table %s is not read on at the moment, which is tried for %d minutes: %s", table.table(), PATIENCE.toMinutes(), why);
        }
        return true;
    }

    private synchronized Loading.Part next() {
        if (stopped || enough != null) {
            return null;
        }
        for (var table : tables.values()) {
            var part = table.next();
            if (part != null) {
                return part;
            }
        }
        return null;
    }

    private synchronized void leave(Loading table, String why) {
        if (table.left() == null) {
            table.leave(why);
            LOG.warnf("The table %s is read on while the stream goes on, from its beginning: %s", table.table(), why);
        }
    }

    private synchronized Outcome outcome() {
        var whole = new TreeMap<TableName, Known>();
        var left = new TreeMap<TableName, Known>();
        var stale = new ArrayList<TableName>();
        for (var table : tables.values()) {
            if (!table.isComplete() && enough != null) {
                leave(table, enough);
            }
            (table.left() == null ? whole : left).put(table.table(), table.known());
            if (table.stale()) {
                stale.add(table.table());
            }
        }
        return new Outcome(whole, left, stale);
    }

    /** What was not begun by now is left to the reading beside the stream, so that the stream begins. */
    public void enough(String why) {
        enough = why;
    }

    /** Ends the reading. Another attempt goes on where this one was. */
    public void stop() {
        stopped = true;
    }

    /** Those that are not read whole yet, in the order in which they are read. */
    public synchronized List<Resnapshots.Status> status() {
        long millis = Math.max(1, TimeUnit.NANOSECONDS.toMillis(System.nanoTime() - began));
        var status = new ArrayList<Resnapshots.Status>();
        for (var table : tables.values()) {
            if (!table.isComplete() && table.left() == null) {
                long rate = table.rowsNow() * 1000 / millis;
                status.add(new Resnapshots.Status(table.table().toString(), null, table.rowsNow() > 0 ? "reading" : "waiting", true, table.rows(), table.estimate(), rate, secondsLeft(table.estimate() - table.rows(), rate), table.hindrance()));
            }
        }
        return status;
    }

    /**
     * How far all of it is.
     *
     * @param tables that are left
     * @param rows that were read of those and of the others
     * @param estimate of all rows, by the share of the blocks that were read, else by the planner
     * @param rowsPerSecond since this process began
     * @param secondsLeft at this rate, null while it is not known
     * @param hindrances why tables are not read on at the moment, by table
     */
    public record Progress(int tables, long rows, long estimate, long rowsPerSecond, Long secondsLeft, Map<TableName, String> hindrances) {

        /** As the end of a sentence. */
        @Override
        public String toString() {
            return String.format(Locale.ROOT, "%,d of about %s", rows, Counted.of(estimate, "row")) + (secondsLeft == null ? "" : String.format(Locale.ROOT, ", %,d rows/s, %,d s left", rowsPerSecond, secondsLeft))
                    + hindrances.entrySet().stream().map(e -> "; the table " + e.getKey() + " is not read on at the moment: " + e.getValue()).collect(Collectors.joining());
        }
    }

    public synchronized Progress progress() {
        long millis = Math.max(1, TimeUnit.NANOSECONDS.toMillis(System.nanoTime() - began));
        long rows = tables.values().stream().mapToLong(Loading::rows).sum();
        long estimate = tables.values().stream().mapToLong(Loading::estimate).sum();
        long rate = tables.values().stream().mapToLong(Loading::rowsNow).sum() * 1000 / millis;
        var hindrances = new TreeMap<TableName, String>();
        tables.values().stream().filter(table -> table.left() == null && table.hindrance() != null).forEach(table -> hindrances.put(table.table(), table.hindrance()));
        return new Progress((int) tables.values().stream().filter(table -> !table.isComplete() && table.left() == null).count(), rows, estimate, rate, secondsLeft(estimate - rows, rate), hindrances);
    }

    private static Long secondsLeft(long rows, long rowsPerSecond) {
        return rowsPerSecond == 0 ? null : Math.max(0, rows) / rowsPerSecond;
    }
}
