package io.millrace.pipeline.registry;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;

import io.millrace.pipeline.http.HttpAccess;
import io.millrace.pipeline.http.Server;
import io.vertx.core.Vertx;
import java.net.URI;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;

/** Connections, seen from the side that answers. */
class RegistryConnectionTest {

    @Test
    void noConnectionIsTakenThatIsAboutToBeGivenUpForItsSilence() throws Exception {
        var vertx = Vertx.vertx();
        try {
            var callers = new CopyOnWriteArrayList<Integer>();
            var server = vertx.createHttpServer().requestHandler(request -> {
                callers.add(request.remoteAddress().port());
                request.response().putHeader("Content-Type", "application/json").end("{}");
            }).listen(0, "localhost").toCompletionStage().toCompletableFuture().get(10, TimeUnit.SECONDS);
            var url = "http://localhost:" + server.actualPort() + "/apis/registry/v3";
            var client = new RegistryConnection(url, HttpAccess.of(Server.REGISTRY, List.of(URI.create(url)), List.of(), _ -> Optional.empty()), vertx, Duration.ofSeconds(4), 1).client();
            client.system().info().get();
            client.system().info().get();
            Thread.sleep(3_000);
            client.system().info().get();
            assertEquals(callers.get(0), callers.get(1), "what was used a moment ago is used again");
            assertNotEquals(callers.get(1), callers.get(2), "what would be given up a second later is not");
        } finally {
            vertx.close().toCompletionStage().toCompletableFuture().get(10, TimeUnit.SECONDS);
        }
    }
}
