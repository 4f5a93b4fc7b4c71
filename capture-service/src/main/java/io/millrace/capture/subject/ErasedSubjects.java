package io.millrace.capture.subject;

import io.millrace.capture.column.ColumnConverter;
import io.millrace.capture.source.SourceConnection;
import io.millrace.pipeline.file.Pipeline;
import io.millrace.pipeline.file.Subject;
import io.millrace.pipeline.file.TableName;
import io.millrace.pipeline.subject.SubjectKey;
import io.millrace.pipeline.topic.Topics;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Collections;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.SortedMap;
import java.util.TreeMap;
import org.apache.kafka.connect.data.Struct;
import org.apache.kafka.connect.errors.DataException;
import org.jboss.logging.Logger;

/**
 * The subjects whose erasure stands: as the source database has them when a run begins, then as the stream says. Whoever orders or
 * ends an erasure writes a row of the outbox in the same transaction. For one thread at a time.
 */
public final class ErasedSubjects {

    private static final Logger LOG = Logger.getLogger(ErasedSubjects.class);

    private static final String STANDING = "SELECT subject, key_hash, floor(extract(epoch FROM requested_at) * 1000000)::bigint FROM " + Topics.SUBJECT_ERASURE.sql() + " WHERE ended_at IS NULL";
    /** Nothing is ordered where nothing stands any more. */
    private static final String END = "WITH ended AS (UPDATE " + Topics.SUBJECT_ERASURE.sql() + " SET ended_at = clock_timestamp(), ended_by = 'source' WHERE subject = ? AND key_hash = ? AND ended_at IS NULL AND requested_at <= timestamptz 'epoch' + ? * interval '1 microsecond'"
            + " RETURNING id, subject, key_hash, ended_at) INSERT INTO " + Topics.OUTBOX.sql() + " (id, aggregatetype, aggregateid, type, \"timestamp\", payload)"
            + " SELECT gen_random_uuid(), subject, key_hash, '" + SubjectKey.REMEMBER + "', ended_at, '{\"erasure\":\"' || id || '\"}' FROM ended";
    /** A standby that does not answer sooner is not waited for: the end stands here by then, and it may be capture itself that is the standby. */
    private static final int LONGEST_COMMIT_SECONDS = 10;
    /** How long none is waited for behind one that did not answer: many may come anew at once, and each would hold up the stream. */
    private static final long AFTER_VAIN_NANOS = 60_000_000_000L;
    private static final String UNDEFINED_TABLE = "42P01";

    private final SourceConnection source;
    private final Map<String, Subject> subjects = new TreeMap<>();
    private final Map<TableName, SortedMap<String, Subject.Place>> places = new HashMap<>();
    /** By subject, the hashes of the keys, and when their erasure was asked for, in microseconds since the epoch. */
    private final Map<String, Map<String, Long>> standing = new HashMap<>();
    /** Of the subjects' own tables, the last transaction that took a row away. */
    private final Map<TableName, Long> deleting = new HashMap<>();
    /** When a standby was waited for in vain last. */
    private long inVain = System.nanoTime() - AFTER_VAIN_NANOS;

    /** @param pipelines all of the source */
    public ErasedSubjects(SourceConnection source, Collection<Pipeline> pipelines) {
        this.source = source;
        for (var pipeline : pipelines) {
            subjects.putAll(pipeline.subjects());
            pipeline.tableNames().stream().filter(table -> !pipeline.erasing(table).isEmpty()).forEach(table -> places.put(table, pipeline.erasing(table)));
        }
    }

    /**
     * Somebody who was inserted though an erasure of the same key stands.
     *
     * @param micros when Postgres committed that, in microseconds since the epoch
     */
    public record Anew(String subject, String hash, long micros) {}

    /**
     * An order about a subject.
     *
     * @param isEnd whether his erasure has ended; else it was asked for
     * @param hash of his key
     * @param micros when, in microseconds since the epoch, by the database's clock
     */
    public record Order(boolean isEnd, String subject, String hash, long micros) {}

    /** Looks which erasures stand now. */
    public void look() throws SQLException {
        if (subjects.isEmpty()) {
            return;
        }
        try (var connection = source.open(); var statement = connection.createStatement(); var rows = statement.executeQuery(STANDING)) {
            standing.clear();
            while (rows.next()) {
                stands(rows.getString(1), rows.getString(2), rows.getLong(3));
            }
        } catch (SQLException e) {
            throw UNDEFINED_TABLE.equals(e.getSQLState()) ? new SQLException("The source has no table " + Topics.SUBJECT_ERASURE + ", by which erased subjects are known; provision the source", e.getSQLState(), e) : e;
        }
    }

    /** An older order that comes again takes nothing of a later one. */
    private void stands(String subject, String hash, long micros) {
        standing.computeIfAbsent(subject, name -> new HashMap<>()).merge(hash, micros, Math::max);
    }

    private void ended(String subject, String hash) {
        standing.getOrDefault(subject, new HashMap<>()).remove(hash);
    }

    /** Obeys an order from here on. */
    public void take(Order order) {
        if (order.isEnd()) {
            ended(order.subject(), order.hash());
        } else {
            stands(order.subject(), order.hash(), order.micros());
        }
    }

    /** What is to be read again for an order; nothing where no file names the subject. */
    public List<Reading> readings(Order order) {
        return places.entrySet().stream().filter(at -> at.getValue().containsKey(order.subject())).map(at -> new Reading(at.getKey(), order.subject(), at.getValue().get(order.subject()).column(), order.micros())).toList();
    }

    /** Whether the files name the place of a reading still. A column that is no more could never be read. */
    public boolean names(Reading reading) {
        var place = places.getOrDefault(reading.table(), Collections.emptySortedMap()).get(reading.subject());
        return place != null && place.column().equals(reading.column());
    }

    /** Ends the erasure of somebody who was created anew, and has the log carry that. A promotion must not take it back while the rows that it lets through stay, so it waits for a synchronous standby, for a while. */
    public void end(Anew anew) throws SQLException {
        try (var connection = source.open(); var durable = connection.createStatement(); var statement = connection.prepareStatement(END)) {
            boolean waits = System.nanoTime() - inVain > AFTER_VAIN_NANOS;
            durable.execute("SET synchronous_commit = " + (waits ? "on" : "local"));
            statement.setQueryTimeout(LONGEST_COMMIT_SECONDS);
            statement.setString(1, anew.subject());
            statement.setString(2, anew.hash());
            statement.setLong(3, anew.micros());
            statement.executeUpdate();
            if (waits && statement.getWarnings() != null) {
                LOG.warnf("The end of an erasure stands here, and no synchronous standby has it after %d s (%s); the next ones of a minute are not waited for", LONGEST_COMMIT_SECONDS, statement.getWarnings().getMessage());
                inVain = System.nanoTime();
            }
        }
        ended(anew.subject(), anew.hash());
    }

    /**
     * A row was deleted.
     *
     * @param transaction in which, another one for each
     */
    public void deleted(TableName table, long transaction) {
        if (subjects.values().stream().anyMatch(subject -> subject.table().equals(table))) {
            deleting.put(table, transaction);
        }
    }

    /**
     * Who comes anew with an inserted row. Nobody does in a transaction that took rows of the table away before: Postgres makes such a pair of an update that moves a row to another partition, and the delete
     * need not say whose row it was.
     *
     * @param committedMicros when Postgres committed it
     * @param transaction as {@link #deleted} is told
     */
    public List<Anew> anew(TableName table, Struct row, long committedMicros, long transaction) {
        var found = new ArrayList<Anew>();
        if (deleting.getOrDefault(table, -1L) == transaction) {
            return found;
        }
        subjects.forEach((name, subject) -> {
            var hashes = standing.getOrDefault(name, Map.of());
            var key = hashes.isEmpty() || !subject.table().equals(table) ? null : text(table, row, subject.column());
            var hash = key == null ? null : SubjectKey.hash(name, key);
            if (hash != null && hashes.getOrDefault(hash, Long.MAX_VALUE) <= committedMicros) {
                found.add(new Anew(name, hash, committedMicros));
            }
        });
        return found;
    }

    /**
     * The row as it may go: null where it goes with an erased subject, else with other values in the columns that are redacted.
     *
     * @throws IllegalArgumentException when it cannot be told whether it carries one
     */
    public Struct of(TableName table, Struct row) {
        var redacted = new TreeMap<String, String>();
        for (var place : places.getOrDefault(table, Collections.emptySortedMap()).entrySet()) {
            var hashes = standing.getOrDefault(place.getKey(), Map.of());
            var key = hashes.isEmpty() ? null : text(table, row, place.getValue().column());
            if (key != null && hashes.containsKey(SubjectKey.hash(place.getKey(), key))) {
                if (place.getValue().isRowRemoved()) {
                    return null;
                }
                place.getValue().redacted().forEach((column, value) -> {
                    if (!redacted.containsKey(column)) {
                        redacted.put(column, value);
                    }
                });
            }
        }
        return redacted.isEmpty() ? row : redacted(table, row, redacted);
    }

    private static Struct redacted(TableName table, Struct row, Map<String, String> values) {
        var copy = new Struct(row.schema());
        row.schema().fields().forEach(field -> copy.put(field, row.getWithoutDefault(field.name())));
        values.forEach((column, value) -> {
            require(table, row, column);
            try {
                copy.put(column, value);
            } catch (DataException e) {
                throw new IllegalArgumentException("A row of the table " + table + " cannot be written: the pipeline file gives its column " + column + " a text in the place of what an erased subject left there, and the column is none of text any more", e);
            }
        });
        return copy;
    }

    private static String text(TableName table, Struct row, String column) {
        require(table, row, column);
        var value = row.getWithoutDefault(column);
        if (ColumnConverter.isMissing(value)) {
            throw new IllegalArgumentException("A row of the table " + table + " cannot be written: its column " + column + ", which has the key of a subject, was not in the change; set REPLICA IDENTITY FULL");
        }
        return value == null ? null : value.toString();
    }

    /** A column that has another name now must not go as it is because the file has the old one. */
    private static void require(TableName table, Struct row, String column) {
        if (row.schema().field(column) == null) {
            throw new IllegalArgumentException("A row of the table " + table + " cannot be written: the pipeline file names its column " + column + " under 'subjects', and the change has none of that name");
        }
    }
}
