package io.millrace.console;

import io.smallrye.config.ConfigMapping;
import io.smallrye.config.WithDefault;
import java.net.URI;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Optional;

/** Everything the console can be told. An unknown key stops the start. */
@ConfigMapping(prefix = "millrace.console")
public interface ConsoleConfig {

    /** Pipeline files, or folders of them, separated by commas. No default. */
    List<Path> pipelines();

    /** Instances of capture; a name that stands for several addresses is several. Default {@code http://localhost:18101}. */
    @WithDefault("http://localhost:18101")
    List<URI> captureUrls();

    /** Instances of the gate; the first is asked for the quarantine. Default {@code http://localhost:18102}. */
    @WithDefault("http://localhost:18102")
    List<URI> gateUrls();

    /** Instances of the denormalizer. Default {@code http://localhost:18103}. */
    @WithDefault("http://localhost:18103")
    List<URI> denormalizerUrls();

    /** Instances of the indexer. Default {@code http://localhost:18104}. */
    @WithDefault("http://localhost:18104")
    List<URI> indexerUrls();

    /** Instances of the purge service; the first is asked for erasures, verifications and retention. Default {@code http://localhost:18105}. */
    @WithDefault("http://localhost:18105")
    List<URI> purgeUrls();

    /** The search engine; as whom it is asked is said under {@code millrace.search.}. Default {@code http://localhost:19200}. */
    @WithDefault("http://localhost:19200")
    URI searchUrl();

    /** How long a service may take to answer before it counts as away. Default 2 seconds. */
    @WithDefault("2s")
    Duration patience();

    /** How long one look at all services may take before liveness fails. Default 2 minutes. */
    @WithDefault("2m")
    Duration stuckAfter();

    /** For how long what was seen is kept, a point each ten seconds for each pipeline. Default 6 hours. */
    @WithDefault("6h")
    Duration history();

    /** Prometheus, or what answers as it does; asked for what was measured before the console was started. As whom it is asked is said under {@code millrace.prometheus.}. Default: none. */
    Optional<URI> prometheusUrl();

    /** {@code NAME=VALUE} of each label by which this installation's series are told from others in the same Prometheus. Default: none. */
    Optional<List<String>> prometheusLabels();

    /** A file with the bearer token that every read needs. Without it everybody who reaches the console may read; changes need the gate's token either way. */
    Optional<Path> tokenFile();

    /** How people log in at a provider, where {@code quarkus.oidc.tenant-enabled} is on. */
    Login login();

    /** As whom the console is known there is {@code quarkus.oidc.client-id}; whom it believes there is said under {@code millrace.login.}. */
    interface Login {

        /** A file with the client's secret. Default: none, as of a public client, for which the code's own secret (PKCE) has to do. */
        Optional<Path> secretFile();

        /** What is asked for, by spaces. Default {@code openid}. */
        @WithDefault("openid")
        String scope();
    }
}
