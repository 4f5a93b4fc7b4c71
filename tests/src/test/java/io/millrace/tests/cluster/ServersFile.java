package io.millrace.tests.cluster;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Properties;
import java.util.stream.Collectors;
import javax.sql.DataSource;
import org.postgresql.ds.PGSimpleDataSource;

/**
 * Where the servers outside the cluster are, by a file of properties; under these addresses pods and this machine reach them both.
 *
 * @param source JDBC URL of the database that the demo is put into, whose name is {@code demo}
 * @param admin user and password of a superuser
 * @param kafka host and port of a listener with mutual TLS
 * @param registry URL, with the path of its API
 * @param search URL
 * @param searchUser user and password
 * @param cidr block of addresses that holds all of them
 * @param certificates folder with {@code ca.crt}, {@code ca.p12}, {@code ca.password}, {@code user.password} and, for each user, {@code .crt}, {@code .key} and {@code .p12}
 */
record ServersFile(String source, Login admin, String kafka, String registry, String search, Login searchUser, String cidr, Path certificates) {

    /** Who comes to Kafka, each by a certificate of its own. */
    static final List<String> KAFKA_USERS = List.of("capture-service", "schema-registry-gate", "denormalizer-service", "search-indexer", "purge-service", "scaler", "provisioner");

    record Login(String user, String password) {

        Map<String, String> secret() {
            return Map.of("username", user, "password", password);
        }
    }

    static ServersFile read(Path file) {
        var properties = new Properties();
        try (var reader = Files.newBufferedReader(file)) {
            properties.load(reader);
        } catch (IOException e) {
            throw new UncheckedIOException("Reading where the servers are from " + file + " failed", e);
        }
        var missing = List.of("source", "source.user", "source.password", "kafka", "registry", "search", "search.user", "search.password", "cidr", "certificates").stream()
                .filter(key -> !properties.containsKey(key)).collect(Collectors.joining(", "));
        if (!missing.isEmpty()) {
            throw new IllegalArgumentException(file + " does not say " + missing + "; tests/README.md lists what it must say");
        }
        return new ServersFile(properties.getProperty("source"), new Login(properties.getProperty("source.user"), properties.getProperty("source.password")), properties.getProperty("kafka"),
                properties.getProperty("registry"), properties.getProperty("search"), new Login(properties.getProperty("search.user"), properties.getProperty("search.password")), properties.getProperty("cidr"),
                file.resolveSibling(properties.getProperty("certificates")));
    }

    /** The demo's database. */
    DataSource database() {
        return database(source);
    }

    /** The one that every server has, for making the demo's. */
    DataSource maintenance() {
        return database(source.replaceFirst("/[^/?]+(\\?|$)", "/postgres$1"));
    }

    private DataSource database(String url) {
        var database = new PGSimpleDataSource();
        database.setUrl(url);
        database.setUser(admin.user());
        database.setPassword(admin.password());
        return database;
    }
}
