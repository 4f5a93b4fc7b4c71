package io.millrace.gate.breaker;

import io.millrace.gate.control.BreakerState;
import io.millrace.gate.control.OutdatedException;
import io.millrace.gate.problem.Answer;
import io.millrace.gate.problem.NotPossibleException;
import io.millrace.gate.security.Caller;
import io.millrace.gate.security.Decision;
import io.millrace.gate.security.Roles;
import io.smallrye.common.annotation.RunOnVirtualThread;
import jakarta.annotation.security.RolesAllowed;
import jakarta.validation.Valid;
import jakarta.validation.constraints.NotNull;
import jakarta.ws.rs.GET;
import jakarta.ws.rs.POST;
import jakarta.ws.rs.Path;

/** The HTTP surface of the breaker. */
@Path("breaker")
@RolesAllowed(Roles.READER)
@RunOnVirtualThread
public class BreakerResource {

    private final Breaker breaker;
    private final Caller caller;

    BreakerResource(Breaker breaker, Caller caller) {
        this.breaker = breaker;
        this.caller = caller;
    }

    @GET
    public BreakerState state() throws OutdatedException, InterruptedException {
        return breaker.state();
    }

    @POST
    @Path("reset")
    @RolesAllowed(Roles.OPERATOR)
    public Answer reset(@NotNull @Valid Decision decision) throws NotPossibleException, OutdatedException, InterruptedException {
        breaker.reset(caller.who(decision.by()), decision.reason());
        return new Answer("The breaker is closed, records flow. Tables that were parked before it opened stay parked: GET /quarantine.");
    }
}
