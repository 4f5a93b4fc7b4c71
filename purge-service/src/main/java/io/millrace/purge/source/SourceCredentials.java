package io.millrace.purge.source;

import io.millrace.pipeline.file.PipelineFiles;
import io.millrace.pipeline.file.Reference;
import io.millrace.pipeline.file.Source;
import io.millrace.purge.PurgeConfig;
import io.quarkus.arc.Unremovable;
import io.quarkus.credentials.CredentialsProvider;
import io.smallrye.mutiny.Uni;
import jakarta.inject.Named;
import jakarta.inject.Singleton;
import java.util.HashMap;
import java.util.Map;
import org.jboss.logging.Logger;

/** As whom to log in at the source database; asked for each new connection, so that a rotated password is used without a restart. */
@Singleton
@Unremovable
@Named(SourceCredentials.NAME)
public class SourceCredentials implements CredentialsProvider {

    private static final Logger LOG = Logger.getLogger(SourceCredentials.class);

    static final String NAME = "pipeline-files";

    private final Source source;

    SourceCredentials(PurgeConfig config) {
        source = PipelineFiles.load(config.pipelines()).getFirst().pipeline().source();
    }

    /** At once, by who asks: the pool gives up a connection that is long in coming, and that must not depend on a thread that somebody else keeps busy. */
    @Override
    public Uni<Map<String, String>> getCredentialsAsync(String name) {
        return Uni.createFrom().item(getCredentials(name));
    }

    /** The password is left out where it cannot be read: the database then refuses the login by an error that everybody expects, and an exception from here would end who asks. */
    @Override
    public Map<String, String> getCredentials(String name) {
        var credentials = new HashMap<String, String>();
        put(credentials, USER_PROPERTY_NAME, source.user());
        put(credentials, PASSWORD_PROPERTY_NAME, source.password());
        return credentials;
    }

    private static void put(Map<String, String> credentials, String property, Reference reference) {
        try {
            credentials.put(property, reference.resolve());
        } catch (IllegalStateException e) {
            LOG.warnf("Logging in at the source database is tried without a %s: %s", property, e.getMessage());
        }
    }
}
