package io.millrace.provisioner.search;

import io.millrace.pipeline.catalog.Catalog;
import io.millrace.pipeline.file.Index;
import io.millrace.pipeline.file.Pipeline;
import io.millrace.pipeline.file.PipelineFile;
import io.millrace.pipeline.file.TableName;
import io.millrace.pipeline.file.Target;
import io.millrace.pipeline.mapping.Mappings;
import io.millrace.pipeline.mapping.Refusal;
import io.millrace.pipeline.type.ColumnType;
import io.millrace.provisioner.Check;
import io.millrace.provisioner.HttpPlace;
import io.millrace.provisioner.Step;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Function;

/**
 * The search engine takes what the pipeline files say of their indexes. It is asked by an index of the same settings and mappings that is deleted again, once for each file that says something of its own; never applied.
 */
public final class IndexTrial implements Step {

    private static final String MAPPINGS = "index.mappings";
    private static final String TEMPLATES = "index.templates";
    private static final String SETTINGS = "index.settings";

    private final HttpPlace search;
    private final List<PipelineFile> files;
    private final Function<PipelineFile, Catalog> catalogs;
    /** Null before it was asked. */
    private Check found;

    /** @param catalogs the columns that a file's tables have in its source */
    public IndexTrial(HttpPlace search, Collection<PipelineFile> files, Function<PipelineFile, Catalog> catalogs) {
        this.search = search;
        this.files = files.stream().filter(file -> file.pipeline().target() == Target.OPENSEARCH && saysSomething(file.pipeline().index())).toList();
        this.catalogs = catalogs;
    }

    private static boolean saysSomething(Index index) {
        return !index.mappings().isEmpty() || !index.templates().isEmpty() || !index.settings().isEmpty() || !index.nested().isEmpty();
    }

    @Override
    public String describe() {
        return "search: index.settings and index.mappings are taken";
    }

    @Override
    public Check check() {
        if (found == null) {
            var problems = new ArrayList<String>();
            var advice = new ArrayList<String>();
            files.forEach(file -> ask(file, problems, advice));
            found = problems.isEmpty() && !advice.isEmpty() ? new Check.Advised(advice) : Check.of(problems, List.of());
        }
        return found;
    }

    private void ask(PipelineFile file, List<String> problems, List<String> advice) {
        var pipeline = file.pipeline();
        var settings = settings(pipeline.index());
        var columns = columns(file);
        var scratch = scratch(pipeline);
        scratch.left().forEach(scratch::delete);
        switch (scratch.of(settings, Mappings.of(pipeline, columns))) {
            case ScratchIndex.Outcome.Taken() -> { }
            case ScratchIndex.Outcome.NotSaid(var words) -> advice.add(file.path() + ": whether the search engine at " + search + " takes index.settings and index.mappings is not known, since it makes no index to try them ("
                    + words + "); the indexer says it when it makes one");
            case ScratchIndex.Outcome.Refused(var words) -> blame(file, scratch, settings, columns, words, problems);
        }
    }

    /** Says which lines are refused, where the engine's words name none by asking for each by itself. */
    private void blame(PipelineFile file, ScratchIndex scratch, Map<String, Object> settings, Function<TableName, Map<String, ColumnType>> columns, String words, List<String> problems) {
        var pipeline = file.pipeline();
        var own = pipeline.index().mappings();
        int before = problems.size();
        own.forEach((path, mapping) -> {
            if (scratch.of(settings, Mappings.of(pipeline, Map.of(path, mapping), columns)) instanceof ScratchIndex.Outcome.Refused(var alone)) {
                problems.add(problem(file, Refusal.at(MAPPINGS + "." + path, mapping, alone), alone));
            }
        });
        // Where all of them are, what is in common is, and that is not the mappings.
        if (problems.size() > before && scratch.of(settings, Mappings.of(pipeline, Map.of(), columns)) instanceof ScratchIndex.Outcome.Taken) {
            return;
        }
        problems.subList(before, problems.size()).clear();
        boolean isOfTemplates = !pipeline.index().templates().isEmpty() && scratch.of(settings, Map.of()) instanceof ScratchIndex.Outcome.Taken;
        var inSettings = Refusal.at(SETTINGS, pipeline.index().settings(), words);
        var inMappings = Refusal.at(MAPPINGS, own, words);
        problems.add(problem(file, !inSettings.equals(SETTINGS) ? inSettings : !inMappings.equals(MAPPINGS) ? inMappings : isOfTemplates ? TEMPLATES : "index", words));
    }

    private String problem(PipelineFile file, String at, String words) {
        return file.problem(at, "the search engine at " + search + " refuses an index of this (" + words + "); " + Refusal.advice(words)).toString();
    }

    private ScratchIndex scratch(Pipeline pipeline) {
        return new ScratchIndex(search, pipeline.index().name());
    }

    /** The file's own as the indexer adds them. */
    private static Map<String, Object> settings(Index index) {
        var settings = new LinkedHashMap<String, Object>(Map.of("number_of_shards", index.shards(), "number_of_replicas", index.replicas()));
        settings.putAll(index.settings());
        return settings;
    }

    @Override
    public Check removal() {
        return Check.of(List.of(), files.stream().flatMap(file -> scratch(file.pipeline()).left().stream()).map(path -> "DELETE " + search + path).toList());
    }

    @Override
    public void remove() {
        files.forEach(file -> {
            var scratch = scratch(file.pipeline());
            scratch.left().forEach(scratch::delete);
        });
    }

    private Function<TableName, Map<String, ColumnType>> columns(PipelineFile file) {
        var captured = catalogs.apply(file).captured(file.pipeline());
        return table -> {
            var types = new HashMap<String, ColumnType>();
            var known = captured.tables().get(table);
            if (known != null) {
                known.columns().forEach(column -> types.put(column.name(), ColumnType.ofCatalog(column.type(), column.nullable())));
            }
            return types;
        };
    }

    @Override
    public void apply() {
        throw new IllegalStateException("What the pipeline files say of an index is asked for, never made");
    }
}
