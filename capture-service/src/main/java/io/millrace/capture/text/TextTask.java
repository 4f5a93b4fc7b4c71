package io.millrace.capture.text;

import io.debezium.connector.postgresql.PostgresConnectorConfig;
import io.debezium.connector.postgresql.PostgresConnectorTask;
import io.debezium.connector.postgresql.PostgresSchema;
import io.debezium.connector.postgresql.connection.PostgresConnection;
import io.debezium.connector.postgresql.connection.ReplicationConnection;
import io.debezium.relational.TableId;
import io.debezium.service.spi.ServiceRegistry;
import io.millrace.capture.bundle.BundlingDecoder;
import io.millrace.capture.bundle.Relations;
import io.millrace.capture.bundle.TableNumbers;
import io.millrace.capture.source.SeenCommits;
import io.millrace.pipeline.file.TableName;
import io.millrace.pipeline.topic.Topics;
import java.time.Duration;
import java.util.List;
import java.util.Set;
import java.util.function.Predicate;
import org.apache.kafka.connect.source.SourceRecord;

/** The task of {@link TextConnector}. Debezium makes an instance by name for each engine. */
public final class TextTask extends PostgresConnectorTask {

    /** Setting: the table of the application's events as SQL names it; none where it has none. */
    public static final String EVENTS = "millrace.events";

    private final Arrivals arrivals = new Arrivals();
    private final Relations relations = new Relations();
    private volatile String bundles;
    /** None before there is a stream. */
    private volatile Pace pace = Pace.NONE;
    /** Whether nothing was there when the queue was last asked. */
    private boolean idle;

    @Override
    public List<SourceRecord> doPoll() throws InterruptedException {
        if (idle) {
            arrivals.await();
        } else {
            pace.await();
        }
        var records = super.doPoll();
        idle = records == null || records.isEmpty();
        pace.taken(idle ? 0 : records.size(), System.nanoTime());
        return idle ? records : List.of(new Batch(records.stream().map(record -> BundlingDecoder.opened(record, bundles, relations)).toList()));
    }

    /** Debezium calls it while the task starts, behind the making of the connection by which the task learns of tables, and before it asks for any. */
    @Override
    protected void registerServiceProviders(ServiceRegistry services) {
        super.registerServiceProviders(services);
        UnlockedColumns.in(this);
    }

    @Override
    protected ReplicationConnection buildReplicationConnection(PostgresConnection connection, PostgresSchema schema, PostgresConnectorConfig config) {
        bundles = BundlingDecoder.topic(config.getLogicalName());
        pace = Pace.of(config.getLogicalName());
        var types = new TextTypes(connection);
        var made = ReplicationConnection.builder(config)
                .withSlot(config.slotName())
                .withPublication(config.publicationName())
                .withTableFilter(config.getTableFilters())
                .withPublicationAutocreateMode(PostgresConnectorConfig.AutoCreateMode.DISABLED)
                .withPlugin(config.plugin())
                .dropSlotOnClose(false)
                .createFailOverSlot(false)
                .statusUpdateInterval(Duration.ofMillis(config.getConfig().getInteger(PostgresConnectorConfig.STATUS_UPDATE_INTERVAL_MS)))
                .withTypeRegistry(types)
                .withSchema(schema)
                .jdbcMetadataConnection(connection)
                .build();
        var decoder = BundlingDecoder.before(made, schema, left(config), relations, () -> TableNumbers.of(config.getLogicalName()), captured(config), types,
                transaction -> new SeenCommits(connection.connection()).see((int) transaction));
        return arrivals.watched(made, config.slotName(), decoder);
    }

    private static Predicate<TableName> captured(PostgresConnectorConfig config) {
        var filter = config.getTableFilters().dataCollectionFilter();
        return table -> filter.isIncluded(new TableId(null, table.schema(), table.table()));
    }

    /** Debezium makes of an event's row what its router reads, and the others are few. */
    private static Set<TableName> left(PostgresConnectorConfig config) {
        var events = config.getConfig().getString(EVENTS);
        return events == null ? Set.of(Topics.HEARTBEAT, Topics.OUTBOX) : Set.of(Topics.HEARTBEAT, Topics.OUTBOX, TableName.parse(events));
    }
}
