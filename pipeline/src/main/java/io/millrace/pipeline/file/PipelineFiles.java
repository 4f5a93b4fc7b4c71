package io.millrace.pipeline.file;

import jakarta.validation.ConstraintViolation;
import jakarta.validation.Validator;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/** Reads pipeline files and refuses what cannot be used, every problem at once. */
public final class PipelineFiles {

    private PipelineFiles() {}

    /**
     * Reads files, and of folders every {@code .yaml} and {@code .yml} in them, sorted by name.
     *
     * @throws InvalidPipelineException with every problem found in all of them
     */
    public static List<PipelineFile> load(List<Path> paths) {
        return load(paths, ModelRules.VALIDATOR);
    }

    /**
     * As {@link #load(List)}, for paths that somebody has just named: a folder that holds no file is a slip then, also beside others. A folder that is configured may be filled later.
     *
     * @throws InvalidPipelineException with every problem found in all of them, or with the folders without a file
     */
    public static List<PipelineFile> loadNamed(List<Path> paths) {
        var empty = new ArrayList<Problem>();
        for (var path : paths) {
            try {
                if (Files.isDirectory(path) && inside(path).isEmpty()) {
                    empty.add(none(path));
                }
            } catch (IOException e) {
                empty.add(new Problem(path, 0, "", "the folder cannot be listed: " + e));
            }
        }
        if (!empty.isEmpty()) {
            throw new InvalidPipelineException(empty);
        }
        return load(paths);
    }

    /** The same with a validator of the caller's. */
    public static List<PipelineFile> load(List<Path> paths, Validator validator) {
        var problems = new ArrayList<Problem>();
        var files = new ArrayList<PipelineFile>();
        for (var path : files(paths, problems)) {
            var document = new Yaml.Document(path);
            var file = read(document, validator);
            if (document.problems.isEmpty() && file != null) {
                files.add(file);
            }
            problems.addAll(document.problems);
        }
        refuseShared(files, problems);
        if (!problems.isEmpty()) {
            throw new InvalidPipelineException(problems);
        }
        return List.copyOf(files);
    }

    private static List<Path> files(List<Path> paths, List<Problem> problems) {
        var files = new ArrayList<Path>();
        for (var path : paths) {
            try {
                if (Files.isDirectory(path)) {
                    files.addAll(inside(path));
                } else {
                    files.add(path);
                }
            } catch (IOException e) {
                problems.add(new Problem(path, 0, "", "the folder cannot be listed: " + e));
            }
        }
        if (files.isEmpty() && problems.isEmpty()) {
            problems.add(none(paths.isEmpty() ? Path.of("") : paths.getFirst()));
        }
        return files;
    }

    private static Problem none(Path folder) {
        return new Problem(folder, 0, "", "there is no pipeline file here; a pipeline file ends in .yaml or .yml");
    }

    private static List<Path> inside(Path folder) throws IOException {
        try (var entries = Files.list(folder)) {
            return entries.filter(p -> p.toString().endsWith(".yaml") || p.toString().endsWith(".yml")).sorted().toList();
        }
    }

    private static PipelineFile read(Yaml.Document document, Validator validator) {
        String text;
        try {
            text = Files.readString(document.file);
        } catch (IOException e) {
            document.problem(0, "", "the file cannot be read: " + Unreadable.why(e));
            return null;
        }
        var folder = document.file.toAbsolutePath().getParent();
        var pipeline = PipelineReader.read(document, folder, text);
        if (pipeline == null || !document.problems.isEmpty()) {
            return null;
        }
        for (var violation : validator.validate(pipeline)) {
            var at = path(pipeline, violation);
            document.problem(document.line(at), at, violation.getMessage());
        }
        return new PipelineFile(document.file, pipeline, Map.copyOf(document.lines));
    }

    /**
     * Where the violated rule's value stands in the file: the model keeps relations in one list, the file has them under
     * {@code one} and {@code many} by name.
     */
    private static String path(Pipeline pipeline, ConstraintViolation<Pipeline> violation) {
        var path = new StringBuilder();
        var node = pipeline.document();
        for (var step : violation.getPropertyPath()) {
            var name = step.getName();
            if (step.getIndex() != null && path.toString().endsWith("relations")) {
                var relation = node.relations().get(step.getIndex());
                path.setLength(path.length() - "relations".length());
                path.append(relation instanceof One ? "one." : "many.").append(relation.name());
                node = relation.node();
            } else if (step.getIndex() != null) {
                path.append('[').append(step.getIndex()).append(']');
            } else if (step.getKey() != null) {
                path.append('.').append(step.getKey());
            }
            if (name != null && !name.startsWith("<") && !name.equals("node")) {
                path.append(path.isEmpty() ? "" : ".").append(name.equals("on") ? "join" : name);
            }
        }
        return path.toString();
    }

    private static void refuseShared(List<PipelineFile> files, List<Problem> problems) {
        var names = new HashMap<String, Path>();
        var indexes = new HashMap<String, List<PipelineFile>>();
        var sources = new HashMap<String, PipelineFile>();
        var settings = new HashMap<String, Map<TableName, Statement>>();
        var forms = new HashMap<String, Map<TableName, PipelineFile>>();
        var subjects = new HashMap<String, Map<String, PipelineFile>>();
        for (var file : files) {
            var pipeline = file.pipeline();
            var other = names.putIfAbsent(pipeline.name(), file.path());
            if (other != null) {
                problems.add(file.problem("name", "the pipeline '" + pipeline.name() + "' is already described in " + other));
            }
            if (pipeline.replaces().contains(pipeline.name())) {
                problems.add(file.problem("replaces", "the pipeline '" + pipeline.name() + "' cannot replace itself; a new generation has a name of its own"));
            }
            for (var before : indexes.computeIfAbsent(pipeline.index().name(), name -> new ArrayList<>())) {
                if (isSuccessor(pipeline, before.pipeline()) == isSuccessor(before.pipeline(), pipeline)) {
                    problems.add(file.problem("index.name", "the index '" + pipeline.index().name() + "' already belongs to the pipeline in " + before.path()
                            + "; give one of them another index.name, or name the older one under 'replaces' in the newer one"));
                }
            }
            indexes.get(pipeline.index().name()).add(file);
            files.stream().filter(before -> isSuccessor(pipeline, before.pipeline()) && before.pipeline().target() != pipeline.target()).forEach(before -> problems.add(file.problem("target",
                    "the pipeline '" + before.pipeline().name() + "', which it replaces, has the target " + before.pipeline().target().word() + "; a later generation has the same one, and a pipeline for another target replaces nothing")));
            var first = sources.putIfAbsent(pipeline.source().name(), file);
            if (first != null && !first.pipeline().source().equals(pipeline.source())) {
                problems.add(file.problem("source", "the source '" + pipeline.source().name() + "' is described differently in " + first.path() + "; pipelines that share a source name share one connection"));
            }
            if (pipeline.enrichment() != null) {
                files.stream().takeWhile(before -> before != file).filter(before -> isOtherEnriched(pipeline, before.pipeline())).forEach(before -> problems.add(file.problem("enrichment.table",
                        "the documents in " + before.path() + " are enriched from " + pipeline.enrichment().table() + " too; each pipeline has a table of its own, which only its later generations share")));
            }
            refuseOtherForms(file, forms.computeIfAbsent(pipeline.source().name(), source -> new HashMap<>()), problems);
            refuseOtherSubjects(file, subjects.computeIfAbsent(pipeline.source().name(), source -> new HashMap<>()), problems);
            refuseOtherSettings(file, settings.computeIfAbsent(pipeline.source().name(), source -> new HashMap<>()), problems);
        }
    }

    /** Whether the documents of another pipeline, which is no generation of this one, are enriched from the same table. */
    private static boolean isOtherEnriched(Pipeline pipeline, Pipeline other) {
        return other.enrichment() != null && other.source().name().equals(pipeline.source().name()) && pipeline.enrichment().table().equals(other.enrichment().table())
                && !isSuccessor(pipeline, other) && !isSuccessor(other, pipeline);
    }

    private static boolean isSuccessor(Pipeline newer, Pipeline older) {
        return newer.replaces().contains(older.name());
    }

    /**
     * Every file that uses a table says its form, also a file that says nothing: whoever reads one file knows what its documents hold.
     *
     * @param users the first file that uses each of the source's tables
     */
    private static void refuseOtherForms(PipelineFile file, Map<TableName, PipelineFile> users, List<Problem> problems) {
        for (var table : file.pipeline().tableNames()) {
            var before = users.putIfAbsent(table, file);
            var differences = before == null ? List.<String>of() : file.pipeline().settings(table).form().differences(before.pipeline().settings(table).form());
            if (!differences.isEmpty()) {
                problems.add(file.problem("tables." + table, "the table " + table + " is captured once for all pipelines, and " + before.path() + " asks for another form of its rows: "
                        + String.join(", ", differences) + "; say the same of it under tables." + table + " in both"));
            }
            if (before != null && !file.pipeline().settings(table).privateColumns().equals(before.pipeline().settings(table).privateColumns())) {
                problems.add(file.problem("tables." + table, "other columns of the table " + table + " are private in " + before.path() + ": what nobody may see without a right is hidden in the documents of all pipelines; say the same under tables." + table + ".private in both"));
            }
            if (before != null && !file.pipeline().erasing(table).equals(before.pipeline().erasing(table))) {
                problems.add(file.problem("subjects", "the table " + table + " is captured once for all pipelines, and " + before.path() + " asks for something else of its rows that carry an erased subject; say the same of it under subjects in both"));
            }
        }
    }

    /** @param namers the first file that names each of the source's subjects */
    private static void refuseOtherSubjects(PipelineFile file, Map<String, PipelineFile> namers, List<Problem> problems) {
        file.pipeline().subjects().forEach((name, subject) -> {
            var before = namers.putIfAbsent(name, file);
            var other = before == null ? subject : before.pipeline().subjects().get(name);
            if (!subject.table().equals(other.table()) || !subject.column().equals(other.column())) {
                problems.add(file.problem("subjects." + name + ".key", "the subject '" + name + "' is another one in " + before.path() + ", " + other.table() + "." + other.column() + "; a source has one subject of a name"));
            }
        });
    }

    /** @param settled what the files before have said of the source's tables */
    private static void refuseOtherSettings(PipelineFile file, Map<TableName, Statement> settled, List<Problem> problems) {
        var pipeline = file.pipeline();
        pipeline.stated().forEach((table, stated) -> {
            var before = settled.putIfAbsent(table, new Statement(file.path(), stated));
            if (before != null && !before.settings().equals(stated.withForm(before.settings().form()))) {
                problems.add(file.problem(pipeline.tables().containsKey(table) ? "tables." + table : "compatibility",
                        "the table " + table + " has other settings in " + before.file() + "; a table is captured once for all pipelines"));
            }
        });
    }

    private record Statement(Path file, TableSettings settings) {}
}
