package io.millrace.provisioner.search;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.millrace.pipeline.file.Index;
import io.millrace.pipeline.file.PipelineFile;
import io.millrace.pipeline.file.Target;
import io.millrace.provisioner.Check;
import io.millrace.provisioner.HttpPlace;
import io.millrace.provisioner.ProvisioningException;
import io.millrace.provisioner.Step;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;

/**
 * A template for each pipeline's generations, so that one that the engine makes by itself still has the right shards and takes
 * no field that nobody declared; the indexer makes generations and alias, with their mapping. Removed are the generations too.
 */
public final class SearchIndexes implements Step {

    private static final ObjectMapper JSON = new ObjectMapper();
    private static final int NOT_FOUND = 404;
    private static final int PRIORITY = 400;

    private final HttpPlace search;
    private final Map<String, Index> indexes = new TreeMap<>();

    public SearchIndexes(HttpPlace search, Collection<PipelineFile> files) {
        this.search = search;
        var pipelines = files.stream().map(PipelineFile::pipeline).toList();
        pipelines.stream().filter(pipeline -> pipeline.target() == Target.OPENSEARCH).filter(pipeline -> pipelines.stream().noneMatch(later -> later.replaces().contains(pipeline.name())))
                .forEach(newest -> indexes.put(newest.index().name(), newest.index()));
    }

    /** The aliases that are read. */
    public Set<String> names() {
        return Set.copyOf(indexes.keySet());
    }

    @Override
    public String describe() {
        return "search: templates for " + String.join(", ", indexes.keySet());
    }

    private static String template(String index) {
        return "/_index_template/millrace-" + index;
    }

    private static ObjectNode wanted(Index index) {
        var template = JSON.createObjectNode();
        template.putArray("index_patterns").add(index.name() + "-*");
        template.put("priority", PRIORITY);
        var settings = template.putObject("template").putObject("settings").putObject("index");
        settings.put("number_of_shards", String.valueOf(index.shards()));
        settings.put("number_of_replicas", String.valueOf(index.replicas()));
        template.putObject("_meta").put("made_by", "millrace");
        return template;
    }

    @Override
    public Check check() {
        var problems = new ArrayList<String>();
        var actions = new ArrayList<String>();
        indexes.forEach((name, index) -> {
            if (isIndexItself(name)) {
                problems.add("The search engine at " + search + " has an index of the name " + name + ", which the pipeline needs as an alias for its generations;"
                        + " delete or rename that index, or give the pipeline another index.name");
            }
            var found = found(name);
            if (found != null && !found.at("/_meta/made_by").asText().equals("millrace")) {
                problems.add("The template millrace-" + name + " of the search engine at " + search + " is somebody else's; delete it, or give the pipeline another index.name");
            } else if (found == null || !same(found, wanted(index))) {
                actions.add("PUT " + search + template(name) + " " + wanted(index));
            }
        });
        return Check.of(problems, actions);
    }

    /** The engine adds fields of its own to a template. */
    private static boolean same(JsonNode found, JsonNode wanted) {
        return wanted.properties().stream().allMatch(e -> found.path(e.getKey()).equals(e.getValue()) || found.path(e.getKey()).asText("").equals(e.getValue().asText("?")));
    }

    private boolean isIndexItself(String name) {
        var answer = call("GET", "/" + name, null, NOT_FOUND);
        return answer != null && answer.has(name);
    }

    private JsonNode found(String name) {
        var answer = call("GET", template(name), null, NOT_FOUND);
        return answer == null ? null : answer.at("/index_templates/0/index_template");
    }

    @Override
    public void apply() {
        indexes.forEach((name, index) -> call("PUT", template(name), wanted(index).toString(), 0));
    }

    @Override
    public Check removal() {
        var actions = new ArrayList<String>();
        indexes.keySet().forEach(name -> {
            generations(name).forEach(generation -> actions.add("DELETE " + search + "/" + generation));
            if (found(name) != null) {
                actions.add("DELETE " + search + template(name));
            }
        });
        return Check.of(List.of(), actions);
    }

    private List<String> generations(String name) {
        var there = new ArrayList<String>();
        call("GET", "/" + name + "-*/_settings?flat_settings=true&expand_wildcards=all", null, NOT_FOUND).fieldNames().forEachRemaining(there::add);
        return there.stream().filter(index -> index.matches(java.util.regex.Pattern.quote(name) + "-\\d{6}")).sorted().toList();
    }

    @Override
    public void remove() {
        indexes.keySet().forEach(name -> {
            generations(name).forEach(generation -> call("DELETE", "/" + generation, null, NOT_FOUND));
            call("DELETE", template(name), null, NOT_FOUND);
        });
    }

    /** Null where the answer has the status that may be; any other error is thrown. */
    private JsonNode call(String method, String path, String body, int mayBe) {
        var answer = search.call(method, path, body, Set.of(mayBe), "check that this is the search engine and that the user may do this");
        try {
            return answer.statusCode() == mayBe ? null : JSON.readTree(answer.body());
        } catch (JsonProcessingException e) {
            throw new ProvisioningException(method + " " + search + path + " answered something that is no JSON; check that this is the search engine's address", e);
        }
    }
}
