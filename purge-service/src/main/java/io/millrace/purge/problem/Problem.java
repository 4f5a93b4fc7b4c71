package io.millrace.purge.problem;

import com.fasterxml.jackson.annotation.JsonInclude;
import io.quarkus.runtime.annotations.RegisterForReflection;
import jakarta.ws.rs.core.HttpHeaders;
import jakarta.ws.rs.core.MediaType;
import jakarta.ws.rs.core.Response;
import java.util.List;

/**
 * An error as RFC 9457 has it, with its parts apart for programs.
 *
 * @param title the status in words
 * @param status the HTTP status
 * @param detail the whole of it as sentences
 * @param attempted what was attempted
 * @param on on what
 * @param why why it failed
 * @param next what to do
 * @param known the names that would have been accepted, null where that was not the trouble
 */
@RegisterForReflection
@JsonInclude(JsonInclude.Include.NON_NULL)
public record Problem(String title, int status, String detail, String attempted, String on, String why, String next, List<String> known) {

    static final MediaType TYPE = new MediaType("application", "problem+json");

    public static Problem of(Response.Status status, String attempted, String on, String why, String next) {
        return of(status, attempted, on, why, next, null);
    }

    public static Problem of(Response.Status status, String attempted, String on, String why, String next, List<String> known) {
        var detail = attempted + " " + on + " failed: " + why + ". " + Character.toUpperCase(next.charAt(0)) + next.substring(1) + ".";
        return new Problem(status.getReasonPhrase(), status.getStatusCode(), detail, attempted, on, why, next, known);
    }

    Response response() {
        return builder().build();
    }

    Response.ResponseBuilder builder() {
        return Response.status(status).type(TYPE).entity(this).header(HttpHeaders.CACHE_CONTROL, "no-store");
    }
}
