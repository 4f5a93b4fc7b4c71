package io.millrace.provisioner;

import io.millrace.demo.DemoData;
import io.millrace.local.LocalServers;
import io.millrace.local.Ports;
import io.millrace.pipeline.file.PipelineFile;
import io.millrace.pipeline.file.PipelineFiles;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.concurrent.Executors;
import java.util.stream.Stream;
import org.junit.jupiter.api.extension.ExtensionContext;
import org.junit.jupiter.api.extension.ParameterContext;
import org.junit.jupiter.api.extension.ParameterResolver;

/** Two PostgreSQL servers, a Kafka, a registry and a search engine, started once for all tests of this module. */
final class LocalPlaces implements AutoCloseable {

    static final String USER = LocalServers.POSTGRES_USER;
    static final String PASSWORD = LocalServers.POSTGRES_PASSWORD;

    private final Path data;
    private final LocalServers first;
    private final LocalServers second;

    private LocalPlaces(Path data) {
        this.data = data;
        this.first = LocalServers.in(data.resolve("first"), Ports.free());
        this.second = LocalServers.in(data.resolve("second"), Ports.free());
        try (var threads = Executors.newVirtualThreadPerTaskExecutor()) {
            Stream.of(first.postgres(), second.postgres(), first.kafka(), first.registry(), first.search()).map(s -> threads.submit(s::start)).toList().forEach(f -> {
                try {
                    f.get();
                } catch (Exception e) {
                    throw new IllegalStateException(e);
                }
            });
        }
    }

    /** Hands the one instance to tests, and stops it after the last. */
    static final class Resolver implements ParameterResolver {

        @Override
        public boolean supportsParameter(ParameterContext parameter, ExtensionContext context) {
            return parameter.getParameter().getType() == LocalPlaces.class;
        }

        @Override
        public Object resolveParameter(ParameterContext parameter, ExtensionContext context) {
            return context.getRoot().getStore(ExtensionContext.Namespace.GLOBAL).computeIfAbsent(LocalPlaces.class, type -> {
                try {
                    return new LocalPlaces(Files.createTempDirectory("millrace-provisioner"));
                } catch (IOException e) {
                    throw new UncheckedIOException(e);
                }
            }, LocalPlaces.class);
        }
    }

    LocalServers first() {
        return first;
    }

    Path data() {
        return data;
    }

    /** A database with the demo's tables on the first server, or on the second where the number is odd. */
    String database(String name, int number) throws SQLException {
        var server = number % 2 == 0 ? first : second;
        try (var connection = connect(server.jdbcUrl("postgres"))) {
            execute(connection, "CREATE DATABASE \"" + name + "\"");
        }
        try (var connection = connect(server.jdbcUrl(name))) {
            DemoData.createSchema(connection);
        }
        return server.jdbcUrl(name);
    }

    static Connection connect(String url) throws SQLException {
        return DriverManager.getConnection(url, USER, PASSWORD);
    }

    static void execute(Connection connection, String sql) throws SQLException {
        try (var statement = connection.createStatement()) {
            statement.execute(sql);
        }
    }

    static List<String> texts(Connection connection, String sql) throws SQLException {
        try (var statement = connection.createStatement(); var result = statement.executeQuery(sql)) {
            var values = new ArrayList<String>();
            while (result.next()) {
                values.add(result.getString(1));
            }
            return values;
        }
    }

    /** The demo's files with another source and other pipeline names, so that tests do not meet in Kafka. */
    List<PipelineFile> pipelines(Path files, String source) {
        return PipelineFiles.load(copies(files, source));
    }

    List<Path> copies(Path files, String source) {
        try {
            var folder = Files.createDirectories(data.resolve("pipelines-" + source));
            var copies = new ArrayList<Path>();
            try (var entries = Files.isDirectory(files) ? Files.list(files) : Stream.of(files)) {
                for (var file : entries.toList()) {
                    var text = Files.readString(file).replaceFirst("name: ", "name: " + source + "-").replace("  name: demo", "  name: " + source);
                    copies.add(Files.writeString(folder.resolve(file.getFileName()), text.replaceAll("(?m)^  name: (monitors|dashboards)$", "  name: " + source + "-$1")));
                }
            }
            return copies;
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    @Override
    public void close() {
        Stream.of(first.search(), first.registry(), first.kafka(), first.postgres(), second.postgres()).forEach(server -> server.stop());
        try (var files = Files.walk(data)) {
            files.sorted(Comparator.reverseOrder()).forEach(file -> file.toFile().delete());
        } catch (IOException | UncheckedIOException e) {
            System.err.println("Clearing " + data + " after the tests failed: " + e);
        }
    }
}
