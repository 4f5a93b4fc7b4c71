package io.millrace.indexer;

import static org.awaitility.Awaitility.await;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.millrace.local.ManagedProcess;
import io.millrace.local.ProcessSpec;
import io.millrace.pipeline.record.Headers;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A search engine that takes no requests as large as those that are sent. */
@Tag("long")
class OversizeIT {

    private static final Duration SOON = Duration.ofSeconds(90);
    private static final int DOCUMENTS = 200;
    private static final int SMALL = 20_000;
    private static final int LARGE = 2_000_000;

    @TempDir
    Path folder;

    private static String doc(String name) {
        return "{\"id\":1,\"name\":\"" + name + "\"}";
    }

    /** With a limit of its own, in the place of the one that runs. */
    private static void limit(ManagedProcess search) {
        var spec = search.spec();
        var command = new ArrayList<>(spec.command());
        command.add("http.max_content_length=1mb");
        search.stop();
        new ManagedProcess(new ProcessSpec(spec.name(), command, spec.program(), spec.marker(), spec.folder(), spec.environment(), spec.ports(), spec.prepare(), spec.readiness(), spec.startTimeout(), spec.stopSignal(),
                spec.stopTimeout(), spec.log())).start();
    }

    @Test
    void requestsAreHalvedAndADocumentThatIsTooLargeAloneIsParkedUntilASmallerOneTakesItsPlace() throws Exception {
        try (var stack = new Stack(folder)) {
            limit(stack.servers.search());
            stack.pipeline("large", "id, name", "{\"name\":\"id\",\"type\":\"long\",\"pg.type\":\"int8\"},{\"name\":\"name\",\"type\":[\"null\",\"string\"],\"default\":null,\"pg.type\":\"text\"}", "");
            stack.document("large", 0, "whale", 1, doc("x".repeat(LARGE))).get();
            for (int i = 0; i < DOCUMENTS; i++) {
                stack.document("large", 0, "fish" + i, 1, doc("y".repeat(SMALL)));
            }
            stack.startIndexer();
            await().atMost(SOON).untilAsserted(() -> assertEquals(DOCUMENTS, stack.count("large"), () -> stack.ready().toString()));
            var parked = stack.quarantined("large");
            assertEquals(List.of("too-large"), parked.stream().map(record -> Headers.text(record.headers(), Headers.REASON)).toList());
            assertTrue(Headers.text(parked.getFirst().headers(), Headers.DETAIL).contains("http.max_content_length"));
            await().atMost(SOON).untilAsserted(() -> assertEquals("UP", stack.ready().path("status").asText(), () -> stack.ready().toString()));

            stack.document("large", 0, "whale", 2, doc("smaller")).get();
            await().atMost(SOON).untilAsserted(() -> assertEquals("smaller", stack.indexed("large", "whale").path("_source").path("name").asText(), () -> stack.ready().toString()));
        }
    }
}
