package io.millrace.denormalizer;

import io.smallrye.config.ConfigMapping;
import io.smallrye.config.WithDefault;
import jakarta.validation.constraints.Max;
import jakarta.validation.constraints.Min;
import java.net.URI;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;

/** Everything the denormalizer can be told; Kafka's address is {@code kafka.bootstrap.servers}. An unknown key stops the start. */
@ConfigMapping(prefix = "millrace.denormalizer")
public interface DenormalizerConfig {

    /** Pipeline files, or folders of them, separated by commas; each pipeline is joined. No default. */
    List<Path> pipelines();

    /** The registry's core API, version 3. Default {@code http://localhost:18081/apis/registry/v3}. */
    @WithDefault("http://localhost:18081/apis/registry/v3")
    URI registryUrl();

    /**
     * How long a record waits for a registry that is away, or that does not know its schema, before its thread starts
     * over; nothing is lost either way. Less than Kafka's {@code max.poll.interval.ms} of 5 minutes. Default 1 minute.
     */
    @WithDefault("1m")
    Duration registryPatience();

    /** Where the state stores are; a folder that survives a restart saves the restore. Default {@code state}. */
    @WithDefault("state")
    Path stateFolder();

    /** Stream threads of each pipeline. Default 1. */
    @WithDefault("1")
    @Min(1)
    @Max(64)
    int threads();

    /**
     * How often offsets are committed: what is done again after a crash, and what an autoscaler sees as lag. Documents do
     * not wait for it. Default 500 ms.
     */
    @WithDefault("500ms")
    Duration commitInterval();

    /**
     * How long an instance may be silent before the others of its group take its partitions; not less than Kafka's
     * {@code group.min.session.timeout.ms}. Default 15 s.
     */
    @WithDefault("15s")
    Duration sessionTimeout();

    /**
     * Whether an instance that is stopped gives its partitions to the others at once. If not, they are kept for it for the
     * session's time, so that a restart moves no state; for instances that come back soon, with the state they had. Default
     * true.
     */
    @WithDefault("true")
    boolean leaveOnStop();

    /** Copies of each state store on other instances, for a fast take-over. Default 0. */
    @WithDefault("0")
    @Min(0)
    @Max(5)
    int standbyReplicas();

    /** Replicas of the topics that this service makes. Default 1. */
    @WithDefault("1")
    @Min(1)
    short replicationFactor();

    /** Memory for blocks of the state stores, shared by all pipelines, in bytes. Default 96 MiB. */
    @WithDefault("100663296")
    @Min(1 << 20)
    long blockCacheBytes();

    /** Memory for what is not yet written to disk, shared by all pipelines, in bytes. Default 48 MiB. */
    @WithDefault("50331648")
    @Min(1 << 20)
    long writeBufferBytes();

    /**
     * Memory for look-up rows that documents showed lately, in bytes: each partition of each pipeline has the same part of
     * it. Default 32 MiB.
     */
    @WithDefault("33554432")
    @Min(0)
    long lookupCacheBytes();

    /** A larger document is set aside in quarantine. Default 8 MiB; the documents topic must take as much. */
    @WithDefault("8388608")
    @Min(1024)
    int maxDocumentBytes();

    /** How long the position of a removed array row is kept, so that a replay does not show it again. Default 10 minutes. */
    @WithDefault("10m")
    Duration keepRemoved();

    /** The gate's consumer group, which tells whether all that capture read first has passed. Default {@code millrace-gate}. */
    @WithDefault("millrace-gate")
    String gateGroup();

    /**
     * The indexer's consumer group. While it is behind, look-ups' changes wait before they go into documents, so that changes
     * of single rows do not. A group that has committed nothing holds nothing back. Default {@code millrace-indexer}.
     */
    @WithDefault("millrace-indexer")
    String indexerGroup();
}
