package io.millrace.launcher;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class CommandsTest {

    @TempDir
    Path folder;
    private final StringWriter out = new StringWriter();
    private final StringWriter err = new StringWriter();

    @Test
    void aPipelineFileWithAnUnknownKeyIsRefusedWithFileAndLine() throws IOException {
        var file = Files.writeString(folder.resolve("bad.yaml"), """
                millrace: 1
                name: bad
                flavour: sweet
                """);
        assertEquals(1, run("validate", file.toString()));
        assertTrue(out.toString().contains("bad.yaml:3: flavour"), out.toString());
    }

    @Test
    void theDemosPipelineFilesAreFine() {
        assertEquals(0, run("validate", DataFolder.home().resolve("deploy/demo/pipelines").toString()));
        assertTrue(out.toString().contains("pipeline monitors is fine"), out.toString());
    }

    @Test
    void statusOfWhatNeverRanSaysHowToStart() {
        assertEquals(3, run("status", "--data", folder.toString()));
        assertTrue(out.toString().contains("./millrace up"), out.toString());
    }

    @Test
    void statusForProgramsIsJsonAlsoWhenNothingRuns() {
        assertEquals(3, run("status", "--json", "--data", folder.toString()));
        assertEquals("{\"state\":\"stopped\",\"processes\":[]}", out.toString().strip());
    }

    @Test
    void trafficWithoutAStackIsRefused() {
        assertEquals(1, run("demo", "traffic", "--data", folder.toString()));
        assertTrue(err.toString().contains("does not run on " + folder), err.toString());
    }

    @Test
    void logsOfAnUnknownProcessNamesThoseThatAreThere() throws IOException {
        Files.writeString(Files.createDirectories(folder.resolve("logs")).resolve("gate.log"), "x\n");
        assertEquals(1, run("logs", "gait", "--data", folder.toString()));
        assertTrue(err.toString().contains("Logs there: gate"), err.toString());
        assertEquals(0, run("logs", "gate", "--data", folder.toString()));
        assertEquals("x", out.toString().strip());
    }

    @Test
    void downWhereNothingRunsDoesNothing() {
        assertEquals(0, run("down", "--data", folder.toString()));
        assertTrue(out.toString().contains("Nothing was running"), out.toString());
    }

    @Test
    void resetRefusesAFolderThatIsNotMillraces() throws IOException {
        var precious = Files.writeString(folder.resolve("thesis.txt"), "precious");
        assertEquals(1, run("reset", "--data", folder.toString()));
        assertTrue(Files.exists(precious));
        assertTrue(err.toString().contains("does not look like a data folder of Millrace"), err.toString());
    }

    @Test
    void upWithAReferenceThatLeadsNowhereStartsNothing() throws IOException {
        var text = Files.readString(DataFolder.home().resolve("deploy/demo/pipelines/monitors.yaml")).replace("MILLRACE_SOURCE_", "MILLRACE_NOWHERE_");
        var file = Files.writeString(folder.resolve("own.yaml"), text);
        assertEquals(1, run("up", "--pipeline", file.toString(), "--data", folder.resolve("data").toString()));
        assertTrue(err.toString().contains("MILLRACE_NOWHERE_URL") || err.toString().contains("Not built"), err.toString());
        assertTrue(Files.notExists(folder.resolve("data")));
    }

    private int run(String... arguments) {
        out.getBuffer().setLength(0);
        return Main.commandLine().setOut(new PrintWriter(out, true)).setErr(new PrintWriter(err, true)).execute(arguments);
    }
}
