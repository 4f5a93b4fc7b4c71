package io.millrace.purge.enrichment;

import io.millrace.pipeline.file.Pipeline;
import io.millrace.purge.problem.Problem;
import io.millrace.purge.problem.ProblemException;
import io.millrace.purge.security.Allowance;
import io.millrace.purge.security.TokenMechanism;
import io.millrace.purge.source.Pipelines;
import io.quarkus.security.identity.SecurityIdentity;
import io.smallrye.common.annotation.RunOnVirtualThread;
import jakarta.annotation.security.RolesAllowed;
import jakarta.validation.constraints.NotNull;
import jakarta.ws.rs.Consumes;
import jakarta.ws.rs.GET;
import jakarta.ws.rs.PATCH;
import jakarta.ws.rs.Path;
import jakarta.ws.rs.PathParam;
import jakarta.ws.rs.Produces;
import jakarta.ws.rs.core.MediaType;
import jakarta.ws.rs.core.Response.Status;
import java.sql.SQLException;
import org.jboss.logging.Logger;

/** The HTTP face of enrichment. */
@Path("/")
@Produces(MediaType.APPLICATION_JSON)
@RunOnVirtualThread
public class EnrichmentResource {

    private static final Logger AUDIT = Logger.getLogger("millrace.audit");
    private static final String MERGE_PATCH = "application/merge-patch+json";

    private final Enrichments enrichments;
    private final Pipelines pipelines;
    private final SecurityIdentity caller;
    private final Allowance allowance;

    EnrichmentResource(Enrichments enrichments, Pipelines pipelines, SecurityIdentity caller, Allowance allowance) {
        this.enrichments = enrichments;
        this.pipelines = pipelines;
        this.caller = caller;
        this.allowance = allowance;
    }

    /** Merges fields into what was added to a document, as RFC 7396 has it. */
    @PATCH
    @Path("pipelines/{pipeline}/documents/{id: .*}/enrichment")
    @RolesAllowed({TokenMechanism.ENRICHER, TokenMechanism.OPERATOR})
    @Consumes({MERGE_PATCH, MediaType.APPLICATION_JSON})
    public Enriched merge(@PathParam("pipeline") String name, @PathParam("id") String id, @NotNull(message = "must be a JSON object") String patch) throws SQLException {
        var on = on(id, name);
        var pipeline = enriched(name, on);
        allowance.take(caller.getPrincipal().getName(), EnrichedRows.ENRICHING, on);
        var enriched = enrichments.merge(pipeline, id, patch);
        AUDIT.infof("%s enriched %s", printable(caller.getPrincipal().getName()), printable(on));
        return enriched;
    }

    /** What was added to a document. */
    @GET
    @Path("pipelines/{pipeline}/documents/{id: .*}/enrichment")
    @RolesAllowed({TokenMechanism.READER, TokenMechanism.ENRICHER, TokenMechanism.OPERATOR})
    public Enriched find(@PathParam("pipeline") String name, @PathParam("id") String id) throws SQLException {
        var on = on(id, name);
        return enrichments.find(enriched(name, on), id).orElseThrow(() -> new ProblemException(Problem.of(Status.NOT_FOUND, "Reading the enrichment of", on, "nothing was added to it", "add something by PATCH")));
    }

    private static String on(String id, String pipeline) {
        return "the document '" + id.replace("\0", "\\0") + "' of the pipeline '" + pipeline + "'";
    }

    private static String printable(String text) {
        return text.replaceAll("\\p{Cntrl}", "?");
    }

    private Pipeline enriched(String name, String on) {
        var generations = pipelines.generations(name);
        if (generations.isEmpty()) {
            throw pipelines.unknown(EnrichedRows.ENRICHING, on);
        }
        return generations.stream().map(generation -> pipelines.named(generation, EnrichedRows.ENRICHING)).filter(pipeline -> pipeline.enrichment() != null).findFirst().orElseThrow(() -> new ProblemException(
                Problem.of(Status.CONFLICT, EnrichedRows.ENRICHING, on, "the pipeline's file does not say that its documents are enriched", "add the key enrichment to a later generation of the pipeline")));
    }
}
