package io.millrace.provisioner;

import io.millrace.pipeline.file.Keeping;
import io.millrace.pipeline.http.HttpAccess;
import io.millrace.pipeline.http.Server;
import java.net.URI;
import java.util.Map;

/**
 * Where the stages meet.
 *
 * @param kafka how to reach Kafka: {@code bootstrap.servers}, and security settings where there are any; never printed
 * @param registry base of the registry's API, such as {@code http://localhost:18081/apis/registry/v3}, and as whom it is asked
 * @param search the search engine; null: nothing is looked at there
 * @param partitions of every topic of a source; the same for all, since rows meet by their partition
 * @param replication copies of every partition
 * @param keeping for how long records are kept that nobody has read
 * @param principals as whom the services come to a Kafka that authorizes, by the service's name; empty: no rights are granted
 * @param registryPrincipals as whom they come to a registry that keeps roles itself; empty: no roles are given
 */
public record Targets(Map<String, String> kafka, HttpPlace registry, HttpPlace search, int partitions, short replication, Keeping keeping, Map<String, String> principals,
        Map<String, String> registryPrincipals) {

    public static final int DEFAULT_PARTITIONS = 4;

    public Targets {
        if (partitions < 1 || replication < 1) {
            throw new IllegalArgumentException("Partitions and replication must be at least 1, not " + partitions + " and " + replication);
        }
        kafka = Map.copyOf(kafka);
        principals = Map.copyOf(principals);
        registryPrincipals = Map.copyOf(registryPrincipals);
    }

    /** A Kafka without security, and no search engine. */
    public Targets(String kafkaBootstrap, URI registry, int partitions, short replication) {
        this(Map.of("bootstrap.servers", kafkaBootstrap), new HttpPlace(registry, HttpAccess.ofEnvironment(Server.REGISTRY, registry, _ -> null)), null, partitions, replication, Keeping.DEFAULT, Map.of(), Map.of());
    }

    public String kafkaBootstrap() {
        return kafka.getOrDefault("bootstrap.servers", "");
    }

    @Override
    public String toString() {
        return "Kafka at " + kafkaBootstrap() + ", registry at " + registry + (search == null ? "" : ", search engine at " + search);
    }
}
