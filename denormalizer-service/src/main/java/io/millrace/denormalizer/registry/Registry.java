package io.millrace.denormalizer.registry;

import com.microsoft.kiota.ApiException;
import io.apicurio.registry.rest.client.RegistryClient;
import io.millrace.denormalizer.DenormalizerConfig;
import io.millrace.pipeline.http.HttpAccess;
import io.millrace.pipeline.http.Server;
import io.millrace.pipeline.registry.RegistryConnection;
import io.millrace.pipeline.retry.Backoff;
import io.vertx.core.Vertx;
import jakarta.enterprise.context.ApplicationScoped;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.Supplier;
import org.apache.avro.Schema;
import org.apache.avro.SchemaParseException;
import org.eclipse.microprofile.config.Config;
import org.jboss.logging.Logger;

/** The schema registry, as far as the denormalizer uses it. Thread-safe; calls block until the registry answered. */
@ApplicationScoped
public class Registry implements SchemaSource {

    private static final Logger LOG = Logger.getLogger(Registry.class);
    private static final String GROUP = "default";
    private static final int NOT_FOUND = 404;
    private static final Duration SILENCE = Duration.ofSeconds(10);
    private static final int CONNECTIONS = 4;
    private static final Duration FIRST_PAUSE = Duration.ofMillis(100);
    private static final Duration LONGEST_PAUSE = Duration.ofSeconds(5);

    private final RegistryConnection connection;
    private final RegistryClient client;
    private final String url;
    private final Duration patience;
    private final ConcurrentHashMap<Integer, Schema> schemas = new ConcurrentHashMap<>();
    private volatile String trouble;

    Registry(DenormalizerConfig config, Config all, Vertx vertx) {
        url = config.registryUrl().toString();
        patience = config.registryPatience();
        var access = HttpAccess.of(Server.REGISTRY, List.of(config.registryUrl()), all.getPropertyNames(), name -> all.getOptionalValue(name, String.class));
        connection = new RegistryConnection(url, access, vertx, SILENCE, CONNECTIONS);
        client = connection.client();
    }

    /** Why rows wait for the registry at this moment, null where none does. */
    public String trouble() {
        return trouble;
    }

    @Override
    public Schema byId(int contentId) {
        var known = schemas.get(contentId);
        if (known != null) {
            return known;
        }
        var content = patiently("the schema with the content id " + contentId, () -> client.ids().contentIds().byContentId((long) contentId).get());
        try {
            var schema = new Schema.Parser().parse(content);
            schemas.put(contentId, schema);
            return schema;
        } catch (SchemaParseException e) {
            throw new IllegalArgumentException("The content " + contentId + " of the registry at " + url + " is no Avro schema: " + e.getMessage(), e);
        }
    }

    /**
     * The latest schema of a subject; null where the subject does not exist.
     *
     * @throws RegistryAwayException when the registry does not answer
     */
    public Schema latest(String subject) {
        try {
            var content = read(() -> client.groups().byGroupId(GROUP).artifacts().byArtifactId(subject).versions().byVersionExpression("branch=latest").content().get());
            return content == null ? null : new Schema.Parser().parse(content);
        } catch (ApiException e) {
            if (e.getResponseStatusCode() == NOT_FOUND) {
                return null;
            }
            throw away("the latest version of " + subject, e);
        } catch (RuntimeException e) {
            throw away("the latest version of " + subject, e);
        }
    }

    private static String read(Supplier<InputStream> call) {
        try (var content = call.get()) {
            return content == null ? null : new String(content.readAllBytes(), StandardCharsets.UTF_8);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private String patiently(String what, Supplier<InputStream> call) {
        long until = System.nanoTime() + patience.toNanos();
        var backoff = new Backoff(FIRST_PAUSE, LONGEST_PAUSE);
        while (true) {
            try {
                var content = read(call);
                if (content != null) {
                    if (trouble != null) {
                        LOG.info("The registry answers again");
                        trouble = null;
                    }
                    return content;
                }
                throw away(what, null);
            } catch (RuntimeException e) {
                var away = e instanceof RegistryAwayException known ? known : away(what, e);
                if (trouble == null) {
                    LOG.warn(away.getMessage());
                }
                trouble = away.getMessage();
                if (System.nanoTime() > until) {
                    throw away;
                }
            }
            sleep(backoff.next(), what);
        }
    }

    private void sleep(Duration pause, String what) {
        try {
            Thread.sleep(pause);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw away(what, e);
        }
    }

    private RegistryAwayException away(String what, Exception cause) {
        var why = cause instanceof ApiException api && api.getResponseStatusCode() == NOT_FOUND ? "it does not know it" : cause == null ? "it answers nothing" : connection.why(cause);
        return new RegistryAwayException("Fetching " + what + " from the registry at " + url + " failed: " + why
                + ". The rows that need it wait; check that the registry runs and is the one that the gate writes to", cause);
    }
}
