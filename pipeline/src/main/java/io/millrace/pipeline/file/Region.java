package io.millrace.pipeline.file;

import io.millrace.pipeline.source.SourceUser;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.SequencedMap;

/**
 * Where the pipelines of one region run: what differs between regions, everything else is in the pipeline files.
 *
 * @param name of the region, as {@code --region} takes it
 * @param pipelines files and folders; empty: those that the command names
 * @param variables what the pipeline files' {@code {env: NAME}} mean in this region
 * @param admin who makes things in the databases; null: the role of the pipeline files
 * @param roles services that come to the databases as roles of their own; all others come as the role of the pipeline files
 * @param usedColumnsOnly publish of each table only what documents are made of
 * @param kafka how to reach Kafka, {@code bootstrap.servers} among it
 * @param principals as whom the services come to Kafka, by the service's name; empty where Kafka does not authorize
 * @param registry base of the registry's API, version 3, and as whom it is asked
 * @param registryPrincipals as whom the services come to the registry, by the service's name; empty where it keeps no roles
 * @param search the search engine; null where it is not looked at
 * @param partitions of every topic
 * @param replication copies of every partition
 * @param keeping for how long records are kept that nobody has read
 */
public record Region(String name, List<Path> pipelines, SequencedMap<String, Reference> variables, Login admin, Map<SourceUser, Login> roles, boolean usedColumnsOnly, Map<String, Reference> kafka,
        Map<String, String> principals, HttpPlace registry, Map<String, String> registryPrincipals, HttpPlace search, int partitions, int replication, Keeping keeping) {

    /** One in which all services come to a database as one role, and records are kept for as long as {@link Keeping#DEFAULT} says. */
    public Region(String name, List<Path> pipelines, SequencedMap<String, Reference> variables, Login admin, boolean usedColumnsOnly, Map<String, Reference> kafka,
            Map<String, String> principals, HttpPlace registry, HttpPlace search, int partitions, int replication) {
        this(name, pipelines, variables, admin, Map.of(), usedColumnsOnly, kafka, principals, registry, Map.of(), search, partitions, replication, Keeping.DEFAULT);
    }

    /** A role and its password. */
    public record Login(Reference user, Reference password) {}

    /**
     * A server over HTTP.
     *
     * @param login by a password that is referred to; null where there is none
     * @param access further keys of {@link io.millrace.pipeline.http.HttpAccess}, without the server's prefix
     */
    public record HttpPlace(Reference url, Login login, Map<String, String> access) {}
}
