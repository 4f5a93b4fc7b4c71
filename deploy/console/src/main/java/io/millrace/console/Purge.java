package io.millrace.console;

import jakarta.inject.Singleton;
import jakarta.ws.rs.core.Response;
import java.io.IOException;

/** The purge service, asked with the caller's own token; every instance knows what the others do. Thread-safe. */
@Singleton
public class Purge {

    private final ConsoleConfig config;
    private final Http http;

    Purge(ConsoleConfig config, Http http) {
        this.config = config;
        this.http = http;
    }

    /**
     * What the purge service answers, as it answers it.
     *
     * @param body null for none
     * @param authorization null for none
     */
    public Response ask(String method, String path, String body, String authorization) throws IOException, InterruptedException {
        return ask(method, path, body, authorization, null);
    }

    /** @param idempotencyKey null for none */
    public Response ask(String method, String path, String body, String authorization, String idempotencyKey) throws IOException, InterruptedException {
        return PassedOn.of("The purge service", http.send(method, config.purgeUrls().getFirst().resolve(path), body, authorization, idempotencyKey));
    }
}
