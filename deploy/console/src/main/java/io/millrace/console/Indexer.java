package io.millrace.console;

import jakarta.inject.Singleton;
import jakarta.ws.rs.core.Response;
import java.io.IOException;

/** The indexer, asked with the caller's own token. Thread-safe. */
@Singleton
public class Indexer {

    private final ConsoleConfig config;
    private final Http http;

    Indexer(ConsoleConfig config, Http http) {
        this.config = config;
        this.http = http;
    }

    /**
     * What the indexer answers, as it answers it.
     *
     * @param body null for none
     * @param authorization null for none
     */
    public Response ask(String method, String path, String body, String authorization) throws IOException, InterruptedException {
        return PassedOn.of("The indexer", http.send(method, config.indexerUrls().getFirst().resolve(path), body, authorization));
    }
}
