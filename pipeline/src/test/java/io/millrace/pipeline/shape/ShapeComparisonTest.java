package io.millrace.pipeline.shape;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.millrace.pipeline.file.PipelineFile;
import io.millrace.pipeline.file.PipelineFiles;
import io.millrace.pipeline.file.TableName;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Set;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What a file means for the state of a join that was built by another. */
class ShapeComparisonTest {

    private static final String FILE = """
            millrace: 1
            name: monitors
            source: {name: demo, url: {env: U}, user: {env: U}, password: {env: U}}
            document:
              root: public.monitor
              where: {active: true}
              fields: [id, {title: name}, {loud: {upper: name}}]
              one:
                team:
                  table: public.team
                  join: {team_id: id}
                  fields: [name]
                city:
                  table: public.city
                  join: {city_id: id}
                  flatten: label
              many:
                tags:
                  table: public.tag
                  through: {table: public.monitor_tag, join: {id: monitor_id}, to: {tag_id: id}, fields: [added]}
                  orderBy: [{rank: desc}]
                  limit: 10
                  fields: [key]
                steps:
                  table: public.step
                  join: {id: monitor_id}
                  aggregate: count
            """;

    @TempDir
    Path folder;
    private DocumentShape base;

    @BeforeEach
    void build() throws IOException {
        base = ShapeComparison.ofFile(file(FILE).pipeline());
    }

    private PipelineFile file(String text) throws IOException {
        return PipelineFiles.load(List.of(Files.writeString(folder.resolve("m.yaml"), text))).getFirst();
    }

    private static String changed(String... replacements) {
        var text = FILE;
        for (int i = 0; i < replacements.length; i += 2) {
            assertTrue(text.contains(replacements[i]), replacements[i]);
            text = text.replace(replacements[i], replacements[i + 1]);
        }
        return text;
    }

    /** Each difference with its line, without the file's name. */
    private List<String> says(DocumentShape shown, String text) throws IOException {
        var file = file(text);
        return ShapeComparison.between(base, shown, file.pipeline()).stream().map(change -> file.problem(change.at(), change.says()).toString().substring(file.path().toString().length() + 1)).toList();
    }

    private List<String> says(String text) throws IOException {
        return says(base, text);
    }

    private static String added(int line, String at, String name) {
        return line + ": " + at + ": in place: '" + name + "' is added, of columns that the join's rows have, and the documents that show it are written anew";
    }

    private static String other(int line, String at, String because) {
        return line + ": " + at + ": a later generation is needed, because " + because;
    }

    @Test
    void theSameFileIsNoDifferenceNorIsAnotherOrderOfItsFields() throws IOException {
        assertEquals(List.of(), says(FILE));
        assertEquals(List.of(), says(changed("[id, {title: name}, {loud: {upper: name}}]", "[{loud: {upper: name}}, {title: name}, id]")));
    }

    @Test
    void aFieldOfColumnsThatTheRowsHaveIsAddedInPlaceWhereverTheyAreUsed() throws IOException {
        assertEquals(List.of(added(7, "document.fields[3]", "team_id"), added(7, "document.fields[4]", "quiet"), added(12, "document.one.team.fields[1]", "id"),
                added(20, "document.many.tags.through.fields[1]", "tag_id"), added(23, "document.many.tags.fields[1]", "rank")),
                says(changed("{loud: {upper: name}}]", "{loud: {upper: name}}, team_id, {quiet: {concat: [{lower: name}, {value: '!'}]}}]", "fields: [name]", "fields: [name, id]",
                        "fields: [added]", "fields: [added, tag_id]", "fields: [key]", "fields: [key, rank]")));
        assertEquals(Set.of(List.of(), List.of("team")), ShapeComparison.objects(ShapeComparison.between(base, base,
                file(changed("{loud: {upper: name}}]", "{loud: {upper: name}}, active]", "fields: [name]", "fields: [name, {constant: {value: 7}}]")).pipeline())));
    }

    @Test
    void aColumnThatTheRowsDoNotHaveAsksForALaterGeneration() throws IOException {
        assertEquals(List.of(other(12, "document.one.team.fields[1]", "the join keeps of each row what its documents use, so its rows of public.team do not have motto, note")),
                says(changed("fields: [name]", "fields: [name, {both: {concat: [name, motto, note]}}]")));
        assertEquals(List.of(other(28, "retention", "the join keeps of each row what its documents use, so its rows of public.monitor do not have closed")),
                says(FILE + "retention: {column: closed, keep: 3 months}\n"));
    }

    @Test
    void whatLeavesOrTurnsIntoSomethingElseAsksForALaterGeneration() throws IOException {
        assertEquals(List.of(other(7, "document.fields[1]", "'title' is there with another value, which may have another type in the index; a field of another name could be added in place"),
                other(7, "document.fields", "'loud' is gone from the file, and readers of the index may use it; leave it there")),
                says(changed("{title: name}, {loud: {upper: name}}", "{title: {lower: name}}")));
        assertEquals(List.of(other(6, "document.where", "which rows count (where) is something else, so documents, or what is in them, would leave or come")), says(changed("where: {active: true}", "where: {active: false}")));
        assertEquals(List.of(other(5, "document.root", "rows of public.other are other rows than those of public.monitor")), says(changed("root: public.monitor", "root: public.other")));
        assertEquals(List.of(other(5, "document", "the relation 'steps' is gone from the file, and readers of the index may use it; leave it there")),
                says(changed("    steps:\n      table: public.step\n      join: {id: monitor_id}\n      aggregate: count\n", "")));
    }

    @Test
    void aRelationMoreOrInAnotherFormOrPlaceAsksForALaterGeneration() throws IOException {
        assertEquals(List.of(other(28, "document.many.more", "the state knows no rows of the relation 'more', and no way from them to the documents")),
                says(changed("aggregate: count", "aggregate: count\n    more: {table: public.step, join: {id: monitor_id}, aggregate: exists}")));
        var rows = "how its rows are found, ordered, limited or shown is something else, and what stands in the documents would change or leave";
        assertEquals(List.of(other(19, "document.many.tags", rows)), says(changed("limit: 10", "limit: 11")));
        assertEquals(List.of(other(14, "document.one.city", rows)), says(changed("flatten: label", "flatten: {lower: label}")));
        assertEquals(List.of(other(25, "document.many.steps", rows)), says(changed("aggregate: count", "aggregate: exists")));
        assertEquals(List.of(other(10, "document.one.team", rows)), says(changed("{team_id: id}", "{city_id: id}")));
        var one = "    team:\n      table: public.team\n      join: {team_id: id}\n      fields: [name]\n";
        var two = "    city:\n      table: public.city\n      join: {city_id: id}\n      flatten: label\n";
        assertEquals(List.of(other(5, "document", "its relations stand in another order than that by which the state numbers them: team, city, tags, steps; put them back into it")), says(changed(one + two, two + one)));
        assertEquals(List.of(other(28, "tables.public.team.lookup", "the rows of public.team would have to be kept elsewhere")), says(FILE + "tables: {public.team: {lookup: subscribe}}\n"));
    }

    @Test
    void whatWasAddedInPlaceCanBeTakenOutAgainAndOnlyThat() throws IOException {
        var grown = changed("fields: [name]", "fields: [name, {shout: {upper: name}}]");
        var shown = ShapeComparison.ofFile(file(grown).pipeline());
        assertEquals(List.of(), says(shown, grown));
        assertEquals(List.of("12: document.one.team.fields: in place: 'shout', which was added in place, is taken out again, and the documents that showed it are written anew; the index keeps its mapping"), says(shown, FILE));
        assertEquals(List.of(added(12, "document.one.team.fields[2]", "id")), says(shown, changed("fields: [name]", "fields: [name, {shout: {upper: name}}, id]")));
        assertEquals(List.of(other(12, "document.one.team.fields[1]", "'shout' is there with another value, which may have another type in the index; a field of another name could be added in place")),
                says(shown, changed("fields: [name]", "fields: [name, {shout: id}]")));
    }

    @Test
    void aShapeIsReadAsItWasWritten() throws IOException {
        var pipeline = file(changed("{upper: name}", "{concat: [name, {value: \"a (b) 3:c\\n\"}]}")).pipeline();
        var shape = ShapeComparison.ofFile(pipeline);
        assertEquals(new DocumentForm().node(pipeline.document()).toString(), shape.document().toString());
        assertEquals(List.of("id", "name", "team_id"), List.of("id", "name", "team_id").stream().filter(shape.columns().get(new TableName("public", "monitor"))::contains).toList());
        assertEquals(List.of("0"), shape.texts(DocumentShape.FORMAT));
        assertEquals(DocumentShape.id(pipeline.document()), shape.id());
        assertNotEquals(base.id(), shape.id());
        assertThrows(IllegalArgumentException.class, () -> new DocumentShape("(node 12:public").columns());
        assertThrows(IllegalArgumentException.class, () -> new DocumentShape("(format 1:2)").document());
    }
}
