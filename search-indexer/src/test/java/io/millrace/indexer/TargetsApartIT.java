package io.millrace.indexer;

import static org.awaitility.Awaitility.await;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.file.Path;
import java.sql.DriverManager;
import java.time.Duration;
import java.util.HashMap;
import java.util.Map;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** One service writes to a search engine and to tables, and the fault of one target is not the other's. */
@Tag("long")
class TargetsApartIT {

    private static final Duration SOON = Duration.ofMinutes(2);
    /** As long as the one that serves may stand still; it was 70 s and more for two pipelines whose database said nothing. */
    private static final Duration HANDED_OVER = Duration.ofSeconds(60);

    @TempDir
    Path folder;

    @Test
    void aDatabaseThatIsCutOffKeepsNoIndexOfTheSearchEngineFromBeingHandedOver() throws Exception {
        try (var stack = new Stack(folder); var relay = new Relay(stack.servers.ports().postgres())) {
            stack.pipeline("searched", "id, name", "{\"name\":\"id\",\"type\":\"long\",\"pg.type\":\"int8\"},{\"name\":\"name\",\"type\":[\"null\",\"string\"],\"default\":null,\"pg.type\":\"text\"}", "");
            stack.tablePipeline("first");
            stack.tablePipeline("second");
            var url = "jdbc:postgresql://localhost:" + relay.port() + "/postgres";
            var settings = new HashMap<>(Map.of("millrace.indexer.table-url", url, "millrace.indexer.table-user", stack.servers.postgresUser(), "millrace.indexer.table-password.env", "TABLE_PASSWORD", "millrace.indexer.mark-interval", "1s"));
            stack.startIndexer(settings, Map.of("TABLE_PASSWORD", stack.servers.postgresPassword()));
            for (var pipeline : new String[] {"searched", "first", "second"}) {
                stack.document(pipeline, "1", 1, "{\"id\":1,\"name\":\"before\"}").get();
            }
            await().atMost(SOON).untilAsserted(() -> assertEquals(1, stack.count("searched")));
            await().atMost(SOON).ignoreExceptions().untilAsserted(() -> assertEquals(2, rows(stack)));

            relay.cut();
            assertEquals(202, stack.operate("POST", "/pipelines/searched/generations").path("status").asInt());
            await().atMost(HANDED_OVER).untilAsserted(() -> assertTrue(stack.get("/_alias/searched").has("searched-000002"), () -> stack.ready().toString()));

            stack.document("first", "2", 1, "{\"id\":2,\"name\":\"meanwhile\"}").get();
            relay.mend();
            await().atMost(SOON).ignoreExceptions().untilAsserted(() -> assertEquals(3, rows(stack)));
        }
    }

    private static long rows(Stack stack) throws Exception {
        try (var connection = DriverManager.getConnection(stack.servers.jdbcUrl("postgres"), stack.servers.postgresUser(), stack.servers.postgresPassword());
                var statement = connection.createStatement(); var row = statement.executeQuery("SELECT (SELECT count(*) FROM documents.first) + (SELECT count(*) FROM documents.second)")) {
            row.next();
            return row.getLong(1);
        }
    }
}
