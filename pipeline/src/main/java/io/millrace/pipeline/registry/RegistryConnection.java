package io.millrace.pipeline.registry;

import com.microsoft.kiota.ApiException;
import com.microsoft.kiota.RequestInformation;
import io.apicurio.registry.rest.client.RegistryClient;
import io.kiota.http.vertx.VertXRequestAdapter;
import io.millrace.pipeline.http.HttpAccess;
import io.vertx.core.Vertx;
import io.vertx.core.buffer.Buffer;
import io.vertx.core.net.KeyCertOptions;
import io.vertx.core.net.TrustOptions;
import io.vertx.ext.web.client.HttpRequest;
import io.vertx.ext.web.client.WebClient;
import io.vertx.ext.web.client.WebClientOptions;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.URISyntaxException;
import java.time.Duration;

/** The registry's client such that no call of it waits without a bound, by itself it has none, and each says as whom it comes. Thread-safe. */
public final class RegistryConnection {

    private final HttpAccess access;
    private final RegistryClient client;

    /**
     * @param url of the registry's core API, version 3
     * @param access as whom it is asked, and whom to believe
     * @param vertx carries the requests
     * @param silence how long a connection may take to be made, and then bring nothing; in whole seconds, one at least
     * @param connections the most at once; further calls wait for one
     */
    public RegistryConnection(String url, HttpAccess access, Vertx vertx, Duration silence, int connections) {
        this.access = access;
        int seconds = (int) Math.max(1, silence.toSeconds());
        // A connection that is given up for its silence may be taken in that moment by a call, which fails then: none is kept for that long.
        var web = new WebClientOptions().setConnectTimeout((int) silence.toMillis()).setIdleTimeout(seconds).setMaxPoolSize(connections).setKeepAlive(seconds > 1).setKeepAliveTimeout(Math.max(1, seconds / 2));
        if (access.believed() != null) {
            web.setTrustOptions(TrustOptions.wrap(access.believed()));
        }
        if (access.shown() != null) {
            web.setKeyCertOptions(KeyCertOptions.wrap(access.shown()));
        }
        var adapter = new Adapter(WebClient.create(vertx, web), access);
        adapter.setBaseUrl(url.replaceAll("/+$", ""));
        this.client = new RegistryClient(adapter);
    }

    /** Its calls block until the registry answered, or fail; it does not try again. */
    public RegistryClient client() {
        return client;
    }

    /** What a call failed of, and the setting to look at. */
    public String why(Throwable failure) {
        return failure instanceof ApiException answer && answer.getResponseStatusCode() >= 400 ? answered(answer) : access.why(failure);
    }

    private String answered(ApiException answer) {
        var why = access.why(answer.getResponseStatusCode());
        return answer.getMessage() == null || answer.getResponseStatusCode() == 401 ? why : why + ": " + answer.getMessage();
    }

    private static final class Adapter extends VertXRequestAdapter {

        private final HttpAccess access;

        Adapter(WebClient web, HttpAccess access) {
            super(web);
            this.access = access;
        }

        @Override
        protected HttpRequest<Buffer> getRequestFromRequestInformation(RequestInformation information) throws URISyntaxException {
            var request = super.getRequestFromRequestInformation(information);
            try {
                var authorization = access.authorization();
                request.followRedirects(false);
                return authorization == null ? request : request.putHeader("Authorization", authorization);
            } catch (IOException e) {
                throw new UncheckedIOException(e);
            }
        }
    }
}
