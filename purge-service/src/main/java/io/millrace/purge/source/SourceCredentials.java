package io.millrace.purge.source;

import io.millrace.pipeline.file.PipelineFiles;
import io.millrace.pipeline.file.Source;
import io.millrace.purge.PurgeConfig;
import io.quarkus.arc.Unremovable;
import io.quarkus.credentials.CredentialsProvider;
import jakarta.inject.Named;
import jakarta.inject.Singleton;
import java.util.Map;

/** As whom to log in at the source database; asked for each new connection, so that a rotated password is used without a restart. */
@Singleton
@Unremovable
@Named(SourceCredentials.NAME)
public class SourceCredentials implements CredentialsProvider {

    static final String NAME = "pipeline-files";

    private final Source source;

    SourceCredentials(PurgeConfig config) {
        source = PipelineFiles.load(config.pipelines()).getFirst().pipeline().source();
    }

    @Override
    public Map<String, String> getCredentials(String name) {
        return Map.of(USER_PROPERTY_NAME, source.user().resolve(), PASSWORD_PROPERTY_NAME, source.password().resolve());
    }
}
