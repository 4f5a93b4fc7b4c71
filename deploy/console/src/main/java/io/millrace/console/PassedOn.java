package io.millrace.console;

import jakarta.ws.rs.core.Response;
import java.net.http.HttpResponse;
import java.util.Map;

/** What a service answered to the caller's own token, told as it is: the console has no token and adds none. */
final class PassedOn {

    private static final int UNAUTHORIZED = 401;

    private PassedOn() {}

    /** @param who answered, for an answer that says nothing itself */
    static Response of(String who, HttpResponse<String> answer) {
        int status = answer.statusCode();
        if (status == Response.Status.NO_CONTENT.getStatusCode()) {
            return Response.noContent().build();
        }
        return Response.status(status).entity(answer.body().isEmpty() ? Map.of("message", who + " answers " + status + (status == UNAUTHORIZED ? ": it asks for the operator's token" : "")) : answer.body()).build();
    }
}
