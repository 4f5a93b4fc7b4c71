package io.millrace.pipeline.file;

import io.millrace.pipeline.file.Subject.Place;
import java.util.SortedMap;
import java.util.TreeMap;

/** Reads what a pipeline file says of subjects. */
final class SubjectReader {

    /** What is said of a row that goes as a whole. */
    private static final String ROW = "row";

    private SubjectReader() {}

    static SortedMap<String, Subject> subjects(Yaml yaml) {
        var subjects = new TreeMap<String, Subject>();
        yaml.members((name, value) -> {
            if (!name.matches(Pipeline.NAME)) {
                value.problem("the name of a subject " + Pipeline.NAME_RULE);
            }
            var subject = subject(value);
            return subject == null ? null : subjects.put(name, subject);
        });
        return subjects;
    }

    private static Subject subject(Yaml yaml) {
        var key = yaml.need("key");
        var places = yaml.need("places");
        var text = key == null ? null : key.text();
        int dot = text == null ? -1 : text.lastIndexOf('.');
        var byTable = new TreeMap<TableName, Place>();
        if (places != null) {
            places.members((name, value) -> {
                var table = table(name, value);
                var place = place(value);
                return table == null || place == null ? null : byTable.put(table, place);
            });
        }
        yaml.done();
        if (text != null && dot < 1) {
            key.problem("'" + text + "' is no column of a table; write schema.table.column, such as public.user.id");
        }
        var table = dot < 1 ? null : table(text.substring(0, dot), key);
        return table == null ? null : new Subject(table, text.substring(dot + 1), byTable);
    }

    private static TableName table(String name, Yaml yaml) {
        try {
            return TableName.parse(name);
        } catch (IllegalArgumentException e) {
            yaml.problem(e.getMessage());
            return null;
        }
    }

    private static Place place(Yaml yaml) {
        var column = yaml.need("column");
        var erase = yaml.need("erase");
        var redacted = new TreeMap<String, String>();
        if (erase != null && erase.isText()) {
            if (!ROW.equals(erase.text())) {
                erase.problem("'" + erase.text() + "' is not known; write " + ROW + ", or the columns that get another value, such as {name: \"(erased)\", email: null}");
            }
        } else if (erase != null) {
            erase.members((name, value) -> redacted.put(name, value.isNull() ? null : value.text()));
            if (redacted.isEmpty()) {
                erase.problem("names no column; write " + ROW + " where the row goes as a whole");
            }
        }
        yaml.done();
        return column == null ? null : new Place(column.text(), redacted);
    }

    /** What is not captured for this pipeline cannot be erased for it. */
    static void refuseUnused(Pipeline pipeline, Yaml yaml) {
        if (pipeline.document() != null) {
            pipeline.subjects().forEach((name, subject) -> subject.places().keySet().stream().filter(table -> !pipeline.tableNames().contains(table))
                    .forEach(table -> yaml.get(name).get("places").problem("the document does not use the table " + table + "; take it out or correct its name")));
        }
    }
}
