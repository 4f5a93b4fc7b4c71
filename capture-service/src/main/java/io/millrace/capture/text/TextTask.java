package io.millrace.capture.text;

import io.debezium.connector.postgresql.PostgresConnectorConfig;
import io.debezium.connector.postgresql.PostgresConnectorTask;
import io.debezium.connector.postgresql.PostgresSchema;
import io.debezium.connector.postgresql.connection.PostgresConnection;
import io.debezium.connector.postgresql.connection.ReplicationConnection;
import java.time.Duration;
import java.util.List;
import org.apache.kafka.connect.source.SourceRecord;

/** The task of {@link TextConnector}. Debezium makes an instance by name for each engine. */
public final class TextTask extends PostgresConnectorTask {

    private final Arrivals arrivals = new Arrivals();
    /** Whether nothing was there when the queue was last asked. */
    private boolean idle;

    @Override
    public List<SourceRecord> doPoll() throws InterruptedException {
        if (idle) {
            arrivals.await();
        }
        var records = super.doPoll();
        idle = records == null || records.isEmpty();
        return idle ? records : List.of(new Batch(records));
    }

    @Override
    protected ReplicationConnection buildReplicationConnection(PostgresConnection connection, PostgresSchema schema, PostgresConnectorConfig config) {
        return arrivals.watched(ReplicationConnection.builder(config)
                .withSlot(config.slotName())
                .withPublication(config.publicationName())
                .withTableFilter(config.getTableFilters())
                .withPublicationAutocreateMode(PostgresConnectorConfig.AutoCreateMode.DISABLED)
                .withPlugin(config.plugin())
                .dropSlotOnClose(false)
                .createFailOverSlot(false)
                .statusUpdateInterval(Duration.ofMillis(config.getConfig().getInteger(PostgresConnectorConfig.STATUS_UPDATE_INTERVAL_MS)))
                .withTypeRegistry(new TextTypes(connection))
                .withSchema(schema)
                .jdbcMetadataConnection(connection)
                .build(), config.slotName());
    }
}
