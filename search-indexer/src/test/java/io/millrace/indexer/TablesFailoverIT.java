package io.millrace.indexer;

import static org.awaitility.Awaitility.await;
import static org.junit.jupiter.api.Assertions.assertEquals;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.sql.DriverManager;
import java.sql.SQLException;
import java.time.Duration;
import java.util.Comparator;
import java.util.HashMap;
import java.util.Map;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A standby takes over that lacks the last commits, of which offsets were committed and no mark tells. */
@Tag("long")
class TablesFailoverIT {

    private static final Duration SOON = Duration.ofMinutes(2);

    @TempDir
    Path folder;

    @Test
    void whatTheStandbyLacksIsWrittenAgain() throws Exception {
        try (var stack = Stack.ofTables(folder)) {
            stack.tablePipeline("monitors");
            start(stack);
            write(stack, 0, 50);
            await().atMost(SOON).untilAsserted(() -> assertEquals(50, stack.committed("monitors")));
            stack.indexer().stop();
            start(stack);

            var data = folder.resolve("stack").resolve("postgres");
            var standby = folder.resolve("standby");
            stack.servers.postgres().stop();
            copy(data, standby);
            stack.servers.postgres().start();
            write(stack, 50, 100);
            await().atMost(SOON).untilAsserted(() -> assertEquals(100, stack.committed("monitors")));
            assertEquals(100, count(stack));

            stack.servers.postgres().stop();
            delete(data);
            copy(standby, data);
            Files.createFile(data.resolve("standby.signal"));
            stack.servers.postgres().start();
            sql(stack, "SELECT pg_promote()");
            assertEquals(50, count(stack), "the standby lacks what was committed last");
            write(stack, 100, 102);
            await().atMost(SOON).untilAsserted(() -> assertEquals(102, count(stack)));
            await().atMost(SOON).untilAsserted(() -> assertEquals("UP", stack.ready().path("status").asText(), () -> stack.ready().toString()));
        }
    }

    /** No mark is written but when partitions are given up. */
    private static void start(Stack stack) {
        var settings = new HashMap<>(TablesIT.settings(stack));
        settings.put("millrace.indexer.mark-interval", "30m");
        stack.startIndexer(settings, Map.of("TABLE_PASSWORD", stack.servers.postgresPassword()));
    }

    private static void write(Stack stack, int from, int to) throws Exception {
        for (int i = from; i < to; i++) {
            stack.document("monitors", i % Stack.PARTITIONS, "d" + i, 1, "{\"id\":" + i + ",\"name\":\"x\"}").get();
        }
    }

    private static long count(Stack stack) throws SQLException {
        return Long.parseLong(sql(stack, "SELECT count(*) FROM documents.monitors"));
    }

    private static String sql(Stack stack, String query) throws SQLException {
        try (var connection = DriverManager.getConnection(stack.servers.jdbcUrl("postgres"), stack.servers.postgresUser(), stack.servers.postgresPassword());
                var statement = connection.createStatement(); var rows = statement.executeQuery(query)) {
            rows.next();
            return rows.getString(1);
        }
    }

    private static void copy(Path from, Path to) throws IOException {
        try (var files = Files.walk(from)) {
            for (var file : files.toList()) {
                Files.copy(file, to.resolve(from.relativize(file).toString()), StandardCopyOption.COPY_ATTRIBUTES);
            }
        }
    }

    private static void delete(Path folder) throws IOException {
        try (var files = Files.walk(folder)) {
            for (var file : files.sorted(Comparator.reverseOrder()).toList()) {
                Files.delete(file);
            }
        }
    }
}
