package io.millrace.gate.quarantine;

import io.millrace.gate.Table;
import io.millrace.gate.breaker.Breaker;
import io.millrace.gate.quarantine.Quarantine.NotPossibleException;
import io.millrace.gate.quarantine.Quarantine.Overview;
import io.millrace.gate.quarantine.TableState.Which;
import io.millrace.gate.schema.RegistryAwayException;
import io.millrace.gate.security.Roles;
import io.quarkus.runtime.annotations.RegisterForReflection;
import io.quarkus.security.identity.SecurityIdentity;
import io.smallrye.common.annotation.RunOnVirtualThread;
import jakarta.annotation.security.RolesAllowed;
import jakarta.validation.Valid;
import jakarta.validation.constraints.NotBlank;
import jakarta.validation.constraints.NotNull;
import jakarta.validation.constraints.PositiveOrZero;
import jakarta.ws.rs.GET;
import jakarta.ws.rs.NotFoundException;
import jakarta.ws.rs.POST;
import jakarta.ws.rs.Path;
import jakarta.ws.rs.PathParam;
import jakarta.ws.rs.core.Response;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import org.apache.kafka.common.KafkaException;
import org.jboss.resteasy.reactive.server.ServerExceptionMapper;

/** The HTTP surface of the quarantine and the breaker. A table is named {@code source.schema.table}. */
@Path("/")
@RolesAllowed(Roles.READER)
@RunOnVirtualThread
public class QuarantineResource {

    private static final int UNAVAILABLE = 503;

    private final Quarantine quarantine;
    private final ControlLog control;
    private final Breaker breaker;
    private final Audit audit;
    private final SecurityIdentity caller;

    QuarantineResource(Quarantine quarantine, ControlLog control, Breaker breaker, Audit audit, SecurityIdentity caller) {
        this.quarantine = quarantine;
        this.control = control;
        this.breaker = breaker;
        this.audit = audit;
        this.caller = caller;
    }

    /**
     * Why a person does something; kept in the audit.
     *
     * @param reason in their words
     * @param by who they are, where the token does not say
     */
    public record Decision(@NotBlank String reason, String by) {}

    /**
     * @param count how many records may be lost, as the caller saw it
     * @param which all of them, or only those refused for what they are; all where left out
     * @param reason in the caller's words
     * @param by who they are, where the token does not say
     */
    public record Disposal(@NotNull @PositiveOrZero Long count, Which which, @NotBlank String reason, String by) {}

    /** What went wrong, or was done. */
    @RegisterForReflection
    public record Answer(String message) {}

    @GET
    @Path("quarantine")
    public List<Overview> tables() throws InterruptedException {
        return quarantine.tables();
    }

    @GET
    @Path("quarantine/{table}")
    public Overview table(@PathParam("table") String table) throws InterruptedException {
        var overview = quarantine.table(new Table(table));
        if (overview == null) {
            throw new NotFoundException(table + " was never parked");
        }
        return overview;
    }

    @POST
    @Path("quarantine/{table}/accept")
    @RolesAllowed(Roles.OPERATOR)
    public Answer accept(@PathParam("table") String table, @NotNull @Valid Decision decision) throws NotPossibleException, RegistryAwayException, InterruptedException {
        var done = quarantine.accept(new Table(table), who(decision.by()), decision.reason());
        return new Answer(done + " POST /quarantine/" + table + "/replay lets the queued records through.");
    }

    @POST
    @Path("quarantine/{table}/replay")
    @RolesAllowed(Roles.OPERATOR)
    public Answer replay(@PathParam("table") String table, @NotNull @Valid Decision decision) throws NotPossibleException, InterruptedException {
        quarantine.replay(new Table(table), who(decision.by()), decision.reason());
        return new Answer("The queued records are being replayed in order; the table flows when none is left. GET /quarantine/" + table + " shows how far it is.");
    }

    @POST
    @Path("quarantine/{table}/hold")
    @RolesAllowed(Roles.OPERATOR)
    public Answer hold(@PathParam("table") String table, @NotNull @Valid Decision decision) throws InterruptedException {
        quarantine.hold(new Table(table), who(decision.by()), decision.reason());
        return new Answer("The table is parked; POST /quarantine/" + table + "/replay goes on where it stopped.");
    }

    @POST
    @Path("quarantine/{table}/discard")
    @RolesAllowed(Roles.OPERATOR)
    public Answer discard(@PathParam("table") String table, @NotNull @Valid Disposal disposal) throws NotPossibleException, InterruptedException {
        var which = disposal.which() == null ? Which.ALL : disposal.which();
        quarantine.discard(new Table(table), which, disposal.count(), who(disposal.by()), disposal.reason());
        return new Answer(disposal.count() + " records are discarded; what has queued behind them is replayed.");
    }

    @GET
    @Path("breaker")
    public BreakerState breaker() {
        return control.breaker();
    }

    @POST
    @Path("breaker/reset")
    @RolesAllowed(Roles.OPERATOR)
    public Answer reset(@NotNull @Valid Decision decision) throws NotPossibleException, InterruptedException {
        if (!breaker.isOpen()) {
            throw new NotPossibleException("The breaker is not open");
        }
        audit.write(new Audit.Entry(Instant.now(), "breaker", "reset", who(decision.by()), decision.reason(), Map.of("opened", control.breaker().reason())));
        breaker.reset(who(decision.by()), decision.reason());
        return new Answer("The breaker is closed, records flow. Tables that were parked before it opened stay parked: GET /quarantine.");
    }

    private String who(String by) {
        var name = caller.getPrincipal().getName();
        return by == null || by.isBlank() ? name : name + " (" + by + ")";
    }

    @ServerExceptionMapper
    Response notPossible(NotPossibleException e) {
        return Response.status(Response.Status.CONFLICT).entity(new Answer(e.getMessage())).build();
    }

    @ServerExceptionMapper
    Response away(RegistryAwayException e) {
        return Response.status(UNAVAILABLE).entity(new Answer(e.getMessage())).build();
    }

    @ServerExceptionMapper
    Response away(KafkaException e) {
        return Response.status(UNAVAILABLE).entity(new Answer(e.getMessage())).build();
    }

    @ServerExceptionMapper
    Response unknown(NotFoundException e) {
        return Response.status(Response.Status.NOT_FOUND).entity(new Answer(e.getMessage())).build();
    }
}
