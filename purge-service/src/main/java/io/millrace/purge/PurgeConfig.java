package io.millrace.purge;

import io.smallrye.config.ConfigMapping;
import io.smallrye.config.WithDefault;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;

/** Everything the purge service can be told; Kafka's address is {@code kafka.bootstrap.servers}. An unknown key stops the start. */
@ConfigMapping(prefix = "millrace.purge")
public interface PurgeConfig {

    /** Pipeline files, or folders of them, separated by commas; all over one source. No default. */
    List<Path> pipelines();

    /** The consumer group that follows the documents. All instances for one source share it. Default {@code millrace-purge}. */
    @WithDefault("millrace-purge")
    String group();

    /** Where the token that lets a caller in is found. Without one, and without OIDC, nobody gets in. */
    Token token();

    /** A reference to the bearer token; one of the two places. */
    interface Token {

        /** The environment variable that holds it. */
        Optional<String> env();

        /** The file that holds it. */
        Optional<Path> file();

        /** Whom the audit names for requests with this token. Default {@code token}. */
        @WithDefault("token")
        String principal();
    }
}
