package io.millrace.gate.schema;

import com.microsoft.kiota.ApiException;
import io.apicurio.registry.rest.client.RegistryClient;
import io.apicurio.registry.rest.client.groups.item.artifacts.item.WithArtifactItemRequestBuilder;
import io.apicurio.registry.rest.client.models.CreateArtifact;
import io.apicurio.registry.rest.client.models.CreateRule;
import io.apicurio.registry.rest.client.models.CreateVersion;
import io.apicurio.registry.rest.client.models.IfArtifactExists;
import io.apicurio.registry.rest.client.models.Rule;
import io.apicurio.registry.rest.client.models.RuleType;
import io.apicurio.registry.rest.client.models.RuleViolationProblemDetails;
import io.apicurio.registry.rest.client.models.SearchedVersion;
import io.apicurio.registry.rest.client.models.SortOrder;
import io.apicurio.registry.rest.client.models.VersionContent;
import io.apicurio.registry.rest.client.models.VersionSortBy;
import io.millrace.gate.GateConfig;
import io.millrace.pipeline.file.Compatibility;
import io.millrace.pipeline.http.HttpAccess;
import io.millrace.pipeline.http.Server;
import io.millrace.pipeline.registry.RegistryConnection;
import io.vertx.core.Vertx;
import jakarta.enterprise.context.ApplicationScoped;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Supplier;
import org.eclipse.microprofile.config.Config;

/** The schema registry, as far as the gate uses it. Thread-safe; every call blocks until the registry answered. */
@ApplicationScoped
public class Registry {

    /** Where subjects live that the Confluent-compatible API shows without a context. */
    private static final String GROUP = "default";
    private static final int NOT_FOUND = 404;
    private static final int CONFLICT = 409;
    private static final int CONNECTIONS = 8;

    private final HttpAccess access;
    private final RegistryConnection connection;
    private final RegistryClient client;
    private final String url;

    /** The outcome of a registration. */
    sealed interface Registration {
        record Done() implements Registration {}

        /** @param message what the registry says against it */
        record Refused(String message) implements Registration {}
    }

    Registry(GateConfig config, Config all, Vertx vertx) {
        url = config.registryUrl().toString();
        access = HttpAccess.of(Server.REGISTRY, List.of(config.registryUrl()), all.getPropertyNames(), name -> all.getOptionalValue(name, String.class));
        connection = new RegistryConnection(url, access, vertx, config.registryTimeout(), CONNECTIONS);
        client = connection.client();
    }

    /** As whom the registry is asked. */
    public HttpAccess access() {
        return access;
    }

    /** The schema's text, null where the registry knows no content by that id. */
    String content(int id) throws RegistryAwayException {
        return call("Fetching the schema with content id " + id, () -> {
            try (var content = client.ids().contentIds().byContentId(Long.valueOf(id)).get()) {
                return content == null ? null : new String(content.readAllBytes(), StandardCharsets.UTF_8);
            } catch (IOException e) {
                throw new UncheckedIOException(e);
            } catch (ApiException e) {
                return absent(e);
            }
        });
    }

    /** The text of the subject's latest version, null where it has none. */
    String latest(String subject) throws RegistryAwayException {
        return call("Fetching the latest version of " + subject, () -> {
            try (var content = artifact(subject).versions().byVersionExpression("branch=latest").content().get()) {
                return content == null ? null : new String(content.readAllBytes(), StandardCharsets.UTF_8);
            } catch (IOException e) {
                throw new UncheckedIOException(e);
            } catch (ApiException e) {
                return absent(e);
            }
        });
    }

    /** The subject's latest versions, the newest first; empty where it has none. */
    List<SearchedVersion> versions(String subject, int most) throws RegistryAwayException {
        return call("Listing the versions of " + subject, () -> {
            try {
                return artifact(subject).versions().get(request -> {
                    request.queryParameters.limit = most;
                    request.queryParameters.orderby = VersionSortBy.GlobalId;
                    request.queryParameters.order = SortOrder.Desc;
                }).getVersions();
            } catch (ApiException e) {
                absent(e);
                return List.of();
            }
        });
    }

    /** Makes the content a version of the subject, if it is none yet, under the rule. */
    Registration register(String subject, String content, Compatibility rule) throws RegistryAwayException {
        return call("Registering a schema under " + subject, () -> {
            ensureRule(subject, rule);
            var version = new CreateVersion();
            var versionContent = new VersionContent();
            versionContent.setContent(content);
            versionContent.setContentType("application/json");
            version.setContent(versionContent);
            var artifact = create(subject);
            artifact.setFirstVersion(version);
            try {
                client.groups().byGroupId(GROUP).artifacts().post(artifact, request -> request.queryParameters.ifExists = IfArtifactExists.FIND_OR_CREATE_VERSION);
                return new Registration.Done();
            } catch (RuleViolationProblemDetails e) {
                return new Registration.Refused(message(e));
            }
        });
    }

    /** Puts the rule of the subject in place. */
    void ensure(String subject, Compatibility rule) throws RegistryAwayException {
        call("Setting the compatibility rule of " + subject, () -> {
            ensureRule(subject, rule);
            return null;
        });
    }

    /** Whether the registry answers at all. */
    public void ping() throws RegistryAwayException {
        call("Asking the registry for its version", () -> client.system().info().get());
    }

    private void ensureRule(String subject, Compatibility rule) {
        var rules = artifact(subject).rules();
        var wanted = new Rule();
        wanted.setRuleType(RuleType.COMPATIBILITY);
        wanted.setConfig(rule.name());
        try {
            var present = rules.byRuleType(RuleType.COMPATIBILITY.getValue()).get();
            if (!rule.name().equals(present.getConfig())) {
                rules.byRuleType(RuleType.COMPATIBILITY.getValue()).put(wanted);
            }
            return;
        } catch (ApiException e) {
            absent(e);
        }
        try {
            client.groups().byGroupId(GROUP).artifacts().post(create(subject));
        } catch (ApiException e) {
            present(e);
        }
        var first = new CreateRule();
        first.setRuleType(RuleType.COMPATIBILITY);
        first.setConfig(rule.name());
        try {
            rules.post(first);
        } catch (ApiException e) {
            present(e);
            rules.byRuleType(RuleType.COMPATIBILITY.getValue()).put(wanted);
        }
    }

    private static CreateArtifact create(String subject) {
        var artifact = new CreateArtifact();
        artifact.setArtifactId(subject);
        artifact.setArtifactType("AVRO");
        return artifact;
    }

    private WithArtifactItemRequestBuilder artifact(String subject) {
        return client.groups().byGroupId(GROUP).artifacts().byArtifactId(subject);
    }

    private static String message(RuleViolationProblemDetails e) {
        var parts = new ArrayList<String>();
        var causes = e.getCauses() == null ? List.<io.apicurio.registry.rest.client.models.RuleViolationCause>of() : e.getCauses();
        causes.forEach(cause -> parts.add(cause.getDescription() + (cause.getContext() == null ? "" : " at " + cause.getContext())));
        return parts.isEmpty() ? e.getTitle() : String.join("; ", parts);
    }

    /** Null for "not found"; anything else goes on as it came. */
    private static String absent(ApiException e) {
        if (e.getResponseStatusCode() != NOT_FOUND) {
            throw e;
        }
        return null;
    }

    private static void present(ApiException e) {
        if (e.getResponseStatusCode() != CONFLICT) {
            throw e;
        }
    }

    private <T> T call(String attempted, Supplier<T> call) throws RegistryAwayException {
        try {
            return call.get();
        } catch (RuntimeException e) {
            // Whatever the registry did not plainly answer is asked again: a proxy's 404 page, a 503, a refused connection, a wrong password that is put right.
            throw new RegistryAwayException(attempted + " at " + url, connection.why(e), e);
        }
    }
}
