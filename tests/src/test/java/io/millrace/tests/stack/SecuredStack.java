package io.millrace.tests.stack;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.json.JsonMapper;
import io.millrace.launcher.stack.StackAccess;
import io.millrace.local.Keyring;
import io.millrace.local.LocalServers;
import io.millrace.tests.oracle.IndexReader;
import io.millrace.tests.oracle.Oracles;
import io.millrace.tests.oracle.Settled;
import java.io.IOException;
import java.net.URI;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.SQLException;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.stream.StreamSupport;
import javax.sql.DataSource;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.extension.ExtensionContext;
import org.junit.jupiter.api.extension.ParameterContext;
import org.junit.jupiter.api.extension.ParameterResolver;
import org.postgresql.ds.PGSimpleDataSource;

/** What {@code ./millrace up --secure} makes of the demo, with its supervisor; one for every suite that asks for it. */
public final class SecuredStack implements AutoCloseable {

    private static final JsonMapper JSON = new JsonMapper();
    private static final String MONITORS = "500";

    private final Path data;
    private final Launcher launcher;

    private SecuredStack(Path data) {
        this.data = data;
        this.launcher = new Launcher(data, Map.of());
    }

    /** Hands it to a suite's constructor; starts it for the first and stops it after the last. */
    public static final class Shared implements ParameterResolver {

        @Override
        public boolean supportsParameter(ParameterContext parameter, ExtensionContext context) {
            return parameter.getParameter().getType() == SecuredStack.class;
        }

        @Override
        public Object resolveParameter(ParameterContext parameter, ExtensionContext context) {
            return context.getRoot().getStore(ExtensionContext.Namespace.create(SecuredStack.class)).computeIfAbsent(SecuredStack.class, key -> start(), SecuredStack.class);
        }

        private static SecuredStack start() {
            var stack = new SecuredStack(DemoStack.home().resolve("tests").resolve("target").resolve("up-secure"));
            try {
                stack.run("down");
                DemoStack.delete(stack.data);
                var up = stack.launcher.up("--secure", "--scale", MONITORS);
                if (up.code() != 0) {
                    throw new IllegalStateException("up --secure ended with " + up.code() + ": " + up.output());
                }
                return stack;
            } catch (IOException e) {
                throw new IllegalStateException("Starting the secured stack failed", e);
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
                throw new IllegalStateException("Interrupted while the secured stack starts", e);
            }
        }
    }

    /** A command about this stack. */
    public Launcher.Ran run(String... arguments) throws IOException, InterruptedException {
        return launcher.run(arguments);
    }

    public Path data() {
        return data;
    }

    public Keyring keyring() {
        return Keyring.in(data);
    }

    public StackAccess access() {
        return StackAccess.of(data);
    }

    /** What the launcher says of it. */
    public JsonNode status() throws IOException, InterruptedException {
        return JSON.readTree(run("status", "--json").output());
    }

    /** One of its processes, as the launcher describes it. */
    public JsonNode process(String name) throws IOException, InterruptedException {
        return processes(status()).stream().filter(p -> p.path("name").asText().equals(name)).findFirst().orElseThrow();
    }

    /** All of them, as the launcher describes them. */
    public static List<JsonNode> processes(JsonNode status) {
        return StreamSupport.stream(status.path("processes").spliterator(), false).toList();
    }

    /** Returns when all of them are up, with another pid than this one has. */
    public void awaitUp(String name, long otherThan) {
        Awaitility.await(name + " is up again").pollInterval(Duration.ofSeconds(1)).atMost(Duration.ofMinutes(3)).until(() -> {
            var process = process(name);
            return process.path("state").asText().equals("up") && process.path("pid").asLong() != otherThan;
        });
    }

    /** The state and the reasons of a service's readiness. */
    public String health(String name) throws IOException, InterruptedException {
        var answer = get(process(name).path("address").asText() + "/q/health/ready", null);
        return answer.statusCode() + " " + answer.body();
    }

    /** @param authorization null for none */
    public HttpResponse<String> get(String url, String authorization) throws IOException, InterruptedException {
        var request = HttpRequest.newBuilder(URI.create(url)).timeout(Duration.ofSeconds(20));
        if (authorization != null) {
            request.header("Authorization", authorization);
        }
        try (var http = access().http().build()) {
            return http.send(request.build(), BodyHandlers.ofString());
        }
    }

    public Connection connect() throws SQLException, IOException, InterruptedException {
        return database().getConnection();
    }

    private DataSource database() throws IOException, InterruptedException {
        var source = new PGSimpleDataSource();
        source.setUrl(status().path("source").asText());
        source.setUser(LocalServers.POSTGRES_USER);
        source.setPassword(access().postgresPassword());
        return source;
    }

    /** Reads the search engine as whoever may everything there. */
    public IndexReader index() throws IOException, InterruptedException {
        return new IndexReader(process("search").path("address").asText(), access());
    }

    /** Settings of a client of Kafka that may everything. */
    public Map<String, Object> kafka() throws IOException, InterruptedException {
        return Map.of("bootstrap.servers", process("kafka").path("address").asText(), "security.protocol", "SASL_SSL", "sasl.mechanism", "SCRAM-SHA-512", "ssl.truststore.type", "PEM",
                "ssl.truststore.location", keyring().authority().toString(), "sasl.jaas.config",
                "org.apache.kafka.common.security.scram.ScramLoginModule required username=\"" + Keyring.ADMIN + "\" password=\"" + keyring().password(Keyring.ADMIN) + "\";");
    }

    public Settled settled() throws IOException, InterruptedException {
        return DemoStack.settled(Oracles.demo(database(), index()));
    }

    @Override
    public void close() throws IOException, InterruptedException {
        run("down");
    }
}
