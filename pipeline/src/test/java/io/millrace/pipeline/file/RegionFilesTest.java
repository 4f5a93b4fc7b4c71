package io.millrace.pipeline.file;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.millrace.pipeline.source.SourceUser;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class RegionFilesTest {

    @TempDir
    private Path folder;

    @Test
    void aRegionIsReadWithItsReferences() throws IOException {
        var regions = RegionFiles.load(write("""
                millrace: 1
                regions:
                  eu1:
                    pipelines: [pipelines/monitors.yaml]
                    source:
                      variables:
                        MILLRACE_SOURCE_URL: jdbc:postgresql://eu1/shop
                        MILLRACE_SOURCE_PASSWORD: {secret: {namespace: millrace, name: source, key: password}}
                      admin: {user: postgres, password: {env: EU1_ADMIN}}
                      roles: {purge-service: {user: millrace_purge, password: {env: EU1_PURGE}}}
                      columns: used
                    kafka:
                      settings:
                        bootstrap.servers: kafka:9093
                        ssl.keystore.password: {file: keystore}
                      principals: {capture-service: "User:CN=capture-service"}
                      partitions: 12
                      keep: {captured: 5d, deletions: 10d}
                      replication: 3
                    registry:
                      url: http://registry/apis/registry/v3
                      principals: {search-indexer: indexer}
                    search: {url: https://search:9200, user: admin, password: {env: EU1_SEARCH}}
                """));
        var region = regions.getFirst();
        assertEquals(List.of("eu1", 12, 3, true), List.of(region.name(), region.partitions(), region.replication(), region.usedColumnsOnly()));
        assertEquals(new Keeping(Duration.ofDays(5), Duration.ofDays(10), Keeping.DEFAULT.refused()), region.keeping());
        assertEquals(List.of(folder.resolve("pipelines/monitors.yaml")), region.pipelines());
        assertEquals(new KubernetesSecret("millrace", "source", "password"), region.variables().get("MILLRACE_SOURCE_PASSWORD"));
        assertEquals(Map.of(SourceUser.PURGE, new Region.Login(new Reference.Literal("millrace_purge"), new Reference.Environment("EU1_PURGE"))), region.roles());
        assertEquals(new Reference.FromFile(folder.resolve("keystore")), region.kafka().get("ssl.keystore.password"));
        assertEquals(Map.of("capture-service", "User:CN=capture-service"), region.principals());
        assertEquals(Map.of("search-indexer", "indexer"), region.registryPrincipals());
        assertEquals(new Reference.Literal("http://registry/apis/registry/v3"), region.registry().url());
        assertEquals(new Reference.Environment("EU1_SEARCH"), region.search().login().password());
    }

    @Test
    void everythingThatIsWrongIsSaidAtOnceWithItsLine() throws IOException {
        var file = write("""
                millrace: 2
                regions:
                  EU_1:
                    source:
                      variables:
                        MILLRACE_SOURCE_PASSWORD: open
                    kafka:
                      settings:
                        acks: all
                        sasl.jaas.config: "ScramLoginModule required username=\\"a\\" password=\\"open\\";"
                        ssl.keystore.key: "-----BEGIN PRIVATE KEY-----"
                      partitions: 0
                    registri: http://registry
                    search: {url: http://search, user: admin}
                  eu-2:
                    source:
                      roles:
                        capture-service: {user: a, password: {env: A}}
                        search-indexer: {user: a, password: {env: A}}
                        console: {user: a, password: open}
                    kafka: {settings: {bootstrap.servers: "kafka:9093"}}
                    registry: http://registry
                """);
        var message = assertThrows(InvalidPipelineException.class, () -> RegionFiles.load(file)).getMessage();
        for (var expected : List.of(":1: millrace: the version", ":4: regions.EU_1: the name of a region", ":6: regions.EU_1.source.variables.MILLRACE_SOURCE_PASSWORD: a secret is never written here",
                ":9: regions.EU_1.kafka.settings: the key 'bootstrap.servers' is missing", ":10: regions.EU_1.kafka.settings.sasl.jaas.config: a secret is never written here", ":11: regions.EU_1.kafka.settings.ssl.keystore.key: a secret is never written here",
                ":12: regions.EU_1.kafka.partitions: must be at least 1", "unknown key 'registri'",
                ":18: regions.eu-2.source.roles.capture-service: 'capture-service' is no service that may come to the source as a role of its own; allowed: purge-service, console",
                ":19: regions.eu-2.source.roles.search-indexer: ", ":20: regions.eu-2.source.roles.console.password: a secret is never written here",
                "the key 'registry' is missing", "'user' goes together with either 'password' or 'password-file'")) {
            assertTrue(message.contains(expected), () -> "expected " + expected + " in " + message);
        }
    }

    @Test
    void aFileWithoutARegionIsRefused() throws IOException {
        var file = write("millrace: 1\nregions: {}\n");
        assertTrue(assertThrows(InvalidPipelineException.class, () -> RegionFiles.load(file)).getMessage().contains("there is no region in it"));
    }

    @Test
    void aClusterThatCannotBeAskedForASecretIsNamed() {
        var message = assertThrows(IllegalStateException.class, () -> new KubernetesSecret("millrace", "source", "password").resolve()).getMessage();
        assertTrue(message.contains("millrace/source") && message.contains("kubectl"), message);
    }

    private Path write(String text) throws IOException {
        return Files.writeString(folder.resolve("regions.yaml"), text);
    }
}
