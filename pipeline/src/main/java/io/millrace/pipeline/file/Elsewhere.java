package io.millrace.pipeline.file;

import java.util.Map;

/** What other tools have in their files, or somebody may look for, and what is written here in its place. */
final class Elsewhere {

    private static final Map<String, String> KEYS = Map.ofEntries(
            Map.entry("all", "every column that is shown stands under fields, since documents would change unasked with a migration otherwise; ./millrace init --root TABLE writes the list"),
            Map.entry("except", "every column that is shown stands under fields, and the others are left out; ./millrace init --root TABLE writes the list"),
            Map.entry("columns", "the columns that a document shows stand under fields; what becomes of a column before it leaves the database's network under tables.<table>.columns"),
            Map.entry("nodes", "one object is written under one, a list of them under many"),
            Map.entry("children", "one object is written under one, a list of them under many"),
            Map.entry("relationship", "one object is written under one, a list of them under many; through names a link table"),
            Map.entry("variant", "one value in the place of an object is flatten: COLUMN"),
            Map.entry("through_tables", "a link table stands under through, with join to it and to away from it"),
            Map.entry("transform", "a value is made where it stands under fields, as {replace: …}, {concat: …}, {cast: …} and others"),
            Map.entry("geo_shape", "a point is {geo: {lat: COLUMN, lon: COLUMN}} of two columns of numbers; shapes are not carried, and are asked of PostGIS by the ids that the index has found"),
            Map.entry("rename", "a field is renamed as {name in the document: column}"),
            Map.entry("primary_key", "documents are known by their table's primary key, which the catalog tells"),
            Map.entry("view", "a view's changes are not in the log; name the tables under it, with where for its condition and one or many for its joins"),
            Map.entry("routing", "a document's shard follows its id, so that an update of another column never moves it; an index for each tenant is a pipeline of its own, with where and index.name"),
            Map.entry("<<", "keys are not merged into a mapping; write them where they hold, or give the whole mapping an anchor and use it by its alias"),
            Map.entry("on", "the key is join: YAML 1.1 reads a bare on as true"));

    private Elsewhere() {}

    /** A sentence for the end of a message about a key or function that is not known; empty where there is nothing to say. */
    static String hint(String key) {
        var hint = KEYS.get(key);
        return hint == null ? "" : ". " + Character.toUpperCase(hint.charAt(0)) + hint.substring(1);
    }
}
