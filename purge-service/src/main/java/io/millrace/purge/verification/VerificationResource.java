package io.millrace.purge.verification;

import io.millrace.pipeline.file.Pipeline;
import io.millrace.pipeline.privacy.PrivateContent;
import io.millrace.purge.PurgeConfig;
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
import jakarta.ws.rs.core.HttpHeaders;
import jakarta.ws.rs.core.MediaType;
import jakarta.ws.rs.core.Response;
import jakarta.ws.rs.core.Response.Status;
import java.io.IOException;
import java.net.URI;
import java.sql.SQLException;
import java.time.Duration;
import java.util.List;
import java.util.UUID;
import java.util.function.UnaryOperator;
import org.apache.kafka.common.KafkaException;

/** The HTTP face of verifications. */
@Path("/")
@Produces(MediaType.APPLICATION_JSON)
@RunOnVirtualThread
public class VerificationResource {

    private static final String BEGINNING = "Verifying";
    private static final String READING = "Reading";
    private static final String UNDEFINED_TABLE = "42P01";

    private final Verifications verifications;
    private final Book book;
    private final Pipelines pipelines;
    private final PurgeConfig config;
    private final SecurityIdentity caller;
    private final Allowance allowance;

    VerificationResource(Verifications verifications, Book book, Pipelines pipelines, PurgeConfig config, SecurityIdentity caller, Allowance allowance) {
        this.verifications = verifications;
        this.book = book;
        this.pipelines = pipelines;
        this.config = config;
        this.caller = caller;
        this.allowance = allowance;
    }

    @POST
    @Path("pipelines/{pipeline}/verifications")
    @RolesAllowed(TokenMechanism.OPERATOR)
    @Consumes(MediaType.APPLICATION_JSON)
    public Response begin(@PathParam("pipeline") String name, @NotNull(message = "must be JSON, {} at least") @Valid VerificationRequest body) throws SQLException, InterruptedException {
        var pipeline = pipeline(name);
        var on = "the pipeline '" + name + "'";
        allowance.take(caller.getPrincipal().getName(), BEGINNING, on);
        try {
            var id = verifications.begin(pipeline, body, caller.getPrincipal().getName(), body.rate() == null ? config.verification().rate() : body.rate(), Duration.ZERO);
            if (id == null) {
                throw problem(Status.CONFLICT, BEGINNING, on, "a verification of it runs already", "see GET /verifications?pipeline=" + name + "; wait for its end or stop it");
            }
            return Response.accepted(found(id)).location(URI.create("/verifications/" + id)).build();
        } catch (RefusedException e) {
            throw problem(Status.CONFLICT, BEGINNING, on, e.getMessage(), e.next());
        } catch (IOException | KafkaException e) {
            throw problem(Status.SERVICE_UNAVAILABLE, BEGINNING, on, e.getMessage() == null ? e.toString() : e.getMessage(), "see that the search engine and Kafka answer, and try again");
        } catch (SQLException e) {
            throw unprovisioned(e, on);
        }
    }

    /** The newest first, without the documents that differ. */
    @GET
    @Path("verifications")
    @RolesAllowed({TokenMechanism.READER, TokenMechanism.OPERATOR})
    public List<Verification> list(@QueryParam("pipeline") String pipeline, @QueryParam("limit") @DefaultValue("20") @Min(1) @Max(1_000) int limit) throws SQLException {
        try {
            return book.list(pipeline, limit).stream().map(v -> new Verification(v.id(), v.pipeline(), v.state(), v.repair(), v.sample(), v.requestedBy(), v.requestedAt(), v.seenAt(), v.differences(), v.report().withoutFound())).toList();
        } catch (SQLException e) {
            throw unprovisioned(e, "the verifications");
        }
    }

    @GET
    @Path("verifications/{id}")
    @RolesAllowed({TokenMechanism.READER, TokenMechanism.OPERATOR})
    public Verification state(@PathParam("id") String id) throws SQLException {
        var v = found(parse(id));
        return new Verification(v.id(), v.pipeline(), v.state(), v.repair(), v.sample(), v.requestedBy(), v.requestedAt(), v.seenAt(), v.differences(), v.report().withoutFound());
    }

    /** The first documents that differ, field by field. What is in documents is shown, and what is private of them to operators alone: it must not be kept by a cache. */
    @GET
    @Path("verifications/{id}/differences")
    @RolesAllowed({TokenMechanism.READER, TokenMechanism.OPERATOR})
    public Response differences(@PathParam("id") String id, @QueryParam("kind") String kind, @QueryParam("limit") @DefaultValue("20") @Min(1) @Max(1_000) int limit) throws SQLException {
        var verification = found(parse(id));
        var told = verification.report().found();
        var some = (told == null ? List.<Found>of() : told).stream().filter(f -> kind == null || f.kind().text().equals(kind)).limit(limit).map(seen(verification.pipeline())).toList();
        return Response.ok(some).header(HttpHeaders.CACHE_CONTROL, "no-store").build();
    }

    /** What the caller may see of documents. A pipeline may have lost its file since, and then nobody knows what of it is private. */
    private UnaryOperator<Found> seen(String pipeline) {
        if (caller.hasRole(TokenMechanism.OPERATOR)) {
            return UnaryOperator.identity();
        }
        var hidden = pipelines.all().stream().filter(p -> p.name().equals(pipeline)).findFirst().map(PrivateContent::of);
        return found -> found.with(difference -> hidden.map(content -> content.masked(difference)).orElseGet(() -> PrivateContent.unknown(difference)));
    }

    @POST
    @Path("verifications/{id}/stop")
    @RolesAllowed(TokenMechanism.OPERATOR)
    public Verification stop(@PathParam("id") String id) throws SQLException {
        var verification = found(parse(id));
        if (!book.stop(verification.id())) {
            throw problem(Status.CONFLICT, "Stopping", "the verification '" + id + "'", "it does not run; its state is " + verification.state().text(), "there is nothing to do");
        }
        return state(id);
    }

    private Pipeline pipeline(String name) {
        return pipelines.named(name, BEGINNING);
    }

    private Verification found(UUID id) throws SQLException {
        try {
            return book.find(id).orElseThrow(() -> unknown(id.toString()));
        } catch (SQLException e) {
            throw unprovisioned(e, "the verification '" + id + "'");
        }
    }

    private static UUID parse(String id) {
        try {
            return UUID.fromString(id);
        } catch (IllegalArgumentException _) {
            throw unknown(id);
        }
    }

    private static ProblemException unknown(String id) {
        return problem(Status.NOT_FOUND, READING, "the verification '" + id + "'", "there is none with this id", "take the id from the answer to the request, or from GET /verifications");
    }

    /** A table that is not there is no passing trouble. */
    private static SQLException unprovisioned(SQLException e, String on) {
        if (UNDEFINED_TABLE.equals(e.getSQLState()) && e.getMessage().contains("millrace.verification")) {
            throw problem(Status.CONFLICT, READING, on, "the source database has no table millrace.verification", "run the provisioner for this source");
        }
        return e;
    }

    private static ProblemException problem(Status status, String attempted, String on, String why, String next) {
        return new ProblemException(Problem.of(status, attempted, on, why, next));
    }
}
