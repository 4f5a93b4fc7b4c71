package io.millrace.denormalizer.shape;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.millrace.denormalizer.it.Scratch;
import io.millrace.denormalizer.it.Subscribing;
import io.millrace.denormalizer.join.render.DocumentSteps;
import io.millrace.pipeline.catalog.CatalogCheck;
import io.millrace.pipeline.document.DocumentStep;
import io.millrace.pipeline.file.Many;
import io.millrace.pipeline.file.Node;
import io.millrace.pipeline.file.One;
import io.millrace.pipeline.file.Pipeline;
import io.millrace.pipeline.file.PipelineFile;
import io.millrace.pipeline.record.DocumentId;
import io.millrace.pipeline.shape.ShapeChange;
import io.millrace.pipeline.shape.ShapeComparison;
import java.io.IOException;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * Every shape of {@code shape/pipelines}, through random transactions on a real Postgres, against the SQL that its file
 * means. The transactions happen once; each shape takes them in in an order of its own.
 */
class ShapeIT {

    @TempDir
    static Path data;
    static Path states;
    static Database database;
    static Connection db;
    static Story story;

    @BeforeAll
    static void happen() throws Exception {
        states = Scratch.folder();
        database = new Database(data.resolve("servers"));
        db = database.create("shape");
        story = Story.in(db);
    }

    @AfterAll
    static void close() throws SQLException, IOException {
        if (states != null) {
            Scratch.delete(states);
        }
        if (db != null) {
            db.close();
        }
        if (database != null) {
            database.close();
        }
    }

    static Stream<String> names() {
        return Story.shapes().stream().map(f -> f.pipeline().name());
    }

    /** Shapes with look-ups, none of which is subscribed to. */
    static Stream<String> broadcasting() {
        return Story.shapes().stream().map(f -> f.pipeline()).filter(p -> p.subscribed().isEmpty() && !p.lookUpTables().isEmpty()).map(p -> p.name());
    }

    @ParameterizedTest
    @MethodSource("names")
    void documentsEqualTheSqlJoin(String name) throws Exception {
        var file = Story.shape(name);
        assertEquals(List.of(), CatalogCheck.check(file, story.world().catalog()));
        compare(file, file.pipeline());
    }

    @ParameterizedTest
    @MethodSource("names")
    void partsOfTheSqlJoinAreTheSqlJoin(String name) throws Exception {
        var pipeline = Story.shape(name).pipeline();
        var world = story.world();
        var all = world.documents(pipeline);
        assertEquals(all, world.documentsInRanges(pipeline));
        var ids = new TreeSet<>(all.keySet());
        ids.removeIf(DocumentId::isHash);
        all.keySet().retainAll(ids);
        assertEquals(all, world.documentsOf(pipeline, ids));
        assertEquals(ids, world.ids(pipeline, ids, false));
        assertEquals(ids, world.ids(pipeline, ids, true));
    }

    @Tag("long")
    @ParameterizedTest
    @MethodSource("broadcasting")
    void documentsEqualTheSqlJoinWhereAllLookUpsAreSubscribedTo(String name) throws Exception {
        var file = Story.shape(name);
        compare(file, Subscribing.write(file.path(), data.resolve(name + ".yaml"), name));
    }

    private static void compare(PipelineFile file, Pipeline pipeline) throws Exception {
        var name = pipeline.name();
        var random = new Random(Story.SEED);
        try (var joined = new Joined(pipeline, story.world(), states.resolve(name + pipeline.subscribed().size()), DocumentSteps.NONE)) {
            for (int round = 0; round < story.rounds().size(); round++) {
                joined.take(story.rounds().get(round), random);
                var when = name + ", round " + round + ", seed " + Story.SEED + ", quarantined " + joined.quarantined();
                var documents = story.expected(round, file.pipeline());
                documents.forEach((id, document) -> assertEquals(document, joined.documents().get(id), when + ", document " + id));
                assertEquals(new TreeSet<>(documents.keySet()), new TreeSet<>(joined.documents().keySet()), when);
                assertEquals(List.of(), joined.regressions(), when);
            }
            assertTrue(story.expected().stream().anyMatch(e -> e.get(name).size() > 1), "the transactions made no documents worth looking at");
        }
    }

    /** Shapes that have fields of columns which they use elsewhere as well. */
    static Stream<String> growing() {
        return Story.shapes().stream().map(f -> f.pipeline()).filter(p -> !withoutSpareFields(p).equals(p.document())).map(p -> p.name());
    }

    private static Pipeline with(Pipeline pipeline, Node document) {
        return new Pipeline(pipeline.name(), pipeline.replaces(), pipeline.source(), pipeline.recovery(), pipeline.compatibility(), pipeline.tables(), pipeline.subscribed(), document, pipeline.target(), pipeline.index(),
                pipeline.retention(), pipeline.hold(), pipeline.subjects(), pipeline.enrichment(), pipeline.trace(), pipeline.events(), pipeline.latency());
    }

    /** The documents without every field that could come back in place. */
    private static Node withoutSpareFields(Pipeline pipeline) {
        var fewer = pipeline.document();
        for (int at = 0; ; at++) {
            var next = without(fewer, new int[] {at});
            if (next == null) {
                return fewer;
            }
            var base = ShapeComparison.ofFile(with(pipeline, next));
            if (ShapeComparison.between(base, base, pipeline).stream().allMatch(ShapeChange::isInPlace)) {
                fewer = next;
                at--;
            }
        }
    }

    /** Without one field, the next in a walk over all; null where there are fewer. */
    private static Node without(Node node, int[] at) {
        if (at[0] < node.fields().size()) {
            var fields = new ArrayList<>(node.fields());
            fields.remove(at[0]);
            return new Node(node.table(), node.where(), fields, node.relations());
        }
        at[0] -= node.fields().size();
        for (int i = 0; i < node.relations().size(); i++) {
            var relations = new ArrayList<>(node.relations());
            var relation = node.relations().get(i);
            var below = without(relation.node(), at);
            if (below != null) {
                relations.set(i, switch (relation) {
                    case One one -> new One(one.name(), one.on(), below, one.value(), one.own());
                    case Many many -> new Many(many.name(), many.on(), many.through(), many.orderBy(), many.distinct(), many.limit(), many.content(), below);
                });
                return new Node(node.table(), node.where(), node.fields(), relations);
            }
        }
        return null;
    }

    @ParameterizedTest
    @MethodSource("growing")
    void fieldsThatComeLaterAreInTheDocumentsThatShowThemAndNoOtherDocumentIsEmitted(String name) throws Exception {
        var pipeline = Story.shape(name).pipeline();
        var fewer = with(pipeline, withoutSpareFields(pipeline));
        var random = new Random(Story.SEED);
        var joined = new Joined(fewer, story.world(), states.resolve(name + "-fewer"), DocumentSteps.NONE);
        try {
            joined.take(story.rounds().get(0), random);
            joined.take(story.rounds().get(1), random);
            var before = joined.documents();
            joined = joined.restarted(states.resolve(name + "-grown"), pipeline);
            joined.settle();
            assertEquals(story.expected(1, pipeline), joined.documents());
            assertEquals(joined.documents().entrySet().stream().filter(e -> !e.getValue().equals(before.get(e.getKey()))).count(), joined.emitted(), "documents that were emitted, of " + before.size());
            assertTrue(joined.emitted() > 0, "no document shows a field that came");
            joined.take(story.rounds().get(2), random);
            assertEquals(story.expected(2, pipeline), joined.documents());
            joined = joined.restarted(states.resolve(name + "-again"), fewer);
            joined.settle();
            assertEquals(joined.everShown().size(), joined.emitted(), "documents were emitted twice when the fields left");
            joined = joined.restarted(states.resolve(name + "-last"), pipeline);
            joined.settle();
            assertEquals(story.expected(2, pipeline), joined.documents());
            joined.take(story.rounds().get(3), random);
            assertEquals(story.expected(3, pipeline), joined.documents());
            assertEquals(List.of(), joined.regressions());
        } finally {
            joined.close();
        }
    }

    /** Leaves out every third customer, marks others, and fails on customer 4. */
    private static final class Marking implements DocumentStep {

        @Override
        public String version() {
            return "1";
        }

        @Override
        public boolean appliesTo(String pipeline) {
            return pipeline.equals("many");
        }

        @Override
        public Document apply(Document document) {
            if (document.id().equals("4")) {
                throw new IllegalStateException("no fours, please");
            }
            if (document.id().equals("5")) {
                return document.with("[5]");
            }
            if (document.id().equals("3")) {
                return null;
            }
            return document.id().equals("2") ? document : document.with("{\"zz\": 1, " + document.json().substring(1));
        }
    }

    @Test
    void aStepOfAUsersChangesAndDropsDocumentsAndOneThatThrowsParksTheDocumentAlone() throws Exception {
        var pipeline = Story.shape("many").pipeline();
        var steps = DocumentSteps.of("many", List.of(new Marking()));
        var random = new Random(Story.SEED);
        try (var joined = new Joined(pipeline, story.world(), states.resolve("steps"), steps)) {
            var everPresent = new TreeSet<String>();
            for (int round = 0; round < story.rounds().size(); round++) {
                joined.take(story.rounds().get(round), random);
                var documents = new TreeMap<>(story.expected(round, pipeline));
                everPresent.addAll(documents.keySet());
                documents.keySet().removeAll(List.of("3", "4", "5"));
                documents.replaceAll((id, json) -> id.equals("2") ? json : json.substring(0, json.length() - 1) + ",\"zz\":1}");
                assertEquals(documents, joined.documents(), "round " + round);
                assertEquals(List.of(), joined.regressions());
            }
            assertTrue(everPresent.containsAll(List.of("1", "2", "3", "4", "5")), everPresent.toString());
            assertTrue(joined.version("3") > 0, "a dropped document is deleted with a version");
            assertTrue(joined.quarantined().stream().anyMatch(q -> q.startsWith("document-step-failed: Finishing the document 4 failed: the step " + Marking.class.getName() + " failed: java.lang.IllegalStateException: no fours, please")),
                    joined.quarantined().toString());
            assertTrue(joined.quarantined().stream().anyMatch(q -> q.startsWith("document-step-failed: Finishing the document 5 failed") && q.contains("JSON that is no object")), joined.quarantined().toString());
        }
    }

    @Test
    void aStepsVersionIsPartOfTheShape() {
        var steps = DocumentSteps.of("many", List.of(new Marking()));
        assertEquals(Marking.class.getName() + "@1", steps.fingerprint());
        assertEquals("", DocumentSteps.of("others", List.of(new Marking())).fingerprint());
    }
}
