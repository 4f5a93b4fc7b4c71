package io.millrace.purge;

import io.smallrye.config.ConfigMapping;
import io.smallrye.config.WithDefault;
import java.net.URI;
import java.nio.file.Path;
import java.time.Duration;
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

    /** How long a thread may give no sign of life, beside what it waits for on purpose, before liveness fails. Default 2 minutes. */
    @WithDefault("2m")
    Duration stuckAfter();

    /** What GET /pipelines/…/freshness needs to know of the other stages. */
    Freshness freshness();

    /** Where the token that lets a caller in is found. Without one, and without OIDC, nobody gets in. */
    Token token();

    /** See {@link PurgeConfig#freshness()}. */
    interface Freshness {

        /** The search engine. Default {@code http://localhost:19200}. */
        @WithDefault("http://localhost:19200")
        URI searchUrl();

        /** User for basic authentication at the search engine; none by default. */
        Optional<String> searchUser();

        /** A file that holds the password of {@link #searchUser()}; none by default. */
        Optional<Path> searchPasswordFile();

        /** The gate's consumer group, {@code millrace.gate.group}. Default {@code millrace-gate}. */
        @WithDefault("millrace-gate")
        String gateGroup();

        /** The indexer's consumer group, {@code millrace.indexer.group}. Default {@code millrace-indexer}. */
        @WithDefault("millrace-indexer")
        String indexerGroup();
    }

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
