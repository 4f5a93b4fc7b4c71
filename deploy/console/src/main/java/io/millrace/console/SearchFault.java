package io.millrace.console;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.json.JsonMapper;
import java.io.IOException;
import java.net.http.HttpResponse;

/** What the search engine answers where it does not do what was asked, which a proxy in front of it may say in its own words. */
public final class SearchFault {

    private static final JsonMapper JSON = new JsonMapper();
    private static final int MOST_TEXT = 200;

    private SearchFault() {}

    /** @param answer another one than was asked for, whatever is in it */
    public static IOException of(HttpResponse<String> answer) {
        return new IOException("the search engine answered HTTP " + answer.statusCode() + ": " + reason(answer.body()));
    }

    private static String reason(String body) {
        try {
            var reason = JSON.readTree(body).path("error").path("reason").asText();
            return reason.isEmpty() ? beginning(body) : reason;
        } catch (JsonProcessingException _) {
            return beginning(body);
        }
    }

    private static String beginning(String body) {
        var line = body.strip().replaceAll("\\s+", " ");
        return line.isEmpty() ? "no reason given" : line.length() <= MOST_TEXT ? line : line.substring(0, MOST_TEXT) + "…";
    }
}
