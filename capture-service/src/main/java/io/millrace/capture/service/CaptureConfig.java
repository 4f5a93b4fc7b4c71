package io.millrace.capture.service;

import io.quarkus.runtime.configuration.MemorySize;
import io.smallrye.config.ConfigMapping;
import io.smallrye.config.WithDefault;
import jakarta.validation.constraints.DecimalMax;
import jakarta.validation.constraints.DecimalMin;
import jakarta.validation.constraints.Max;
import jakarta.validation.constraints.Min;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Optional;

/** Settings of the capture service. Kafka's own stand under {@code kafka.}, of which {@code kafka.bootstrap.servers} is needed. */
@ConfigMapping(prefix = "millrace.capture")
public interface CaptureConfig {

    /** Pipeline files, and folders with pipeline files, separated by commas. No default. */
    List<Path> pipelines();

    /** Name of the source to capture. Needed only where the pipelines have several; each needs a capture of its own. */
    Optional<String> source();

    /** The registry's core API, version 3. Default the local stack's. */
    @WithDefault("http://localhost:18081/apis/registry/v3")
    String registryUrl();

    /** Share of changes that are traced though their row brings no trace context, 0 to 1, where no pipeline file says it. Default 0.01. */
    @WithDefault("0.01")
    @DecimalMin("0")
    @DecimalMax("1")
    double traceRate();

    /** How long a change that comes after quiet waits for others that go on with it. Default 20 ms. */
    @WithDefault("20ms")
    Duration pollInterval();

    /**
     * From one batch to the next while changes come; half of it is added to the latency of a change then. Shorter costs every
     * later stage: a batch of one change costs them nearly as much as one of twenty. None longer than {@code poll-interval}
     * gathers by that alone. Default 150 ms.
     */
    @WithDefault("150ms")
    Duration pace();

    /** How often the heartbeat row is written, so that the slot advances while the tables are quiet. Default 5 s. */
    @WithDefault("5s")
    Duration heartbeat();

    /** Most changes that are sent before Kafka's answer is awaited; 8 MB of them at most. Default 8192. */
    @WithDefault("8192")
    @Min(1)
    @Max(1_000_000)
    int batchSize();

    /** Most that is read ahead of Kafka, in bundles of 32 KB of small rows or in larger rows; more than {@code batch-size}. Default 32768. */
    @WithDefault("32768")
    @Min(2)
    @Max(10_000_000)
    int queueSize();

    /** Most memory that changes read ahead of Kafka may take. Default 64M. */
    @WithDefault("64M")
    MemorySize queueBytes();

    /** Connections that read tables at once before the stream begins. Default 2. */
    @WithDefault("2")
    @Min(1)
    @Max(64)
    int snapshotThreads();

    /** Most rows a second that are read again while the stream goes on. Default 20000. */
    @WithDefault("20000")
    @Min(1)
    @Max(10_000_000)
    int resnapshotRowsPerSecond();

    /** Rows of such a table that are read in one transaction and written between two batches of the stream. Default 2000. */
    @WithDefault("2000")
    @Min(1)
    @Max(100_000)
    int resnapshotChunkRows();

    /** Largest record that is sent, with its key; the topics' {@code max.message.bytes} must allow it too. Default 8M. */
    @WithDefault("8M")
    MemorySize maxRecordBytes();

    /** How often slot, publication, tables and the server itself are looked at. Default 5 s. */
    @WithDefault("5s")
    Duration watch();

    /** How long capture may give no sign of life, beside what it waits for on purpose, before liveness fails. Default 2 minutes. */
    @WithDefault("2m")
    Duration stuckAfter();

    /** Where the token that lets a caller ask for a recovery or for a table to be read again is found. Without one nobody can. */
    Reference token();

    /** A reference to something secret; one of the two, or none where it may be missing. */
    interface Reference {

        /** The environment variable that holds it. */
        Optional<String> env();

        /** The file that holds it. */
        Optional<Path> file();
    }
}
