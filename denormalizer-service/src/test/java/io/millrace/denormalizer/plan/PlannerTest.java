package io.millrace.denormalizer.plan;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.millrace.denormalizer.it.Subscribing;
import io.millrace.pipeline.file.PipelineFiles;
import io.millrace.pipeline.file.TableName;
import io.millrace.pipeline.shape.DocumentForm;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class PlannerTest {

    private static Plan plan(String name, String... rootKey) {
        var files = PipelineFiles.load(List.of(Path.of("src/test/resources/it/pipelines/" + name + ".yaml")));
        return Planner.plan(files.getFirst().pipeline(), List.of(rootKey));
    }

    private static List<String> columns(TablePlan table, int[] slots) {
        return Arrays.stream(slots).mapToObj(s -> table.columns().get(s)).toList();
    }

    @Test
    void anArrayOnTheRootKeyIsDirectAndAnyOtherIsPlaced() {
        var plan = plan("orgs", "id");
        var direct = plan.spine().stream().filter(SpineNode::isDirect).map(n -> n.table().name().table()).toList();
        assertEquals(List.of("team"), direct);
        assertEquals(List.of("org", "team", "monitor", "recipient", "monitor_tag", "step", "note"), plan.spine().stream().map(n -> n.table().name().table()).toList());
    }

    @Test
    void aCompositeRootKeyIsMadeInTheOrderOfTheKeyWhateverTheFileSays() {
        var plan = plan("steps", "org_code", "no");
        var notes = plan.spine().getLast();
        assertTrue(notes.isDirect());
        assertEquals(List.of("org_code", "step_no"), columns(notes.table(), notes.there()));
    }

    @Test
    void aTableCanBeRootArrayAndLookUpAtOnce() {
        var plan = plan("monitors", "id");
        var monitor = plan.table(new TableName("public", "monitor"));
        assertEquals(2, monitor.nodes().size());
        assertTrue(monitor.isBroadcast());
        assertEquals(plan.root().table(), monitor);
    }

    @Test
    void whatHangsBelowAnObjectIsLookUpData() {
        var plan = plan("steps", "org_code", "no");
        var team = plan.table(new TableName("public", "team"));
        assertTrue(team.isBroadcast());
        assertTrue(team.nodes().isEmpty());
        assertFalse(plan.table(new TableName("public", "note")).isBroadcast());
    }

    @Test
    void aSubscriptionIsAnotherFingerprintAndLeavesOtherTablesAsTheyAre(@TempDir Path folder) throws IOException {
        var all = Subscribing.write(Path.of("src/test/resources/it/pipelines/steps.yaml"), folder.resolve("steps.yaml"), "steps");
        var plan = Planner.plan(all, List.of("org_code", "no"));
        var team = plan.table(new TableName("public", "team"));
        assertTrue(team.isSubscribed());
        assertFalse(team.isBroadcast());
        assertFalse(plan.root().table().isSubscribed());
        assertNotEquals(plan("steps", "org_code", "no").fingerprint(), plan.fingerprint());
        var one = Files.writeString(folder.resolve("one.yaml"), Files.readString(folder.resolve("steps.yaml")).replace("'public.team': {lookup: subscribe}", "'public.team': {lookup: broadcast}"));
        var mixed = Planner.plan(PipelineFiles.load(List.of(one)).getFirst().pipeline(), List.of("org_code", "no"));
        assertTrue(mixed.table(new TableName("public", "team")).isBroadcast());
        assertTrue(mixed.table(new TableName("public", "org")).isSubscribed());
        assertNotEquals(plan.fingerprint(), mixed.fingerprint());
    }

    /** The state that pipelines have must stay theirs, whatever the model of the file learns: neither may ever change. */
    @Test
    void aPipelineKeepsItsFingerprintAndTheOneOfFormerVersionsIsAcceptedOnce() {
        var fingerprint = plan("monitors", "id").fingerprint();
        assertEquals("2-343ad14c", fingerprint.former());
        assertEquals("2-2015d52a9dc7e20c629ac99181a5a7c55274e8f2ce999e47dfbc9c629e8ee59c", fingerprint.text());
        assertTrue(fingerprint.accepts(fingerprint.former()) && fingerprint.accepts(fingerprint.text()));
        assertFalse(fingerprint.accepts("2-343ad14d") || fingerprint.accepts(plan("orgs", "id").fingerprint().text()));
    }

    @Test
    void theCanonicalFormOfADocumentSaysWhatTheFileSaysAndNothingThatItLeavesOut() {
        var steps = PipelineFiles.load(List.of(Path.of("src/test/resources/it/pipelines/steps.yaml"))).getFirst().pipeline().document();
        assertEquals("(node 11:public.step(field 8:org_code(column 8:org_code))(field 2:no(column 2:no))(field 5:title(column 5:title))"
                + "(one 3:org(on 8:org_code 4:code)(node 10:public.org(field 2:id(column 2:id))(field 4:name(column 4:name))"
                + "(many 5:teams(on 2:id 6:org_id)(node 11:public.team(field 4:name(column 4:name))"
                + "(one 4:lead(on 7:lead_id 2:id)(node 13:public.person(field 6:handle(column 6:handle))))))))"
                + "(many 5:notes(on 2:no 7:step_no 8:org_code 8:org_code)(node 11:public.note(field 2:id(column 2:id))(field 4:body(column 4:body)))))", new DocumentForm().node(steps).toString());
    }

    @Test
    void membersStandInTheOrderOfTheirNames() {
        var names = plan("monitors", "id").document().members().stream().map(m -> new String(m.prefix(), StandardCharsets.UTF_8)).toList();
        assertEquals(names.stream().sorted().toList(), names);
    }

    @Test
    void anotherRootKeyOrShapeIsAnotherFingerprint() {
        assertEquals(plan("monitors", "id").fingerprint(), plan("monitors", "id").fingerprint());
        assertNotEquals(plan("monitors", "id").fingerprint(), plan("orgs", "id").fingerprint());
    }
}
