package io.millrace.local;

import java.util.Collection;
import java.util.Map;
import java.util.stream.Collectors;

/**
 * A second listener of the local broker that asks who comes and, by Kafka's own authorizer, whether they may: as in production.
 * Whoever comes by the first listener may everything.
 *
 * @param ports those of the servers
 * @param port where it listens
 * @param users who may log in by PLAIN, where the password is the name; by SCRAM whoever Kafka was told of
 */
public record GuardedListener(Ports ports, int port, Collection<String> users) {

    private static final String LOGIN = "org.apache.kafka.common.security.plain.PlainLoginModule required ";

    /** For {@link LocalServers#in(java.nio.file.Path, Ports, Map, Map)}. */
    public Map<String, String> settings() {
        var first = "PLAINTEXT://localhost:" + ports.kafka();
        var guarded = "GUARDED://localhost:" + port;
        return Map.of(
                "listeners", first + "," + guarded + ",CONTROLLER://localhost:" + ports.kafkaController(),
                "advertised.listeners", first + "," + guarded,
                "listener.security.protocol.map", "PLAINTEXT:PLAINTEXT,GUARDED:SASL_PLAINTEXT,CONTROLLER:PLAINTEXT",
                "listener.name.guarded.sasl.enabled.mechanisms", "PLAIN,SCRAM-SHA-512",
                "listener.name.guarded.scram-sha-512.sasl.jaas.config", "org.apache.kafka.common.security.scram.ScramLoginModule required;",
                "listener.name.guarded.plain.sasl.jaas.config", LOGIN + users.stream().map(user -> "user_" + user + "=\"" + user + "\"").collect(Collectors.joining(" ")) + ";",
                "authorizer.class.name", "org.apache.kafka.metadata.authorizer.StandardAuthorizer",
                "super.users", "User:ANONYMOUS");
    }

    /** How a client logs in as one of the users; its names are Kafka's. */
    public Map<String, String> client(String user) {
        return Map.of("bootstrap.servers", "localhost:" + port, "security.protocol", "SASL_PLAINTEXT", "sasl.mechanism", "PLAIN",
                "sasl.jaas.config", LOGIN + "username=\"" + user + "\" password=\"" + user + "\";");
    }

    /** The user's name as rights are given to it. */
    public static String principal(String user) {
        return "User:" + user;
    }
}
