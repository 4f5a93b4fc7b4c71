package io.millrace.provisioner;

import java.net.URI;

/**
 * Where the stages meet.
 *
 * @param kafkaBootstrap {@code host:port}, several separated by commas
 * @param registry base of the registry's API, such as {@code http://localhost:18081/apis/registry/v3}
 * @param partitions of every topic of a source; the same for all, since rows meet by their partition
 * @param replication copies of every partition
 */
public record Targets(String kafkaBootstrap, URI registry, int partitions, short replication) {

    public static final int DEFAULT_PARTITIONS = 4;

    public Targets {
        if (partitions < 1 || replication < 1) {
            throw new IllegalArgumentException("Partitions and replication must be at least 1, not " + partitions + " and " + replication);
        }
    }
}
