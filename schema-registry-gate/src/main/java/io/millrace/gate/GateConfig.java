package io.millrace.gate;

import io.smallrye.config.ConfigMapping;
import io.smallrye.config.WithDefault;
import jakarta.validation.constraints.DecimalMax;
import jakarta.validation.constraints.DecimalMin;
import jakarta.validation.constraints.Max;
import jakarta.validation.constraints.Min;
import jakarta.validation.constraints.Pattern;
import java.net.URI;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Optional;

/** Everything the gate can be told; Kafka's address is {@code kafka.bootstrap.servers}. An unknown key stops the start. */
@ConfigMapping(prefix = "millrace.gate")
public interface GateConfig {

    /** Pipeline files, or folders of them, separated by commas; they say each table's compatibility rule. No default. */
    List<Path> pipelines();

    /**
     * Which sources' {@code captured.*} topics this gate consumes: a regular expression over the source's name. Gates
     * for different sources need different group ids. Default: every source.
     */
    @WithDefault("[^.]+")
    String sources();

    /** Whether this process takes records at all; one that does not serves the HTTP calls alone. Default yes. */
    @WithDefault("true")
    boolean consume();

    /** The consumer group. All instances of one gate share it. Default {@code millrace-gate}. */
    @WithDefault("millrace-gate")
    String group();

    /** The registry's core API, version 3. Default {@code http://localhost:18081/apis/registry/v3}. */
    @WithDefault("http://localhost:18081/apis/registry/v3")
    URI registryUrl();

    /** How long one call to the registry may take before the registry counts as away. Default 5 seconds. */
    @WithDefault("5s")
    Duration registryTimeout();

    /** Most bytes that key and value of a record may have together; a larger one is quarantined. As much as capture sends and the topics take. Default 8 MiB. */
    @WithDefault("8388608")
    @Min(1024)
    int maxRecordBytes();

    /** Whether text must be valid UTF-8 to pass. Default yes. */
    @WithDefault("true")
    boolean checkText();

    /** Most records of one partition that are sent before their acknowledgements are awaited. Default 2,000. */
    @WithDefault("2000")
    @Min(1)
    @Max(100_000)
    int chunk();

    /**
     * Bytes of heap for records between their fetch and their acknowledgement, over all partitions; a partition whose
     * share is full is paused. More than the young generation's survivors hold makes the collector copy them again and
     * again. Default 4 MiB.
     */
    @WithDefault("4194304")
    @Min(1024 * 1024)
    long heldBytes();

    /** How often finished offsets are committed; bounds what is repeated after a crash. Default 500 ms. */
    @WithDefault("500ms")
    Duration commitInterval();

    /** How long a stop, or a partition moving to another instance, waits for records in flight. Default 20 seconds. */
    @WithDefault("20s")
    Duration drainTimeout();

    /** Replicas of the topics that the gate itself makes; -1 is the broker's default. Default -1. */
    @WithDefault("-1")
    short replication();

    /** Who may read {@code GET /quarantine}, {@code /breaker} and {@code /schemas}: {@code permit} (everybody) or {@code authenticated} (the role millrace-reader or millrace-operator, or the token). Default authenticated. */
    @WithDefault("authenticated")
    @Pattern(regexp = "permit|authenticated", message = "must be permit or authenticated")
    String reads();

    /**
     * After how long without a sign of life a thread of the gate counts as stuck, so that liveness fails and names it. A call to
     * Kafka or the registry may take half a minute. Default 2 minutes.
     */
    @WithDefault("2m")
    Duration silence();

    Breaker breaker();

    /** Where the token that lets a caller change something is found. Without one, and without OIDC, nobody can. */
    Reference token();

    Check check();

    /** When to stop rather than go on parking. */
    interface Breaker {

        /** How far back it looks. Default 60 seconds. */
        @WithDefault("60s")
        Duration window();

        /** The share of refused records, or of records that queue behind one refused in the window, that opens it. Default 0.5. */
        @WithDefault("0.5")
        @DecimalMin("0.01")
        @DecimalMax("1.0")
        double share();

        /** Fewest such records. Default 20. */
        @WithDefault("20")
        @Min(1)
        int records();

        /** Fewest tables that were newly parked in the window. Default 3. */
        @WithDefault("3")
        @Min(1)
        int tables();

        /** How often the registry is asked again while the breaker is open. Default 10 seconds. */
        @WithDefault("10s")
        Duration probe();
    }

    /** The check of migrations over HTTP, {@code POST /check}. */
    interface Check {

        /**
         * Where the URL of the scratch database is found, {@code postgresql://user:password@host:5432/database}: an empty database,
         * entered as a superuser, on a PostgreSQL 15 or later of its own. Whoever may call the check runs SQL there as that
         * superuser, so nothing else may be on that server or reachable from it. Without it the call is refused.
         */
        Reference scratch();

        /** Most bytes that migrations and baseline of one call may have together. Default 4 MiB; beyond 10 MiB {@code quarkus.http.limits.max-body-size} has to be raised too. */
        @WithDefault("4194304")
        @Min(1024)
        int maxBytes();

        /** How long one check may take, waiting for the scratch server included; what it runs then is ended. Default 2 minutes. */
        @WithDefault("2m")
        Duration timeout();
    }

    /** A reference to something secret; one of the two, or none where it may be missing. */
    interface Reference {

        /** The environment variable that holds it. */
        Optional<String> env();

        /** The file that holds it. */
        Optional<Path> file();
    }
}
