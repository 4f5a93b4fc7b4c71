package io.millrace.indexer.table;

import io.millrace.indexer.IndexerConfig;
import io.millrace.pipeline.access.Secret;
import io.quarkus.arc.Unremovable;
import io.quarkus.credentials.CredentialsProvider;
import jakarta.inject.Named;
import jakarta.inject.Singleton;
import java.util.HashMap;
import java.util.Map;

/** As whom to log in at the database of the tables; asked for each new connection, so that a rotated password is used without a restart. */
@Singleton
@Unremovable
@Named("table-target")
public class TableCredentials implements CredentialsProvider {

    private final IndexerConfig config;

    TableCredentials(IndexerConfig config) {
        this.config = config;
    }

    @Override
    public Map<String, String> getCredentials(String name) {
        var credentials = new HashMap<String, String>();
        config.tableUser().ifPresent(user -> credentials.put(USER_PROPERTY_NAME, user));
        var password = Secret.of("millrace.indexer.table-password", config.tablePassword().env(), config.tablePassword().file()).read();
        if (password != null) {
            credentials.put(PASSWORD_PROPERTY_NAME, password);
        }
        return credentials;
    }
}
