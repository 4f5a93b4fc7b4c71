package io.millrace.pipeline.file;

import java.util.ArrayList;
import java.util.List;
import java.util.TreeMap;

/** Reads what a pipeline file says of enrichment. */
final class EnrichmentReader {

    /** A dot would name a field within another one in the search engine. */
    private static final String NAME = "[A-Za-z][A-Za-z0-9_]{0,62}";

    private EnrichmentReader() {}

    static Enrichment enrichment(Yaml yaml) {
        var table = yaml.need("table");
        var join = yaml.need("join");
        var fields = yaml.need("fields");
        var types = new TreeMap<String, Enrichment.Type>();
        if (fields != null) {
            fields.members((name, type) -> {
                if (!name.matches(NAME)) {
                    type.problem("'" + name + "' cannot be a field of an enrichment; write letters, digits and underscores, a letter first, and 63 at most");
                }
                var known = type.oneOfWords(Enrichment.Type.class);
                return known == null ? null : types.put(name, known);
            });
        }
        yaml.done();
        return new Enrichment(table == null ? null : table.table(), join == null ? List.of() : PipelineReader.joins(join), types);
    }

    /** The document with what is added to it; the same where nothing is. */
    static Node shown(Enrichment enrichment, Node document) {
        if (enrichment == null || document == null) {
            return document;
        }
        var relations = new ArrayList<>(document.relations());
        relations.add(enrichment.relation());
        return new Node(document.table(), document.where(), document.fields(), relations);
    }

    /** The name in the document and the table are its own. */
    static void refuseTaken(Pipeline pipeline, Yaml yaml) {
        var table = pipeline.enrichment().table();
        if (pipeline.document() == null || table == null) {
            return;
        }
        var document = pipeline.document();
        if (document.fields().stream().anyMatch(field -> field.name().equals(Enrichment.MEMBER)) || document.relations().stream().filter(relation -> relation.name().equals(Enrichment.MEMBER)).count() > 1) {
            yaml.problem("the document has something of its own that is called '" + Enrichment.MEMBER + "', under which what is added is shown; give that another name: {other_name: " + Enrichment.MEMBER + "}");
        }
        var others = new Node(document.table(), document.where(), document.fields(), document.relations().stream().filter(relation -> !(relation instanceof One one && one.own())).toList());
        if (Pipeline.tableNames(others).contains(table)) {
            yaml.get("table").problem("the rows of " + table + " are in the documents already; what is added needs a table of its own, to which only Millrace writes");
        }
        var settings = pipeline.settings(table);
        if (!settings.privateColumns().isEmpty()) {
            yaml.get("table").problem("what is added to documents is for everybody to see who may read enrichments; take tables." + table + ".private out, and keep what is private in a table of the application");
        }
        if (settings.form().columns().containsKey(Enrichment.COLUMN) || settings.form().rows() != null || !settings.transforms().isEmpty()) {
            yaml.get("table").problem("what is added to documents is shown as it was written; take columns." + Enrichment.COLUMN + ", rows and transforms of tables." + table + " out");
        }
    }
}
