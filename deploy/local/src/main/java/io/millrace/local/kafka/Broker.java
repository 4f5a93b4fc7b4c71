package io.millrace.local.kafka;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Properties;

import kafka.server.KafkaConfig;
import kafka.server.KafkaRaftServer;
import org.apache.kafka.common.Uuid;
import org.apache.kafka.common.utils.Time;
import org.apache.kafka.metadata.storage.Formatter;

/**
 * One broker that is its own controller. Arguments: a properties file, and one of who may log in by SCRAM, each with a password, where
 * anybody has to. Formats its log folder on the first start.
 */
final class Broker {

    private Broker() { }

    public static void main(String[] args) throws Exception {
        var properties = read(args[0]);
        var folder = properties.getProperty("log.dirs");
        if (!Files.exists(Path.of(folder, "meta.properties"))) {
            new Formatter()
                    .setClusterId(Uuid.randomUuid().toString())
                    .setNodeId(Integer.parseInt(properties.getProperty("node.id")))
                    .setDirectories(List.of(folder))
                    .setMetadataLogDirectory(folder)
                    .setControllerListenerName("CONTROLLER")
                    .setUnstableFeatureVersionsEnabled(false)
                    .setScramArguments(args.length < 2 ? List.of() : logins(read(args[1])))
                    .setIgnoreFormatted(true)
                    .run();
        }
        var server = new KafkaRaftServer(new KafkaConfig(properties, false), Time.SYSTEM);
        Runtime.getRuntime().addShutdownHook(new Thread(server::shutdown, "shutdown"));
        server.startup();
        server.awaitShutdown();
    }

    /** As Kafka's own formatting takes them. */
    private static List<String> logins(Properties passwords) {
        return passwords.stringPropertyNames().stream().sorted().map(user -> "SCRAM-SHA-512=[name=" + user + ",password=" + passwords.getProperty(user) + "]").toList();
    }

    private static Properties read(String file) throws IOException {
        var properties = new Properties();
        try (var in = Files.newInputStream(Path.of(file))) {
            properties.load(in);
        }
        return properties;
    }
}
