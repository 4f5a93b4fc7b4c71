package io.millrace.purge.erasure;

import io.millrace.pipeline.record.TraceParent;
import io.millrace.purge.problem.Problem;
import io.millrace.purge.problem.ProblemException;
import io.millrace.purge.security.Allowance;
import io.millrace.purge.security.TokenMechanism;
import io.millrace.purge.source.Pipelines;
import io.opentelemetry.api.trace.Span;
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
import jakarta.ws.rs.HeaderParam;
import jakarta.ws.rs.POST;
import jakarta.ws.rs.Path;
import jakarta.ws.rs.PathParam;
import jakarta.ws.rs.Produces;
import jakarta.ws.rs.QueryParam;
import jakarta.ws.rs.core.MediaType;
import jakarta.ws.rs.core.Response;
import jakarta.ws.rs.core.Response.Status;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.time.Instant;
import java.util.Comparator;
import java.util.List;
import java.util.UUID;
import java.util.stream.Stream;

/** The HTTP face of erasures. */
@Path("/")
@RolesAllowed({TokenMechanism.ERASER, TokenMechanism.OPERATOR})
@Produces(MediaType.APPLICATION_JSON)
@RunOnVirtualThread
public class ErasureResource {

    /** As the search engine takes it. */
    private static final int MOST_ID_BYTES = 512;
    private static final int MOST_KEY_CHARACTERS = 255;
    private static final String TRACEPARENT = "traceparent";

    private final Erasures erasures;
    private final SubjectErasures subjects;
    private final SubjectDuty duty;
    private final Pipelines pipelines;
    private final SecurityIdentity caller;
    private final Allowance allowance;

    ErasureResource(Erasures erasures, SubjectErasures subjects, SubjectDuty duty, Pipelines pipelines, SecurityIdentity caller, Allowance allowance) {
        this.erasures = erasures;
        this.subjects = subjects;
        this.duty = duty;
        this.pipelines = pipelines;
        this.caller = caller;
        this.allowance = allowance;
    }

    @POST
    @Path("pipelines/{pipeline}/documents/{id: .*}/erasure")
    @Consumes(MediaType.APPLICATION_JSON)
    public Response request(@PathParam("pipeline") String pipeline, @PathParam("id") String id, @HeaderParam("Idempotency-Key") String key, @QueryParam("trace") String trace,
            @HeaderParam(TRACEPARENT) String callers, @NotNull(message = "must be {\"reason\": …}") @Valid ErasureRequest body) {
        var on = "the document '" + id + "' of the pipeline '" + pipeline + "'";
        var generations = pipelines.generations(pipeline);
        if (generations.isEmpty()) {
            throw pipelines.unknown("Erasing", on);
        }
        refuseId(id, on);
        refuseKey(key, on);
        refuseNul(body.reason(), "the reason", on);
        allowance.take(caller.getPrincipal().getName(), "Erasing", on);
        var traceparent = traceparent(callers, "1".equals(trace));
        var erasure = erasures.request(pipelines.lineage(generations.getFirst()), id, body.reason().strip(), caller.getPrincipal().getName(), key, traceparent);
        return Response.accepted(erasure).location(URI.create("/erasures/" + erasure.id())).header(TRACEPARENT, traceparent).build();
    }

    /** Only a sampled context: without one capture applies its own rate, which an unsampled one would switch off. */
    private static String traceparent(String callers, boolean wanted) {
        var span = Span.current().getSpanContext();
        if (span.isValid() && span.isSampled()) {
            return new TraceParent(span.getTraceId(), span.getSpanId(), true).toString();
        }
        // Where no spans are sent there is none of this request, and the caller's goes on.
        var context = TraceParent.parse(callers);
        if (context != null && context.sampled()) {
            return context.toString();
        }
        return wanted ? TraceParent.start(true).toString() : null;
    }

    /** An empty id, as servers and proxies fold the slashes around it. */
    @POST
    @Path("pipelines/{pipeline}/documents/erasure")
    @Consumes(MediaType.APPLICATION_JSON)
    public Response request(@PathParam("pipeline") String pipeline, @HeaderParam("Idempotency-Key") String key,
            @NotNull(message = "must be {\"reason\": …}") @Valid ErasureRequest body) {
        return request(pipeline, "", key, null, null, body);
    }

    /** Erases a subject from all documents of the source. */
    @POST
    @Path("erasures")
    @Consumes(MediaType.APPLICATION_JSON)
    public Response request(@HeaderParam("Idempotency-Key") String key, @NotNull(message = "must be {\"subject\": …, \"key\": …, \"reason\": …}") @Valid SubjectRequest body) {
        var on = "a subject";
        refuseKey(key, on);
        refuseNul(body.key(), "the subject's key", on);
        refuseNul(body.reason(), "the reason", on);
        allowance.take(caller.getPrincipal().getName(), "Erasing", on);
        var erasure = subjects.request(body, caller.getPrincipal().getName(), key);
        return Response.accepted(erasure).location(URI.create("/erasures/" + erasure.id())).build();
    }

    /** Ends the erasure of a subject: what the source has of it comes back. */
    @POST
    @Path("erasures/{id}/withdrawal")
    @Consumes(MediaType.APPLICATION_JSON)
    public Response withdraw(@PathParam("id") String id, @NotNull(message = "must be {\"reason\": …}") @Valid ErasureRequest body) {
        var on = "the erasure '" + id + "'";
        refuseNul(body.reason(), "the reason", on);
        allowance.take(caller.getPrincipal().getName(), "Withdrawing", on);
        return Response.accepted(parse(id).flatMap(uuid -> subjects.withdraw(uuid, caller.getPrincipal().getName(), body.reason().strip())).orElseThrow(() -> unknown(id))).build();
    }

    /** Erasures of documents and of subjects, the newest first. */
    @GET
    @Path("erasures")
    public List<Listed> list(@QueryParam("state") State state, @QueryParam("pipeline") String pipeline, @QueryParam("before") Instant before,
            @QueryParam("limit") @DefaultValue("100") @Min(1) @Max(1_000) int limit) {
        var ofSubjects = subjects.list(state, pipeline, before, limit).stream().<Listed>map(duty::told);
        return Stream.concat(erasures.list(state, pipeline, before, limit).stream(), ofSubjects).sorted(Comparator.comparing(Listed::requestedAt).reversed()).limit(limit).toList();
    }

    @GET
    @Path("erasures/{id}")
    public Listed state(@PathParam("id") String id) {
        return parse(id).flatMap(uuid -> erasures.find(uuid).<Listed>map(found -> found).or(() -> subjects.find(uuid).map(duty::told))).orElseThrow(() -> unknown(id));
    }

    private static ProblemException unknown(String id) {
        return new ProblemException(Problem.of(Status.NOT_FOUND, "Reading", "the erasure '" + id + "'", "there is none with this id in the audit", "take the id from the answer to the request, from the source that was asked"));
    }

    private static java.util.Optional<UUID> parse(String id) {
        try {
            return java.util.Optional.of(UUID.fromString(id));
        } catch (IllegalArgumentException _) {
            return java.util.Optional.empty();
        }
    }

    private static void refuseId(String id, String on) {
        if (id.isEmpty()) {
            throw bad(on, "the document's id is empty", "put the id, percent-encoded, between documents/ and /erasure");
        }
        if (id.getBytes(StandardCharsets.UTF_8).length > MOST_ID_BYTES) {
            throw bad(on, "the id has more than " + MOST_ID_BYTES + " bytes, which no document's id has", "use the id as it stands in the index: sha256- and a hash where the key is longer");
        }
        refuseNul(id, "the id", on);
    }

    private static void refuseKey(String key, String on) {
        if (key == null || key.isBlank() || key.length() > MOST_KEY_CHARACTERS) {
            throw bad(on, "the header Idempotency-Key is " + (key == null ? "missing" : "empty or longer than " + MOST_KEY_CHARACTERS + " characters"),
                    "send a UUID of its own with each request, and the same one only to repeat it");
        }
    }

    private static void refuseNul(String text, String what, String on) {
        if (text.indexOf('\0') >= 0) {
            throw bad(on.replace("\0", "\\0"), what + " contains the character U+0000, which Postgres cannot hold", "leave it out");
        }
    }

    private static ProblemException bad(String on, String why, String next) {
        return new ProblemException(Problem.of(Status.BAD_REQUEST, "Erasing", on, why, next));
    }
}
