package io.millrace.indexer.table;

import io.millrace.indexer.IndexerConfig;
import io.millrace.pipeline.access.Secret;
import io.quarkus.arc.Unremovable;
import io.quarkus.credentials.CredentialsProvider;
import io.smallrye.mutiny.Uni;
import jakarta.inject.Named;
import jakarta.inject.Singleton;
import java.util.HashMap;
import java.util.Map;
import org.jboss.logging.Logger;

/** As whom to log in at the database of the tables; asked for each new connection, so that a rotated password is used without a restart. */
@Singleton
@Unremovable
@Named("table-target")
public class TableCredentials implements CredentialsProvider {

    private static final Logger LOG = Logger.getLogger(TableCredentials.class);

    private final IndexerConfig config;

    TableCredentials(IndexerConfig config) {
        this.config = config;
    }

    /** At once, by who asks: the pool interrupts who makes a connection that is long in coming, and who waited for another thread here would end whoever asks for one. */
    @Override
    public Uni<Map<String, String>> getCredentialsAsync(String name) {
        return Uni.createFrom().item(getCredentials(name));
    }

    /** The password is left out where it cannot be read: the database then refuses the login by an error that everybody expects, and an exception from here would end who asks. */
    @Override
    public Map<String, String> getCredentials(String name) {
        var credentials = new HashMap<String, String>();
        config.tableUser().ifPresent(user -> credentials.put(USER_PROPERTY_NAME, user));
        try {
            var password = Secret.of("millrace.indexer.table-password", config.tablePassword().env(), config.tablePassword().file()).read();
            if (password != null) {
                credentials.put(PASSWORD_PROPERTY_NAME, password);
            }
        } catch (IllegalStateException e) {
            LOG.warnf("The password for the database of the tables cannot be read: %s", e.getMessage());
        }
        return credentials;
    }
}
