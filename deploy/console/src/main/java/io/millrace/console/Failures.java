package io.millrace.console;

import jakarta.ws.rs.WebApplicationException;
import jakarta.ws.rs.core.Response;
import java.io.IOException;
import java.sql.SQLException;
import java.util.Map;
import org.jboss.resteasy.reactive.server.ServerExceptionMapper;

/** Says in one sentence what did not answer. */
class Failures {

    @ServerExceptionMapper
    Response refused(WebApplicationException e) {
        return answer(e.getResponse().getStatus(), e.getMessage());
    }

    @ServerExceptionMapper
    Response away(IOException e) {
        return answer(502, e.getMessage());
    }

    @ServerExceptionMapper
    Response database(SQLException e) {
        return answer(502, "Postgres does not answer: " + e.getMessage());
    }

    private static Response answer(int status, String message) {
        return Response.status(status).entity(Map.of("message", String.valueOf(message))).build();
    }
}
