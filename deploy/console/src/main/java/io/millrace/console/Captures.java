package io.millrace.console;

import jakarta.inject.Singleton;
import jakarta.ws.rs.core.Response;
import java.io.IOException;

/** The captures, one for each source, asked with the caller's own token. Thread-safe. */
@Singleton
public class Captures {

    private static final int OF_ANOTHER_SOURCE = 404;

    private final ConsoleConfig config;
    private final Http http;

    Captures(ConsoleConfig config, Http http) {
        this.config = config;
        this.http = http;
    }

    /**
     * What the capture of a source answers, as it answers it.
     *
     * @param path names the source in its query, by which the others refuse it
     * @param authorization null for none
     */
    public Response ask(String method, String path, String authorization) throws IOException, InterruptedException {
        Response last = null;
        for (var url : config.captureUrls()) {
            var answer = http.send(method, url.resolve(path), null, authorization);
            last = PassedOn.of("Capture", answer);
            if (answer.statusCode() != OF_ANOTHER_SOURCE) {
                break;
            }
        }
        return last;
    }
}
