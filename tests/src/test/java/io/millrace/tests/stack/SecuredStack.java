package io.millrace.tests.stack;

import io.millrace.launcher.stack.StackAccess;
import io.millrace.launcher.stack.StackFile;
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
import javax.sql.DataSource;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.extension.ExtensionContext;
import org.junit.jupiter.api.extension.ParameterContext;
import org.junit.jupiter.api.extension.ParameterResolver;
import org.postgresql.ds.PGSimpleDataSource;

/** What {@code ./millrace up --secure} makes of the demo, with its supervisor; one for every suite that asks for it. */
public final class SecuredStack implements AutoCloseable {

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

    /** What its supervisor says of it. */
    private StackFile file() {
        return StackFile.read(data).orElseThrow();
    }

    /** Servers and services, as the supervisor knows them now. */
    public List<StackFile.Entry> processes() {
        return file().processes();
    }

    public StackFile.Entry process(String name) {
        return file().process(name).orElseThrow();
    }

    /** Returns when a service is ready in another process than this one. */
    public void awaitUp(String name, long otherThan) {
        Awaitility.await(name + " is up again").pollInterval(Duration.ofSeconds(1)).atMost(Duration.ofMinutes(3)).ignoreExceptionsInstanceOf(IOException.class)
                .until(() -> process(name).pid() != otherThan && health(name).startsWith("200"));
    }

    /** The state and the reasons of a service's readiness. */
    public String health(String name) throws IOException, InterruptedException {
        var answer = get(process(name).address() + "/q/health/ready", null);
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

    public Connection connect() throws SQLException {
        return database().getConnection();
    }

    private DataSource database() {
        var source = new PGSimpleDataSource();
        source.setUrl(file().source());
        source.setUser(LocalServers.POSTGRES_USER);
        source.setPassword(access().postgresPassword());
        return source;
    }

    /** Reads the search engine as whoever may everything there. */
    public IndexReader index() {
        return new IndexReader(process("search").address(), access());
    }

    /** Settings of a client of Kafka that may everything. */
    public Map<String, Object> kafka() {
        return access().kafka(process("kafka").address());
    }

    public Settled settled() {
        return DemoStack.settled(Oracles.demo(database(), index()));
    }

    @Override
    public void close() throws IOException, InterruptedException {
        run("down");
    }
}
