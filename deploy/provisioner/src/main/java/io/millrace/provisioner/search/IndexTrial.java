package io.millrace.provisioner.search;

import io.millrace.pipeline.catalog.Catalog;
import io.millrace.pipeline.file.Index;
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
    private List<String> found;

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
            files.forEach(file -> ask(file, problems));
            found = problems;
        }
        return Check.of(found, List.of());
    }

    private void ask(PipelineFile file, List<String> problems) {
        var pipeline = file.pipeline();
        var own = pipeline.index().mappings();
        var columns = columns(file);
        var scratch = new ScratchIndex(search, "millrace-trial-" + pipeline.index().name());
        var whole = scratch.refusal(settings(pipeline.index()), Mappings.of(pipeline, columns));
        if (whole == null) {
            return;
        }
        var withoutOwn = own.isEmpty() ? whole : scratch.refusal(settings(pipeline.index()), Mappings.of(pipeline, Map.of(), columns));
        if (withoutOwn != null) {
            var isOfTemplates = !pipeline.index().templates().isEmpty() && scratch.refusal(settings(pipeline.index()), Map.of()) == null;
            problems.add(isOfTemplates ? problem(file, TEMPLATES, Map.of(), withoutOwn) : problem(file, SETTINGS, pipeline.index().settings(), withoutOwn));
            return;
        }
        int before = problems.size();
        own.forEach((path, mapping) -> {
            var refusal = scratch.refusal(settings(pipeline.index()), Mappings.of(pipeline, Map.of(path, mapping), columns));
            if (refusal != null) {
                problems.add(problem(file, MAPPINGS + "." + path, mapping, refusal));
            }
        });
        if (problems.size() == before) {
            // Each is taken, and all of them together are not.
            problems.add(problem(file, MAPPINGS, own, whole));
        }
    }

    private String problem(PipelineFile file, String at, Map<?, ?> said, String refusal) {
        return file.problem(Refusal.at(at, said, refusal), "the search engine at " + search + " refuses an index of this (" + refusal + "); correct it in the file").toString();
    }

    /** The file's own as the indexer adds them. */
    private static Map<String, Object> settings(Index index) {
        var settings = new LinkedHashMap<String, Object>(Map.of("number_of_shards", index.shards(), "number_of_replicas", 0));
        settings.putAll(index.settings());
        return settings;
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
