package io.millrace.console;

import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.millrace.local.LocalException;
import io.millrace.local.ManagedProcess;
import io.millrace.local.Ports;
import io.millrace.local.ProcessSpec;
import io.millrace.local.Readiness;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** What the packaged console does not start with. */
@Timeout(120)
class StartIT {

    private static final String FILE = """
            millrace: 1
            name: items
            source: {name: demo, url: {env: U}, user: {env: V}, password: {env: W}}
            document: {root: public.item, fields: [id]}
            """;

    @TempDir
    Path folder;

    @Test
    void anAddressOfPrometheusThatIsNoneStopsTheStart() throws Exception {
        int port = Ports.free(1).getFirst();
        var pipeline = Files.writeString(folder.resolve("items.yaml"), FILE);
        var console = new ManagedProcess(ProcessSpec.quarkus("console", folder, "128m", Path.of("target", "quarkus-app", "quarkus-run.jar"),
                Map.of("quarkus.http.host", "localhost", "quarkus.http.port", Integer.toString(port), "millrace.console.pipelines", pipeline.toString(), "millrace.console.prometheus-url", "prometheus:9090"),
                Map.of(), Map.of("http", port), Readiness.http(URI.create("http://localhost:" + port + "/q/health/live"))));
        try {
            var said = assertThrows(LocalException.class, console::start).getMessage() + Files.readString(folder.resolve("logs").resolve("console.log"));
            assertTrue(said.contains("millrace.console.prometheus-url is no address such as http://HOST:PORT"), said);
        } finally {
            console.stop();
        }
    }
}
