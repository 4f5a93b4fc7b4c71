package io.millrace.capture.engine;

import io.millrace.capture.column.ColumnConverter;
import io.millrace.capture.source.SourceConnection;
import io.millrace.capture.text.Pace;
import io.millrace.capture.text.StreamSockets;
import io.millrace.capture.text.TextConnector;
import io.millrace.capture.text.TextSnapshot;
import io.millrace.capture.text.TextTask;
import io.millrace.pipeline.file.TableName;
import io.millrace.pipeline.topic.Topics;
import java.time.Duration;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.Collection;
import java.util.Map;
import java.util.Properties;
import java.util.Set;
import java.util.function.BooleanSupplier;
import java.util.stream.Collectors;

/**
 * How Debezium is set up.
 *
 * @param sourceName the source's name
 * @param source how to reach it
 * @param pollInterval longest wait of an idle stream
 * @param pace from one batch of the stream to the next while changes come
 * @param heartbeat how often the heartbeat row is written, and how often an idle stream gives a sign of life
 * @param batchSize most changes in one batch
 * @param queueSize most changes read ahead
 * @param queueBytes most bytes read ahead
 * @param snapshotThreads how many connections read tables before the stream
 */
public record EngineSettings(
        String sourceName,
        SourceConnection source,
        Duration pollInterval,
        Duration pace,
        Duration heartbeat,
        int batchSize,
        int queueSize,
        long queueBytes,
        int snapshotThreads) {

    /** Where Debezium would put what it wants to tell; none of it leaves this process. */
    static final String NOTIFICATIONS = "millrace-notifications";

    /** Values as {@link TextSnapshot} reads them. */
    private static final String ERASURES = "SELECT id, aggregatetype, aggregateid, type, \"timestamp\"::text AS \"timestamp\", payload, tracingspancontext FROM "
            + Topics.OUTBOX.sql() + " WHERE \"timestamp\" >= ";
    /** Debezium's queue waits for the whole poll interval or for so many; one record has hundreds of rows where there is much to do. */
    private static final int MOST_RECORDS = 256;
    private static final Duration LOCK_TIMEOUT = Duration.ofSeconds(10);
    /** Writes the heartbeat row, which comes in the stream soon. */
    public static final String HEARTBEAT_QUERY = "INSERT INTO millrace.heartbeat (id, beat) VALUES (1, now()) ON CONFLICT (id) DO UPDATE SET beat = excluded.beat";

    /**
     * Settings of an engine that reads tables whole, by one connection, and then has nothing more to do.
     *
     * @param erasuresSince of the outbox only what was requested since then is read, in microseconds since the Unix epoch; 0 for all of it
     */
    Properties snapshot(Collection<TableName> tables, Map<TableName, Set<String>> leftOut, long erasuresSince) {
        var properties = common(tables, leftOut);
        properties.setProperty("snapshot.mode", "initial_only");
        // The slot is older than the snapshot, so whatever the snapshot's connections see differently is still to come.
        properties.setProperty("snapshot.isolation.mode", "repeatable_read");
        properties.setProperty("snapshot.locking.mode", "none");
        properties.setProperty("snapshot.fetch.size", "4096");
        // Whoever waits longer for a migration gives up, and all is read again.
        properties.setProperty("database.options", source.options() + " -c lock_timeout=" + LOCK_TIMEOUT.toMillis());
        properties.setProperty("snapshot.query.mode", "custom");
        properties.setProperty("snapshot.query.mode.custom.name", TextSnapshot.NAME);
        if (erasuresSince > 0) {
            var outbox = Topics.OUTBOX.toString();
            properties.setProperty("snapshot.select.statement.overrides", outbox);
            properties.setProperty("snapshot.select.statement.overrides." + outbox, ERASURES + "'" + Instant.EPOCH.plus(erasuresSince, ChronoUnit.MICROS) + "'");
        }
        properties.setProperty("notification.enabled.channels", "sink");
        properties.setProperty("notification.sink.topic.name", NOTIFICATIONS);
        return properties;
    }

    /**
     * Settings of an engine that streams from an LSN on.
     *
     * @param events the table of the application's events, null where it has none
     */
    Properties stream(Collection<TableName> tables, Map<TableName, Set<String>> leftOut, TableName events, long start) {
        var properties = common(tables, leftOut);
        if (events != null) {
            properties.setProperty(TextTask.EVENTS, events.sql());
        }
        properties.setProperty("snapshot.mode", "no_data");
        properties.setProperty("max.batch.size", Integer.toString(mostRecords()));
        // A batch without a change, as a sign of life. What is written is capture's own affair.
        properties.setProperty("heartbeat.interval.ms", Long.toString(heartbeat.toMillis()));
        properties.setProperty(SlotOffsets.START, Long.toString(start));
        return properties;
    }

    /** @param isHurried whether somebody waits for the next batch of the stream */
    Pace pace(BooleanSupplier isHurried) {
        return new Pace(pace, pollInterval, mostRecords(), isHurried);
    }

    private int mostRecords() {
        return Math.min(MOST_RECORDS, Math.min(batchSize, queueSize - 1));
    }

    private Properties common(Collection<TableName> tables, Map<TableName, Set<String>> leftOut) {
        var properties = new Properties();
        var name = "millrace-" + sourceName;
        properties.setProperty("name", name);
        properties.setProperty("connector.class", TextConnector.class.getName());
        properties.setProperty("topic.prefix", sourceName);
        properties.setProperty("offset.storage", SlotOffsets.class.getName());
        properties.setProperty(SlotOffsets.NAME, name);
        properties.setProperty(SlotOffsets.PREFIX, sourceName);
        properties.setProperty("offset.flush.interval.ms", "1000");
        properties.setProperty("errors.max.retries", "0");
        var url = JdbcUrl.parse(source.url());
        properties.setProperty("database.hostname", url.host());
        properties.setProperty("database.port", Integer.toString(url.port()));
        properties.setProperty("database.dbname", url.database());
        url.options().forEach((key, value) -> properties.setProperty("database." + key, value));
        properties.setProperty("database.options", source.options());
        properties.setProperty("database.user", source.user());
        properties.setProperty("database.password", source.password().resolve());
        properties.setProperty("driver.binaryTransfer", "false");
        if (!url.options().containsKey("socketFactory")) {
            properties.setProperty("driver.socketFactory", StreamSockets.class.getName());
            properties.setProperty("driver.socketFactoryArg", Topics.slot(sourceName));
        }
        properties.setProperty("plugin.name", "pgoutput");
        properties.setProperty("slot.name", Topics.slot(sourceName));
        properties.setProperty("slot.max.retries", "2");
        properties.setProperty("slot.retry.delay.ms", "2000");
        properties.setProperty("publication.name", Topics.publication(sourceName));
        properties.setProperty("publication.autocreate.mode", "disabled");
        properties.setProperty("table.include.list", tables.stream().map(EngineSettings::pattern).collect(Collectors.joining(",")));
        if (!leftOut.isEmpty()) {
            properties.setProperty("column.exclude.list", leftOut.entrySet().stream()
                    .flatMap(e -> e.getValue().stream().map(column -> pattern(e.getKey()) + "\\." + escape(column)))
                    .collect(Collectors.joining(",")));
        }
        properties.setProperty("skipped.operations", "none");
        properties.setProperty("tombstones.on.delete", "false");
        properties.setProperty("include.unknown.datatypes", "true");
        properties.setProperty("binary.handling.mode", "bytes");
        properties.setProperty("decimal.handling.mode", "string");
        properties.setProperty("interval.handling.mode", "string");
        properties.setProperty("event.processing.failure.handling.mode", "fail");
        // The default writes null in the place of a value that cannot be converted.
        properties.setProperty("event.converting.failure.handling.mode", "fail");
        properties.setProperty("converters", "millrace");
        properties.setProperty("millrace.type", ColumnConverter.class.getName());
        properties.setProperty("poll.interval.ms", Long.toString(pollInterval.toMillis()));
        properties.setProperty("max.batch.size", Integer.toString(batchSize));
        properties.setProperty("max.queue.size", Integer.toString(queueSize));
        properties.setProperty("max.queue.size.in.bytes", Long.toString(queueBytes));
        properties.setProperty("record.processing.threads", "1");
        return properties;
    }

    /** A name as a pattern that matches nothing else. */
    private static String pattern(TableName table) {
        return escape(table.schema()) + "\\." + escape(table.table());
    }

    private static String escape(String name) {
        return name.codePoints()
                .mapToObj(c -> Character.isLetterOrDigit(c) || c == '_' ? Character.toString(c) : "\\x{" + Integer.toHexString(c) + "}")
                .collect(Collectors.joining());
    }
}
