package io.millrace.provisioner;

import io.millrace.pipeline.http.HttpAccess;
import java.io.IOException;
import java.net.URI;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.time.Duration;
import java.util.Set;

/**
 * A server over HTTP in which things are made.
 *
 * @param url base of its API, without a slash at the end
 * @param access as whom it is asked; never printed
 */
public record HttpPlace(URI url, HttpAccess access) {

    private static final Duration TIMEOUT = Duration.ofSeconds(15);
    private static final Set<Integer> WHO = Set.of(401, 403);

    /**
     * @param path is added to the base
     * @param body of JSON; null for none
     * @param expected statuses that mean something to the caller, beside those of success
     * @param hint what to check where it answers with another status
     * @throws ProvisioningException when it does not answer, or otherwise than expected
     */
    public HttpResponse<String> call(String method, String path, String body, Set<Integer> expected, String hint) {
        var uri = URI.create(url + path);
        var request = HttpRequest.newBuilder(uri).timeout(TIMEOUT).header("Content-Type", "application/json").method(method, body == null ? BodyPublishers.noBody() : BodyPublishers.ofString(body));
        try (var client = access.client().connectTimeout(TIMEOUT).build()) {
            var response = client.send(access.authorize(request).build(), BodyHandlers.ofString());
            int status = response.statusCode();
            if (status / 100 == 2 || expected.contains(status)) {
                return response;
            }
            throw new ProvisioningException(method + " " + uri + " answered " + (WHO.contains(status) ? access.why(status) : status) + ": " + response.body() + "; " + hint, null);
        } catch (IOException e) {
            throw new ProvisioningException(method + " " + uri + " failed: " + access.why(e) + "; check that the " + access + " runs and that this address is its", e);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new ProvisioningException(method + " " + uri + " was interrupted", e);
        }
    }

    @Override
    public String toString() {
        return url.toString();
    }
}
