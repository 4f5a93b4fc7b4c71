package io.millrace.purge.retention;

import io.millrace.pipeline.file.Pipeline;
import io.millrace.purge.problem.Problem;
import io.millrace.purge.problem.ProblemException;
import io.millrace.purge.problem.RefusedException;
import io.millrace.purge.security.Allowance;
import io.millrace.purge.security.TokenMechanism;
import io.millrace.purge.source.Pipelines;
import io.quarkus.security.identity.SecurityIdentity;
import io.smallrye.common.annotation.RunOnVirtualThread;
import jakarta.annotation.security.RolesAllowed;
import jakarta.validation.Valid;
import jakarta.validation.constraints.Max;
import jakarta.validation.constraints.Min;
import jakarta.validation.constraints.NotNull;
import jakarta.ws.rs.Consumes;
import jakarta.ws.rs.DefaultValue;
import jakarta.ws.rs.GET;
import jakarta.ws.rs.POST;
import jakarta.ws.rs.Path;
import jakarta.ws.rs.PathParam;
import jakarta.ws.rs.Produces;
import jakarta.ws.rs.QueryParam;
import jakarta.ws.rs.core.MediaType;
import jakarta.ws.rs.core.Response;
import jakarta.ws.rs.core.Response.Status;
import java.net.URI;
import java.sql.SQLException;
import java.time.Duration;
import java.util.List;
import java.util.UUID;

/** The HTTP face of retention. */
@Path("/")
@Produces(MediaType.APPLICATION_JSON)
@RunOnVirtualThread
public class RetentionResource {

    private static final String UNDEFINED_TABLE = "42P01";

    private final Retentions retentions;
    private final Pipelines pipelines;
    private final SecurityIdentity caller;
    private final Allowance allowance;

    RetentionResource(Retentions retentions, Pipelines pipelines, SecurityIdentity caller, Allowance allowance) {
        this.retentions = retentions;
        this.pipelines = pipelines;
        this.caller = caller;
        this.allowance = allowance;
    }

    private interface Question<T> {
        T ask() throws SQLException;
    }

    /** The dry run: what holds, and what a run would do now. */
    @GET
    @Path("pipelines/{pipeline}/retention")
    @RolesAllowed({TokenMechanism.READER, TokenMechanism.APPROVER, TokenMechanism.OPERATOR})
    public Standing standing(@PathParam("pipeline") String name) throws SQLException {
        var pipeline = pipeline(name);
        return answered("Looking at the retention of", "the pipeline '" + name + "'", () -> retentions.standing(pipeline));
    }

    /** Does at once what time would have begun by and by. */
    @POST
    @Path("pipelines/{pipeline}/retention")
    @RolesAllowed(TokenMechanism.OPERATOR)
    public Response run(@PathParam("pipeline") String name) throws SQLException {
        var pipeline = pipeline(name);
        allowance.take(caller.getPrincipal().getName(), "Running the retention of", "the pipeline '" + name + "'");
        var run = answered("Running the retention of", "the pipeline '" + name + "'", () -> retentions.run(pipeline, caller.getPrincipal().getName(), Duration.ZERO));
        return run.map(r -> Response.accepted(r).location(URI.create("/retention-runs/" + r.id())).build()).orElseGet(() -> Response.noContent().build());
    }

    /** The newest first. */
    @GET
    @Path("retention-runs")
    @RolesAllowed({TokenMechanism.READER, TokenMechanism.APPROVER, TokenMechanism.OPERATOR})
    public List<Run> list(@QueryParam("pipeline") String pipeline, @QueryParam("state") RunState state, @QueryParam("limit") @DefaultValue("20") @Min(1) @Max(1_000) int limit) throws SQLException {
        return answered("Listing", "the runs of retention", () -> retentions.read(connection -> RunBook.list(connection, pipeline, state, limit))).stream().map(RunBook.Entry::run).toList();
    }

    @GET
    @Path("retention-runs/{id}")
    @RolesAllowed({TokenMechanism.READER, TokenMechanism.APPROVER, TokenMechanism.OPERATOR})
    public Run state(@PathParam("id") String id) throws SQLException {
        var uuid = parse(id);
        return answered("Reading", on(id), () -> retentions.read(connection -> RunBook.find(connection, uuid))).orElseThrow(() -> unknown(id)).run();
    }

    @POST
    @Path("retention-runs/{id}/confirmation")
    @RolesAllowed({TokenMechanism.APPROVER, TokenMechanism.OPERATOR})
    @Consumes(MediaType.APPLICATION_JSON)
    public Response confirm(@PathParam("id") String id, @NotNull(message = "must be {\"reason\": …}") @Valid Confirmation body) throws SQLException {
        var uuid = parse(id);
        if (body.reason().indexOf('\0') >= 0) {
            throw problem(Status.BAD_REQUEST, "Confirming", on(id), "the reason contains the character U+0000, which Postgres cannot hold", "leave it out");
        }
        return Response.accepted(answered("Confirming", on(id), () -> retentions.confirm(uuid, caller.getPrincipal().getName(), body.reason().strip())).orElseThrow(() -> unknown(id))).build();
    }

    private static <T> T answered(String attempted, String on, Question<T> question) throws SQLException {
        try {
            return question.ask();
        } catch (RefusedException e) {
            throw problem(Status.CONFLICT, attempted, on, e.getMessage(), e.next());
        } catch (SQLException e) {
            if (UNDEFINED_TABLE.equals(e.getSQLState()) && e.getMessage().contains("millrace.retention_run")) {
                throw problem(Status.CONFLICT, attempted, on, "the source database has no table millrace.retention_run", "run the provisioner for this source");
            }
            throw e;
        }
    }

    private Pipeline pipeline(String name) {
        return pipelines.named(name, "Looking at the retention of");
    }

    private static String on(String id) {
        return "the run of retention '" + id + "'";
    }

    private static UUID parse(String id) {
        try {
            return UUID.fromString(id);
        } catch (IllegalArgumentException _) {
            throw unknown(id);
        }
    }

    private static ProblemException unknown(String id) {
        return problem(Status.NOT_FOUND, "Reading", on(id), "there is none with this id", "take the id from GET /retention-runs");
    }

    private static ProblemException problem(Status status, String attempted, String on, String why, String next) {
        return new ProblemException(Problem.of(status, attempted, on, why, next));
    }
}
