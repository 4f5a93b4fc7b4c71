package io.millrace.launcher.stack;

import io.millrace.local.LocalException;
import io.millrace.local.LocalServers;
import io.millrace.local.OwnersAlone;
import io.millrace.local.ProcessSpec;
import io.millrace.local.Readiness;
import io.millrace.pipeline.file.PipelineFiles;
import java.io.IOException;
import java.net.HttpURLConnection;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;

/** A Kafka Connect worker, standalone, whose connectors keep {@link ReplicaDatabase} equal to the tables of the pipelines. Its programs are what the build of deploy/connect leaves. */
final class ConnectWorker {

    /** As in {@code --port connect=N} and {@code logs connect}. */
    static final String NAME = "connect";

    private static final String CONNECTOR = "connector-%d.properties";
    private static final String MAIN = "org.apache.kafka.connect.cli.ConnectStandalone";

    private final StackOptions options;
    private final LocalServers servers;

    ConnectWorker(StackOptions options, LocalServers servers) {
        this.options = options;
        this.servers = servers;
    }

    static String address(int port) {
        return "http://localhost:" + port;
    }

    private static Path built(Path home) {
        return home.resolve("deploy").resolve("connect").resolve("target");
    }

    /** @throws LocalException when the worker has not been built, as it is not before it is asked for */
    static void requireBuilt(Path home) {
        var target = built(home);
        if (!Files.exists(target.resolve("millrace-connect.jar")) || !Files.isDirectory(target.resolve("lib"))) {
            throw new LocalException("Not built: the Kafka Connect worker in " + target + ". Run ./millrace up --with connect from the root of the checkout, which builds it, or ./mvnw -f deploy/connect/pom.xml package -DskipTests");
        }
    }

    ProcessSpec spec() {
        var folder = options.data().resolve("run").resolve("connect");
        var target = built(options.home());
        var arguments = new ArrayList<String>();
        arguments.addAll(List.of("-Dlog4j2.configurationFile=io/millrace/connect/log4j2.xml", "-Dlog4j2.disableJmx=true", "-cp", target.resolve("millrace-connect.jar") + ":" + target.resolve("lib") + "/*", MAIN));
        arguments.add(folder.resolve("worker.properties").toString());
        var connectors = options.extras().isEmpty() ? List.<Map<String, String>>of() : connectors();
        for (int i = 1; i <= connectors.size(); i++) {
            arguments.add(folder.resolve(CONNECTOR.formatted(i)).toString());
        }
        return ProcessSpec.jvm(NAME, options.data(), "256m", arguments, options.data(), Map.of(), Map.of(NAME, options.connectPort()), Readiness.http(URI.create(address(options.connectPort()))))
                .forShortLife().withPrepare(() -> {
                    write(folder.resolve("worker.properties"), worker(folder));
                    for (int i = 1; i <= connectors.size(); i++) {
                        write(folder.resolve(CONNECTOR.formatted(i)), connectors.get(i - 1));
                    }
                });
    }

    private Map<String, String> worker(Path folder) {
        var p = new LinkedHashMap<String, String>();
        p.put("bootstrap.servers", servers.kafkaBootstrap());
        p.put("listeners", address(options.connectPort()));
        p.put("rest.extension.classes", "io.millrace.connect.LoopbackDoor");
        p.put("offset.storage.file.filename", folder.resolve("offsets").toString());
        p.put("offset.flush.interval.ms", "5000");
        p.put("plugin.discovery", "service_load");
        for (var converter : List.of("key.converter", "value.converter")) {
            p.put(converter, "io.millrace.connect.RowConverter");
            p.put(converter + ".registry.url", servers.registryUrl());
        }
        p.put("header.converter", "org.apache.kafka.connect.converters.ByteArrayConverter");
        return p;
    }

    /** One for each schema: tables are named by topics, which a connector takes into one schema. */
    private List<Map<String, String>> connectors() {
        var topics = ReplicaDatabase.topics(PipelineFiles.load(options.pipelines()));
        return topics.entrySet().stream().map(entry -> connector(entry.getKey(), entry.getValue())).toList();
    }

    private Map<String, String> connector(String schema, List<String> topics) {
        var p = new LinkedHashMap<String, String>();
        p.put("name", "replica-" + schema);
        p.put("connector.class", "io.debezium.connector.jdbc.JdbcSinkConnector");
        p.put("tasks.max", "1");
        p.put("topics", String.join(",", topics));
        // What is text here and something else in a column is read by the column's type, also where that was changed: a statement that the server keeps has the former one.
        p.put("connection.url", servers.jdbcUrl(ReplicaDatabase.NAME) + "?stringtype=unspecified&prepareThreshold=0");
        p.put("connection.username", servers.postgresUser());
        p.put("connection.password", servers.postgresPassword());
        p.put("connection.pool.min_size", "1");
        p.put("connection.pool.max_size", "2");
        p.put("connection.pool.acquire_increment", "1");
        p.put("connection.restart.on.errors", "true");
        // A connection that is dead is not given out, and a database that is away is waited for; else the task fails, and stays so.
        p.put("hibernate.c3p0.testConnectionOnCheckout", "true");
        p.put("hibernate.c3p0.acquireRetryAttempts", "0");
        p.put("flush.max.retries", "1000");
        p.put("insert.mode", "upsert");
        p.put("primary.key.mode", "record_key");
        p.put("delete.enabled", "true");
        p.put("schema.evolution", "basic");
        p.put("quote.identifiers", "true");
        p.put("collection.name.format", schema + ".${topic}");
        p.put("transforms", "table,position");
        p.put("transforms.table.type", "org.apache.kafka.connect.transforms.RegexRouter");
        p.put("transforms.table.regex", "rows\\.[^.]+\\.[^.]+\\.(.*)");
        p.put("transforms.table.replacement", "$1");
        p.put("transforms.position.type", "io.millrace.connect.Positions");
        // A registry that is away is waited for.
        p.put("errors.retry.timeout", "-1");
        return p;
    }

    /** Has the tasks started again that have failed. */
    static void restartFailed(int port, String connector) throws IOException {
        var connection = (HttpURLConnection) URI.create(address(port) + "/connectors/" + connector + "/restart?includeTasks=true&onlyFailed=true").toURL().openConnection();
        connection.setConnectTimeout(Readiness.TIMEOUT_MILLIS);
        connection.setReadTimeout(Readiness.TIMEOUT_MILLIS);
        connection.setRequestMethod("POST");
        try {
            int status = connection.getResponseCode();
            if (status / 100 != 2) {
                throw new IOException("it answered HTTP " + status);
            }
        } finally {
            connection.disconnect();
        }
    }

    /** Passwords stand in some of them. */
    private static void write(Path file, Map<String, String> settings) {
        try {
            Files.createDirectories(file.getParent());
        } catch (IOException e) {
            throw new LocalException("Making the folder " + file.getParent() + " failed: " + e, e);
        }
        OwnersAlone.write(file, settings.entrySet().stream().map(entry -> entry.getKey() + "=" + entry.getValue().replace("\\", "\\\\") + "\n").collect(Collectors.joining()));
    }
}
