package io.millrace.capture.registry;

import io.apicurio.registry.rest.client.RegistryClient;
import io.apicurio.registry.rest.client.models.CreateArtifact;
import io.apicurio.registry.rest.client.models.CreateVersion;
import io.apicurio.registry.rest.client.models.IfArtifactExists;
import io.apicurio.registry.rest.client.models.VersionContent;
import io.millrace.pipeline.http.HttpAccess;
import io.millrace.pipeline.registry.RegistryConnection;
import io.vertx.core.Vertx;
import java.time.Duration;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import org.apache.avro.Schema;

/**
 * The content ids of schemas in the registry; a schema that it does not know is registered. Thread-safe.
 *
 * <p>Only the text counts: the gate registers the same text under its own rules and gets the same id, so that the bytes
 * of a record can pass through unchanged.
 */
public final class SchemaIds {

    /** The group of what capture saw; no rule refuses anything in it. */
    public static final String GROUP = "captured";
    private static final Duration SILENCE = Duration.ofSeconds(10);

    private final String url;
    private final RegistryConnection connection;
    private final RegistryClient client;
    private final Map<String, Integer> known = new ConcurrentHashMap<>();

    /**
     * @param url of the registry's core API, version 3
     * @param access as whom the registry is asked, and whom to believe
     * @param vertx carries the requests
     */
    public SchemaIds(String url, HttpAccess access, Vertx vertx) {
        this.url = url;
        this.connection = new RegistryConnection(url, access, vertx, SILENCE, 1);
        this.client = connection.client();
    }

    /**
     * The id of a schema.
     *
     * @param subject the artifact that it becomes a version of
     * @throws RegistryAwayException when the registry does not answer or refuses; trying again later may help
     */
    public int id(String subject, Schema schema) {
        var text = schema.toString();
        var key = subject + '\n' + text;
        var id = known.get(key);
        if (id == null) {
            id = register(subject, text);
            known.put(key, id);
        }
        return id;
    }

    private int register(String subject, String text) {
        var content = new VersionContent();
        content.setContent(text);
        content.setContentType("application/json");
        var version = new CreateVersion();
        version.setContent(content);
        var artifact = new CreateArtifact();
        artifact.setArtifactId(subject);
        artifact.setArtifactType("AVRO");
        artifact.setFirstVersion(version);
        try {
            var created = client.groups().byGroupId(GROUP).artifacts().post(artifact,
                    request -> request.queryParameters.ifExists = IfArtifactExists.FIND_OR_CREATE_VERSION);
            return Math.toIntExact(created.getVersion().getContentId());
        } catch (RuntimeException e) {
            throw new RegistryAwayException("Registering the schema of " + subject + " at the registry " + url + " failed (" + connection.why(e)
                    + "); check millrace.capture.registry-url and that the registry is up", e);
        }
    }
}
