package io.millrace.capture.text;

import io.debezium.connector.postgresql.PostgresConnector;
import org.apache.kafka.connect.connector.Task;

/** Debezium's connector for Postgres, except that it leaves every value of the stream as the text that Postgres sent. */
public final class TextConnector extends PostgresConnector {

    @Override
    public Class<? extends Task> taskClass() {
        return TextTask.class;
    }
}
