package io.millrace.gate.problem;

import io.millrace.gate.control.OutdatedException;
import io.millrace.gate.schema.RegistryAwayException;
import jakarta.ws.rs.NotFoundException;
import jakarta.ws.rs.core.Response;
import jakarta.ws.rs.core.Response.Status;
import org.apache.kafka.common.KafkaException;
import org.jboss.resteasy.reactive.server.ServerExceptionMapper;

/** How a call that fails is answered. */
class Problems {

    @ServerExceptionMapper
    Response notPossible(NotPossibleException e) {
        return answer(Status.CONFLICT, new Answer(e.getMessage()));
    }

    @ServerExceptionMapper
    Response unknown(NotFoundException e) {
        return answer(Status.NOT_FOUND, new Answer(e.getMessage()));
    }

    @ServerExceptionMapper
    Response outdated(OutdatedException e) {
        return answer(Status.SERVICE_UNAVAILABLE, new Answer(e.getMessage(), e.asOf()));
    }

    @ServerExceptionMapper
    Response away(RegistryAwayException e) {
        return answer(Status.SERVICE_UNAVAILABLE, new Answer(e.getMessage()));
    }

    @ServerExceptionMapper
    Response away(KafkaException e) {
        return answer(Status.SERVICE_UNAVAILABLE, new Answer(e.getMessage()));
    }

    private static Response answer(Status status, Answer answer) {
        return Response.status(status).entity(answer).build();
    }
}
