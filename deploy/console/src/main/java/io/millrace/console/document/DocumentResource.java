package io.millrace.console.document;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.json.JsonMapper;
import io.millrace.console.ConsoleConfig;
import io.millrace.console.Http;
import io.millrace.console.Instances;
import io.millrace.console.Pipelines;
import io.millrace.console.SearchFault;
import io.millrace.pipeline.access.BearerToken;
import io.millrace.pipeline.access.Secret;
import io.millrace.pipeline.comparison.CanonicalJson;
import io.millrace.pipeline.comparison.Differences;
import io.millrace.pipeline.file.Field;
import io.millrace.pipeline.file.Pipeline;
import io.millrace.pipeline.file.Target;
import io.millrace.pipeline.privacy.PrivateContent;
import io.millrace.pipeline.source.SourceTrouble;
import io.smallrye.common.annotation.RunOnVirtualThread;
import jakarta.ws.rs.DefaultValue;
import jakarta.ws.rs.GET;
import jakarta.ws.rs.HeaderParam;
import jakarta.ws.rs.Path;
import jakarta.ws.rs.PathParam;
import jakarta.ws.rs.QueryParam;
import jakarta.ws.rs.core.HttpHeaders;
import java.io.IOException;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Objects;

/** A document from all sides: the index, Postgres, and its way. */
@Path("/api/pipelines/{pipeline}")
@RunOnVirtualThread
public class DocumentResource {

    private static final int HITS = 20;
    private static final int MOST_DIFFERENCES = 200;
    private static final int SHOWN = 300;
    /** Of the root, the first ones; the arrays below it may be large. */
    private static final int FIELDS = 6;
    private static final int FOUND = 200;
    private static final int NOT_FOUND = 404;
    private static final String NO_TWIN = "Postgres could not be asked for the same document: ";

    private final Pipelines pipelines;
    private final ConsoleConfig config;
    private final Http http;
    private final JsonMapper json = DocumentJson.mapper();
    private final BearerToken token;

    DocumentResource(Pipelines pipelines, ConsoleConfig config, Http http) {
        this.token = new BearerToken(Secret.inFile("millrace.console.token-file", config.tokenFile()));
        this.pipelines = pipelines;
        this.config = config;
        this.http = http;
    }

    public record Hit(String id, String text) {}

    public record Hits(long total, List<Hit> hits) {}

    /**
     * What could not be had is null, and {@code notes} says why.
     *
     * @param inIndex whether the index has it; null where that could not be asked
     * @param inPostgres whether Postgres makes it of its rows; null where that could not be asked
     * @param version as the index has it
     * @param document pretty JSON of the index, its members in the order of the twin's
     * @param twin the same by a join in Postgres, now
     * @param comparison {@code agrees}, also where neither side has the document; {@code differs}; {@code unknown} where one side could not be asked
     * @param differences where they differ, field by field
     * @param trace the way of its last change, as the indexer tells it
     */
    public record DocumentView(String id, Boolean inIndex, Boolean inPostgres, Long version, String document, String twin, String comparison, List<Differences.Difference> differences, JsonNode trace, List<String> notes) {}

    @GET
    @Path("search")
    public Hits search(@PathParam("pipeline") String name, @QueryParam("q") @DefaultValue("") String text, @HeaderParam(HttpHeaders.AUTHORIZATION) String authorization) throws IOException, InterruptedException {
        var pipeline = pipelines.named(name);
        var query = text.isBlank() ? Map.of("match_all", Map.of()) : Map.of("simple_query_string", Map.of("query", text, "lenient", true, "default_operator", "and"));
        var answer = http.search("POST", index(pipeline, "/_search"), json.writeValueAsString(
                Map.of("size", HITS, "query", query, "track_total_hits", true, "_source", pipeline.document().fields().stream().map(Field::name).limit(FIELDS).toList())));
        if (answer.statusCode() != FOUND) {
            throw SearchFault.of(answer);
        }
        var found = json.readTree(answer.body());
        var sight = sight(pipeline, authorization);
        var hits = new ArrayList<Hit>();
        found.path("hits").path("hits").forEach(hit -> {
            var source = sight.document(hit.path("_source")).toString();
            hits.add(new Hit(hit.path("_id").asText(), source.length() <= SHOWN ? source : source.substring(0, SHOWN) + "…"));
        });
        return new Hits(found.path("hits").path("total").path("value").asLong(), hits);
    }

    @GET
    @Path("documents/{id: .+}")
    public DocumentView document(@PathParam("pipeline") String name, @PathParam("id") String id, @HeaderParam(HttpHeaders.AUTHORIZATION) String authorization) throws InterruptedException {
        var pipeline = pipelines.named(name);
        var sight = sight(pipeline, authorization);
        var notes = new ArrayList<String>();
        Boolean inIndex = null;
        Boolean inPostgres = null;
        JsonNode found = null;
        JsonNode twin = null;
        try {
            found = found(pipeline, id);
            inIndex = found != null;
            if (found == null) {
                notes.add("The index has no document " + id);
            }
        } catch (IOException e) {
            notes.add("The index could not be asked: " + e.getMessage());
        }
        try {
            twin = twin(pipeline, id, notes);
            inPostgres = twin != null;
        } catch (SQLException e) {
            notes.add(NO_TWIN + sight.words(e) + (SourceTrouble.isOfRights(e) ? "; " + SourceTrouble.advice(e, pipeline.source().url().resolve(), pipeline.source().password()) : ""));
        } catch (JsonProcessingException | IllegalStateException | IllegalArgumentException e) {
            notes.add(NO_TWIN + e.getMessage());
        }
        var indexed = found == null ? null : found.get("_source");
        boolean isKnown = inIndex != null && inPostgres != null;
        var differences = isKnown && indexed != null && twin != null ? differences(indexed, twin) : List.<Differences.Difference>of();
        var agrees = differences.isEmpty() && Objects.equals(inIndex, inPostgres);
        return new DocumentView(id, inIndex, inPostgres, found == null ? null : found.path("_version").asLong(), pretty(sight.document(indexed == null || twin == null ? indexed : SameOrder.as(twin, indexed))), pretty(sight.document(twin)), !isKnown ? "unknown" : agrees ? "agrees" : "differs", differences.stream().map(sight::difference).toList(), trace(pipeline, id, notes), notes);
    }

    /** Where no token is set, everybody reads, and nobody is known to have more rights than others. */
    private Sight sight(Pipeline pipeline, String authorization) {
        return token.isKnown() && token.isIn(authorization) ? Sight.WHOLE : new Sight(PrivateContent.of(pipeline));
    }

    /**
     * The document with its version, as the index has it; null where it has none.
     *
     * @throws IOException when it does not say: a refusal, an index that is not there or a shard that is away is no word about a document
     */
    private JsonNode found(Pipeline pipeline, String id) throws IOException, InterruptedException {
        var answer = http.search("GET", index(pipeline, "/_doc/" + Http.step(id)), null);
        if (answer.statusCode() != FOUND && answer.statusCode() != NOT_FOUND) {
            throw SearchFault.of(answer);
        }
        try {
            var got = json.readTree(answer.body());
            var isFound = got.path("found");
            if (isFound.isBoolean() && isFound.asBoolean() == got.has("_source")) {
                return isFound.asBoolean() ? got : null;
            }
        } catch (JsonProcessingException _) {
            // A page of a proxy, which is told below.
        }
        throw SearchFault.of(answer);
    }

    private static List<Differences.Difference> differences(JsonNode indexed, JsonNode twin) {
        return Differences.between(CanonicalJson.read(indexed.toString()), CanonicalJson.read(twin.toString()), MOST_DIFFERENCES).first();
    }

    private JsonNode twin(Pipeline pipeline, String id, List<String> notes) throws SQLException, JsonProcessingException {
        try (var connection = Pipelines.connect(pipeline)) {
            var text = Twin.read(connection, pipeline, id);
            if (text == null) {
                notes.add("Postgres makes no document of a row " + id + " in " + pipeline.document().table() + (pipeline.document().where() == null ? ": there is none" : ": there is none, or 'where' keeps it out"));
            }
            return text == null ? null : json.readTree(text);
        }
    }

    private JsonNode trace(Pipeline pipeline, String id, List<String> notes) throws InterruptedException {
        try {
            for (var indexer : Instances.of(config.indexerUrls())) {
                var answer = http.send("GET", indexer.resolve("/pipelines/" + Http.step(pipeline.name()) + "/documents/" + Http.step(id) + "/trace"), null, null);
                if (answer.statusCode() == 200) {
                    return json.readTree(answer.body());
                }
                notes.add(json.readTree(answer.body()).path("message").asText("the indexer answered " + answer.statusCode()));
            }
        } catch (IOException e) {
            notes.add("The indexer could not be asked for the trace: " + e.getMessage());
        }
        return null;
    }

    private static String index(Pipeline pipeline, String path) throws IOException {
        if (pipeline.target() == Target.POSTGRES) {
            throw new IOException("the documents of " + pipeline.name() + " go to a table, which the console does not read; ask the view " + pipeline.index().name() + " there by SQL");
        }
        return "/" + Http.step(pipeline.index().name()) + path;
    }

    private String pretty(JsonNode node) {
        return node == null ? null : node.toPrettyString();
    }
}
