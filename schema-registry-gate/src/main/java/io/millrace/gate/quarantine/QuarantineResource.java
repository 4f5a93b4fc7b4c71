package io.millrace.gate.quarantine;

import io.millrace.gate.Table;
import io.millrace.gate.control.OutdatedException;
import io.millrace.gate.problem.Answer;
import io.millrace.gate.problem.NotPossibleException;
import io.millrace.gate.quarantine.Quarantine.Overview;
import io.millrace.gate.control.TableState.Which;
import io.millrace.gate.schema.RegistryAwayException;
import io.millrace.gate.security.Caller;
import io.millrace.gate.security.Decision;
import io.millrace.gate.security.Roles;
import io.millrace.pipeline.wording.Counted;
import io.quarkus.runtime.annotations.RegisterForReflection;
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
import java.util.List;

/** The HTTP surface of the quarantine. A table is named {@code source.schema.table}. */
@Path("quarantine")
@RolesAllowed(Roles.READER)
@RunOnVirtualThread
public class QuarantineResource {

    private final Quarantine quarantine;
    private final Caller caller;

    QuarantineResource(Quarantine quarantine, Caller caller) {
        this.quarantine = quarantine;
        this.caller = caller;
    }

    /**
     * @param count how many records may be lost, as the caller saw it
     * @param which all of them, or only those refused for what they are; all where left out
     * @param reason in the caller's words
     * @param by who they are, where the token does not say
     */
    public record Disposal(@NotNull @PositiveOrZero Long count, Which which, @NotBlank String reason, String by) {}

    @GET
    public List<Overview> tables() throws OutdatedException, InterruptedException {
        return quarantine.tables();
    }

    @GET
    @Path("{table}")
    public Overview table(@PathParam("table") String table) throws OutdatedException, InterruptedException {
        var overview = quarantine.table(new Table(table));
        if (overview == null) {
            throw new NotFoundException(table + " was never parked");
        }
        return overview;
    }

    @POST
    @Path("{table}/accept")
    @RolesAllowed(Roles.OPERATOR)
    public Answer accept(@PathParam("table") String table, @NotNull @Valid Decision decision) throws NotPossibleException, RegistryAwayException, OutdatedException, InterruptedException {
        var done = quarantine.accept(new Table(table), caller.who(decision.by()), decision.reason());
        var message = done.what() + " A replay lets the queued records through.";
        return done.oldRows() ? new Answer(message + " The rows that the table had before keep their old values downstream until they are read again.", null, true) : new Answer(message);
    }

    @POST
    @Path("{table}/replay")
    @RolesAllowed(Roles.OPERATOR)
    public Answer replay(@PathParam("table") String table, @NotNull @Valid Decision decision) throws NotPossibleException, OutdatedException, InterruptedException {
        quarantine.replay(new Table(table), caller.who(decision.by()), decision.reason());
        return new Answer("The queued records are being replayed in order; the table flows when none is left.");
    }

    @POST
    @Path("{table}/hold")
    @RolesAllowed(Roles.OPERATOR)
    public Answer hold(@PathParam("table") String table, @NotNull @Valid Decision decision) throws OutdatedException, InterruptedException {
        quarantine.hold(new Table(table), caller.who(decision.by()), decision.reason());
        return new Answer("The table is parked; a replay goes on where it stopped.");
    }

    @POST
    @Path("{table}/discard")
    @RolesAllowed(Roles.OPERATOR)
    public Answer discard(@PathParam("table") String table, @NotNull @Valid Disposal disposal) throws NotPossibleException, OutdatedException, InterruptedException {
        var which = disposal.which() == null ? Which.ALL : disposal.which();
        quarantine.discard(new Table(table), which, disposal.count(), caller.who(disposal.by()), disposal.reason());
        return new Answer(Counted.of(disposal.count(), "record is", "records are") + " discarded; what has queued behind is replayed.");
    }
}
