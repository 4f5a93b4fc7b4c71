package io.millrace.provisioner.registry;

import io.millrace.provisioner.Check;
import io.millrace.provisioner.ProvisioningException;
import io.millrace.provisioner.Step;
import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.time.Duration;
import java.util.List;

/**
 * The registry's group in which capture writes schemas down as they come. It has no rules: what a schema must meet
 * is decided by the gate when it asks for it in the group {@code default}.
 */
public final class CapturedGroup implements Step {

    private static final String GROUP = "captured";
    private static final Duration TIMEOUT = Duration.ofSeconds(10);

    private final URI registry;

    /** @param registry base of the registry's API, version 3 */
    public CapturedGroup(URI registry) {
        this.registry = registry;
    }

    @Override
    public String describe() {
        return "registry: group " + GROUP + " without rules";
    }

    @Override
    public Check check() {
        if (call("GET", "/groups/" + GROUP, null, 200, 404).statusCode() == 404) {
            return new Check.Needed(List.of("POST " + registry + "/groups {\"groupId\": \"" + GROUP + "\"}"));
        }
        var rules = call("GET", "/groups/" + GROUP + "/rules", null, 200).body().strip();
        return rules.equals("[]") ? new Check.Done() : new Check.Needed(List.of("DELETE " + registry + "/groups/" + GROUP + "/rules (there are " + rules + ")"));
    }

    @Override
    public void apply() {
        call("POST", "/groups", "{\"groupId\": \"" + GROUP + "\", \"description\": \"Row schemas as capture met them\"}", 200, 409);
        call("DELETE", "/groups/" + GROUP + "/rules", null, 204);
    }

    private HttpResponse<String> call(String method, String path, String body, int... expected) {
        var uri = URI.create(registry + path);
        var request = HttpRequest.newBuilder(uri).timeout(TIMEOUT).header("Content-Type", "application/json")
                .method(method, body == null ? HttpRequest.BodyPublishers.noBody() : HttpRequest.BodyPublishers.ofString(body)).build();
        try (var client = HttpClient.newBuilder().connectTimeout(TIMEOUT).build()) {
            var response = client.send(request, HttpResponse.BodyHandlers.ofString());
            for (int status : expected) {
                if (response.statusCode() == status) {
                    return response;
                }
            }
            throw new ProvisioningException(method + " " + uri + " answered " + response.statusCode() + ": " + response.body() + "; check that this is an Apicurio Registry's version 3 API", null);
        } catch (IOException e) {
            throw new ProvisioningException(method + " " + uri + " failed: " + e + "; check that the registry runs and that this address is its", e);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new ProvisioningException(method + " " + uri + " was interrupted", e);
        }
    }
}
