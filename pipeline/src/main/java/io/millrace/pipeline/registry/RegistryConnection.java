package io.millrace.pipeline.registry;

import io.apicurio.registry.client.RegistryClientFactory;
import io.apicurio.registry.client.common.RegistryClientOptions;
import io.apicurio.registry.rest.client.RegistryClient;
import io.vertx.core.Vertx;
import io.vertx.ext.web.client.WebClient;
import io.vertx.ext.web.client.WebClientOptions;
import java.time.Duration;

/** Makes the registry's client such that no call of it waits without a bound: by itself the client has none. */
public final class RegistryConnection {

    private RegistryConnection() {}

    /**
     * A client whose calls block until the registry answered, or fail; it does not try again. Thread-safe.
     *
     * @param url of the registry's core API, version 3
     * @param vertx carries the requests
     * @param silence how long a connection may take to be made, and then bring nothing; in whole seconds, one at least
     * @param connections the most at once; further calls wait for one
     */
    public static RegistryClient to(String url, Vertx vertx, Duration silence, int connections) {
        int seconds = (int) Math.max(1, silence.toSeconds());
        var web = new WebClientOptions().setConnectTimeout((int) silence.toMillis()).setIdleTimeout(seconds).setMaxPoolSize(connections);
        return RegistryClientFactory.create(RegistryClientOptions.create(url).customWebClient(WebClient.create(vertx, web)));
    }
}
