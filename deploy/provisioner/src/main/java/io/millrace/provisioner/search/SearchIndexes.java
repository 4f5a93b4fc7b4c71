package io.millrace.provisioner.search;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.millrace.pipeline.file.Index;
import io.millrace.pipeline.file.Pipeline;
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
import java.util.TreeSet;
import java.util.function.Supplier;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/**
 * A template for each pipeline's generations, so that one that the engine makes by itself still has the right shards and takes
 * no field that nobody declared; the indexer makes generations and alias, with their mapping, which says whose they are. Removed are the
 * generations of these pipelines too; where another pipeline has one of the same index, or fills it, that one and what it needs stay.
 */
public final class SearchIndexes implements Step {

    private static final ObjectMapper JSON = new ObjectMapper();
    private static final int NOT_FOUND = 404;
    private static final int PRIORITY = 400;

    private final HttpPlace search;
    private final Map<String, Index> indexes = new TreeMap<>();
    private final Set<String> pipelines;
    /** By the index, whose it was before. */
    private final Map<String, Set<String>> replaced = new TreeMap<>();
    private final Supplier<Map<String, String>> standing;

    /** @param standing those of the pipelines that these files replace which stand all the same, with why; asked when something is removed */
    public SearchIndexes(HttpPlace search, Collection<PipelineFile> files, Supplier<Map<String, String>> standing) {
        this.search = search;
        this.standing = standing;
        var all = files.stream().map(PipelineFile::pipeline).toList();
        this.pipelines = all.stream().map(Pipeline::name).collect(Collectors.toUnmodifiableSet());
        all.forEach(pipeline -> replaced.computeIfAbsent(pipeline.index().name(), _ -> new TreeSet<>()).addAll(pipeline.replaces()));
        all.stream().filter(pipeline -> pipeline.target() == Target.OPENSEARCH).filter(pipeline -> all.stream().noneMatch(later -> later.replaces().contains(pipeline.name())))
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
            generations(name).stream().filter(generation -> !generation.isOfOthers()).forEach(generation -> actions.add("DELETE " + search + "/" + generation.index()));
            if (!isOfOthers(name) && found(name) != null) {
                actions.add("DELETE " + search + template(name));
            }
        });
        return Check.of(List.of(), actions);
    }

    @Override
    public List<String> staying() {
        var staying = new ArrayList<String>();
        indexes.keySet().forEach(name -> {
            var others = generations(name).stream().filter(Generation::isOfOthers).toList();
            others.forEach(generation -> staying.add("The index " + generation.index() + " of the search engine at " + search + " stays, with its template, because it is of the pipeline " + generation.pipeline() + ", whose file was not given"
                    + why(generation.pipeline())));
            standing(name).filter(pipeline -> others.stream().noneMatch(generation -> generation.pipeline().equals(pipeline)))
                    .forEach(pipeline -> staying.add("The template of the index " + name + " in the search engine at " + search + " stays, because the replaced pipeline " + pipeline + " fills that index, and its file was not given" + why(pipeline)));
        });
        return staying;
    }

    private String why(String pipeline) {
        var why = standing.get().get(pipeline);
        return why == null ? "" : "; " + why;
    }

    /** Whether another pipeline fills this index, or has a generation of it. */
    public boolean isOfOthers(String name) {
        return generations(name).stream().anyMatch(Generation::isOfOthers) || standing(name).findAny().isPresent();
    }

    private Stream<String> standing(String name) {
        return standing.get().keySet().stream().filter(replaced.getOrDefault(name, Set.of())::contains);
    }

    /** @param pipeline whose it is by its mapping; empty where that does not say */
    private record Generation(String index, String pipeline, boolean isOfOthers) {}

    private List<Generation> generations(String name) {
        var there = call("GET", "/" + name + "-*?expand_wildcards=all&filter_path=*.settings.index.uuid,*.aliases,*.mappings._meta.pipeline", null, NOT_FOUND);
        if (there == null) {
            return List.of();
        }
        var gone = new TreeSet<>(replaced.getOrDefault(name, Set.of()));
        gone.removeAll(standing.get().keySet());
        return there.properties().stream().filter(index -> index.getKey().matches(Pattern.quote(name) + "-\\d{6}")).sorted(Map.Entry.comparingByKey()).map(index -> {
            var pipeline = index.getValue().at("/mappings/_meta/pipeline").asText("");
            boolean serves = index.getValue().path("aliases").has(name);
            // What a later generation has replaced goes with it, unless it still serves.
            return new Generation(index.getKey(), pipeline, !pipeline.isEmpty() && !pipelines.contains(pipeline) && (serves || !gone.contains(pipeline)));
        }).toList();
    }

    @Override
    public void remove() {
        indexes.keySet().forEach(name -> {
            generations(name).stream().filter(generation -> !generation.isOfOthers()).forEach(generation -> call("DELETE", "/" + generation.index(), null, NOT_FOUND));
            if (!isOfOthers(name)) {
                call("DELETE", template(name), null, NOT_FOUND);
            }
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
