package io.millrace.capture.text;

import io.debezium.connector.postgresql.PgOid;
import io.debezium.connector.postgresql.PostgresType;
import io.debezium.connector.postgresql.TypeRegistry;
import io.debezium.connector.postgresql.connection.PostgresConnection;

/**
 * The types as Debezium's decoder of the stream sees them.
 *
 * <p>The decoder asks by id when the stream describes a table, and learns the truth. It asks by name for each value that
 * it is about to parse, and is told that it is a text. So no value can be one that Debezium's parsers refuse, or change.
 */
final class TextTypes extends TypeRegistry {

    private final PostgresType text = super.get(PgOid.TEXT);

    TextTypes(PostgresConnection connection) {
        super(connection);
    }

    @Override
    public PostgresType get(String schema, String name) {
        return text;
    }
}
