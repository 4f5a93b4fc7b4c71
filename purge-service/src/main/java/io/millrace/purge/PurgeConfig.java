package io.millrace.purge;

import io.smallrye.config.ConfigMapping;
import io.smallrye.config.WithDefault;
import jakarta.validation.constraints.Min;
import jakarta.validation.constraints.Pattern;
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

    /** The consumer group that follows the documents and what jobs add to them. All instances for one source share it. Default {@code millrace-purge}. */
    @WithDefault("millrace-purge")
    String group();

    /** How long a thread may give no sign of life, beside what it waits for on purpose, before liveness fails. Default 2 minutes. */
    @WithDefault("2m")
    Duration stuckAfter();

    /** What GET /pipelines/…/freshness needs to know of the other stages. */
    Freshness freshness();

    /** How an index is compared with the database. */
    Verification verification();

    /** When documents leave by time alone. */
    Retention retention();

    /** How many changes one caller may ask of this instance within a minute: erasures, enrichments, verifications, runs of retention. Default 600. */
    @WithDefault("600")
    @Min(1)
    int changesPerMinute();

    /** Where the token that lets a caller in is found. Without one, and without OIDC, nobody gets in. */
    Token token();

    /** See {@link PurgeConfig#freshness()}. */
    interface Freshness {

        /** The search engine; as whom it is asked is said under {@code millrace.search.}. Default {@code http://localhost:19200}. */
        @WithDefault("http://localhost:19200")
        URI searchUrl();

        /** The database to which documents of pipelines with the target {@code postgres} go, {@code millrace.indexer.table-url}: what a view shows is asked there. Without it those pipelines are never fresh. */
        Optional<String> tableUrl();

        /** As whom to log in there; usage of the schema, and select on {@code millrace_index} in it, suffice; for verifications also select on the views. */
        Optional<String> tableUser();

        /** Where the password is found; asked for each new connection. */
        Reference tablePassword();

        /** The schema there, {@code millrace.indexer.table-schema}. Default {@code documents}. */
        @WithDefault("documents")
        @Pattern(regexp = "[a-z_][a-z0-9_]{0,62}", message = "must be lower-case letters, digits and underscores, not begin with a digit, and be at most 63 long")
        String tableSchema();

        /** The gate's consumer group, {@code millrace.gate.group}. Default {@code millrace-gate}. */
        @WithDefault("millrace-gate")
        String gateGroup();

        /** The indexer's consumer group, {@code millrace.indexer.group}. Default {@code millrace-indexer}. */
        @WithDefault("millrace-indexer")
        String indexerGroup();
    }

    /** A reference to a secret; one of the two places. */
    interface Reference {

        /** The environment variable that holds it. */
        Optional<String> env();

        /** The file that holds it. */
        Optional<Path> file();
    }

    /** See {@link PurgeConfig#verification()}. */
    interface Verification {

        /** How many documents a second are read from the database at most. Default 2,000. */
        @WithDefault("2000")
        @Min(1)
        int rate();

        /** How many documents are read in one transaction; memory holds their hashes. Default 200. */
        @WithDefault("200")
        @Min(1)
        int batch();

        /** JDBC URL of a physical replica that is read in the primary's place, with the same login; what differs there is still looked at on the primary. None by default. */
        Optional<String> replicaUrl();

        /** How long the index may take to reach the position at which documents were read, before they count as undecided. Default 1 minute. */
        @WithDefault("1m")
        Duration patience();

        /** The longest that one query may take in the database; below the 10 seconds after which the primary's connection is given up. Default 8 seconds. */
        @WithDefault("8s")
        Duration statementTimeout();

        /** How many documents one verification may repair. Default 10,000; where more differ, building the index anew is the shorter way. */
        @WithDefault("10000")
        @Min(0)
        int mostRepairs();

        /** The pause between the ends of two verifications of a pipeline that nobody asked for. Without it, which is the default, there are none. */
        Optional<Duration> continuousEvery();

        /** As {@link #rate()}, for those that nobody asked for. Default 50. */
        @WithDefault("50")
        @Min(1)
        int continuousRate();

        /** Whether they repair what differs. Default no. */
        @WithDefault("false")
        boolean continuousRepair();
    }

    /** See {@link PurgeConfig#retention()}. */
    interface Retention {

        /** How long after an order the next may come that nothing but time asks for; a document may stay so much longer than its rule says. Default 1 hour. */
        @WithDefault("1h")
        Duration every();

        /** Whether who asked for a run that is held may not be who confirms it. Default no: with the one token all callers are one. */
        @WithDefault("false")
        boolean secondPerson();
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
