package io.millrace.indexer;

import io.quarkus.runtime.configuration.MemorySize;
import io.smallrye.config.ConfigMapping;
import io.smallrye.config.WithDefault;
import jakarta.validation.constraints.DecimalMax;
import jakarta.validation.constraints.DecimalMin;
import jakarta.validation.constraints.Max;
import jakarta.validation.constraints.Min;
import jakarta.validation.constraints.NotEmpty;
import jakarta.validation.constraints.Pattern;
import java.net.URI;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Optional;

/** Everything that can be set for this service, beside Quarkus's own keys such as {@code kafka.bootstrap.servers}. */
@ConfigMapping(prefix = "millrace.indexer")
public interface IndexerConfig {

    /** Pipeline files, or folders of them, separated by commas. No default. */
    @NotEmpty
    List<Path> pipelines();

    /** The registry's core API, version 3. As whom it is asked is said under {@code millrace.registry.}. */
    @WithDefault("http://localhost:18081/apis/registry/v3")
    URI registryUrl();

    /** The search engine; nodes separated by commas. As whom it is asked is said under {@code millrace.search.}. */
    @WithDefault("http://localhost:19200")
    List<URI> searchUrl();

    /** The database to which documents of pipelines with the target {@code postgres} go, as {@code jdbc:postgresql://…}; TLS by the driver's own parameters. */
    Optional<String> tableUrl();

    /** As whom to log in there. */
    Optional<String> tableUser();

    /** Where the password is found; asked for each new connection. */
    Reference tablePassword();

    /** The schema of that database in which the views and their tables are; made where it is missing. */
    @WithDefault("documents")
    @Pattern(regexp = "[a-z_][a-z0-9_]{0,62}", message = "must be lower-case letters, digits and underscores, not begin with a digit, and be at most 63 long")
    String tableSchema();

    /** The consumer group; its committed offsets are the lag signal for autoscaling. */
    @WithDefault("millrace-indexer")
    String group();

    /** The most documents in one bulk request. */
    @WithDefault("2000")
    @Min(1)
    @Max(100_000)
    int bulkDocuments();

    /** The most bytes in one bulk request, where a single document is not larger. */
    @WithDefault("3M")
    MemorySize bulkBytes();

    /**
     * The least time from one bulk request of a partition to its next, unless that one is full. A change that comes alone is
     * not kept waiting; steady traffic waits half of it and costs the search engine fewer requests.
     */
    @WithDefault("50ms")
    Duration bulkPace();

    /** How often searches are made to see whether they find what was written, while something is written. */
    @WithDefault("100ms")
    Duration searchProbeInterval();

    /** An answer that takes longer says that the search engine has too much to do, so that fewer requests are sent at once. */
    @WithDefault("5s")
    Duration slowBulk();

    /** Bulk requests in flight at once, over all partitions; fewer while the search engine has too much to do. */
    @WithDefault("4")
    @Min(1)
    @Max(256)
    int concurrentBulks();

    /** Bytes of documents that may wait, over all partitions; one that has more than its share is paused. */
    @WithDefault("48M")
    MemorySize buffer();

    /** How often offsets are committed. Phantom lag for the autoscaler grows with it, and the pauses of the denormalizer's fan-outs. */
    @WithDefault("100ms")
    Duration commitInterval();

    /** How long one request to the search engine may take before it is sent again. */
    @WithDefault("30s")
    Duration requestTimeout();

    /** The first wait before something is tried again; doubles with each attempt. */
    @WithDefault("100ms")
    Duration retryMin();

    /** The longest wait before something is tried again. */
    @WithDefault("10s")
    Duration retryMax();

    /** How often a document that the search engine answers with an error of its own (500) is sent before it is quarantined. */
    @WithDefault("8")
    @Min(1)
    @Max(1_000)
    int serverErrorAttempts();

    /** How long a partition that is taken away, or a stop, waits for the bulk in flight. */
    @WithDefault("15s")
    Duration drainTimeout();

    /** The index of the search engine that says how far each pipeline's index there has come. */
    @WithDefault("millrace-marks")
    String marksIndex();

    /** How often that is written while documents are, and looked at; so much is written again after a crash. */
    @WithDefault("10s")
    Duration markInterval();

    /** A folder for the keys of a topic while an index is reconciled with it, 8 bytes for each and the ids of the index; the system's temporary one by default. */
    Optional<Path> scratch();

    /** How long a thread may give no sign of life, beside what it waits for on purpose, before liveness fails. */
    @WithDefault("2m")
    Duration stuckAfter();

    /** How long the target remembers deleted documents' versions ({@code index.gc_deletes}, and rows without a document). */
    @WithDefault("1h")
    Duration rememberDeletes();

    /** Where the token is found that lets a caller have indexes built anew, served and deleted. Without one nobody can. */
    Reference token();

    /** A reference to something secret; one of the two, or none where it may be missing. */
    interface Reference {

        /** The environment variable that holds it. */
        Optional<String> env();

        /** The file that holds it. */
        Optional<Path> file();
    }

    /** When refusals stop the pipeline in the place of filling its quarantine. */
    Breaker breaker();

    /** See {@link IndexerConfig#breaker()}. */
    interface Breaker {

        /** The share of recent documents, refused, above which the pipeline stops; 1 never stops. */
        @WithDefault("0.5")
        @DecimalMin("0.01")
        @DecimalMax("1.0")
        double share();

        /** How many recent documents are looked at. */
        @WithDefault("1000")
        @Min(10)
        @Max(1_000_000)
        int window();

        /** Fewer refusals than this never stop a pipeline. */
        @WithDefault("100")
        @Min(1)
        int refusals();

        /** How long a stopped pipeline waits before it tries the refused documents again. */
        @WithDefault("30s")
        Duration pause();
    }
}
