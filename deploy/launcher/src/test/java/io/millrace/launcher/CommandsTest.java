package io.millrace.launcher;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.json.JsonMapper;
import com.sun.net.httpserver.HttpServer;
import io.millrace.local.LocalServers;
import io.millrace.local.Ports;
import io.millrace.pipeline.file.PipelineFiles;
import java.io.IOException;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

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
    void manifestsOfAnOverlayHaveOneTriggerForEachPipelineAndAreWrittenOnce() throws IOException {
        assertEquals(1, run("manifests", folder.toString()));
        assertTrue(err.toString().contains("There is no folder " + folder.resolve("pipelines/files")), err.toString());
        var files = Files.createDirectories(folder.resolve("pipelines/files"));
        for (var name : List.of("monitors.yaml", "dashboards.yaml")) {
            Files.copy(DataFolder.home().resolve("deploy/demo/pipelines").resolve(name), files.resolve(name));
        }
        assertEquals(0, run("manifests", folder.toString()));
        var written = Files.readString(folder.resolve("pipelines/kustomization.yaml"));
        for (var part : List.of("- files/dashboards.yaml", "- files/monitors.yaml", "value: millrace-denormalizer-dashboards", "value: millrace-denormalizer-monitors")) {
            assertTrue(written.contains(part), () -> part + " in " + written);
        }
        assertEquals(0, run("manifests", folder.toString()));
        assertTrue(out.toString().contains("was so already"), out.toString());
    }

    @Test
    void onlyWhatSomebodyReadsOrMakesCanBeRecovered() {
        assertEquals(2, run("recover", "rows.demo.public.monitor"));
        assertTrue(err.toString().contains("./millrace recover documents.PIPELINE"), err.toString());
        assertEquals(1, run("recover", "documents.monitors", "--data", folder.toString()));
        assertTrue(err.toString().contains("./millrace up"), err.toString());
        assertEquals(1, run("recover", "captured.demo.public.monitor", "--data", folder.toString()));
        assertTrue(err.toString().contains("./millrace up"), err.toString());
    }

    @Test
    void aVerificationNeedsThePurgeServiceAndANumberOfPercent() {
        assertEquals(1, run("verify", "monitors", "--data", folder.toString()));
        assertTrue(err.toString().contains("./millrace up"), err.toString());
        assertEquals(2, run("verify", "monitors", "--sample", "some", "--data", folder.toString()));
        assertTrue(err.toString().contains("is no number of percent"), err.toString());
        assertEquals(1, run("verify", "monitors", "--url", "http://localhost:1"));
        assertTrue(err.toString().contains("Asking the purge at http://localhost:1/pipelines/monitors/verifications failed"), err.toString());
    }

    @Test
    void anErasureNeedsAReasonAndThePurgeService() {
        assertEquals(2, run("erase", "monitors", "1", "--data", folder.toString()));
        assertEquals(2, run("erase", "monitors", "--reason", "asked for", "--data", folder.toString()), "which document");
        assertEquals(2, run("erase", "--subject", "user", "1", "2", "--reason", "asked for", "--data", folder.toString()), "one subject at a time");
        assertEquals(2, run("unerase", "1", "--data", folder.toString()), "why");
        assertTrue(err.toString().contains("--reason"), err.toString());
        assertEquals(1, run("erase", "monitors", "1", "--reason", "asked for", "--data", folder.toString()));
        assertEquals(1, run("erasures", "--data", folder.toString()));
        assertTrue(err.toString().contains("./millrace up"), err.toString());
    }

    @Test
    void anIndexIsDeletedOnlyByItsNameSaidTwice() {
        assertEquals(2, run("retire", "monitors", "monitors-000001", "--data", folder.toString()));
        assertTrue(err.toString().contains("--name monitors-000001"), err.toString());
        assertEquals(2, run("retire", "monitors", "monitors-000001", "--name", "monitors-000002", "--data", folder.toString()));
        assertTrue(err.toString().contains("'monitors-000002' is not monitors-000001"), err.toString());
        assertEquals(1, run("retire", "monitors", "monitors-000001", "--name", "monitors-000001", "--url", "http://localhost:1"));
        assertTrue(err.toString().contains("Asking the indexer at http://localhost:1/pipelines/monitors/generations failed"), err.toString());
    }

    @Test
    void whatIsHeldDoesNotServeByItselfSoNobodyWaitsForIt() {
        assertEquals(2, run("rebuild", "monitors", "--hold", "--wait", "--data", folder.toString()));
        assertTrue(err.toString().contains("do not go together"), err.toString());
        assertEquals(1, run("generations", "monitors", "--data", folder.toString()));
        assertTrue(err.toString().contains("./millrace up"), err.toString());
    }

    @Test
    void parkedDocumentsAreToldWithWhoRefusedThem() throws IOException {
        DocumentQuarantineCommand.show(new JsonMapper().readTree("""
                {"count":7,"documents":[{"id":"1","index":"monitors-000001","reason":"refused","detail":"no such field","parked":"2026-01-01T00:00:00Z","asked":false,"replayable":true},
                {"id":"2","reason":"document-step-failed","detail":"why","parked":"2026-01-01T00:00:00Z","asked":false,"replayable":false}]}"""), new PrintWriter(out, true));
        for (var part : List.of("monitors-000001", "refused: no such field", "the join", "to discard", "7 in all")) {
            assertTrue(out.toString().contains(part), () -> part + " in " + out);
        }
        assertEquals(2, run("quarantine", "documents", "replay", "monitors", "--data", folder.toString()), "why");
        assertEquals(2, run("quarantine", "documents", "discard", "monitors", "--reason", "a test", "--data", folder.toString()), "how many");
        assertEquals(1, run("quarantine", "documents", "list", "monitors", "--data", folder.toString()));
    }

    @Test
    void whatAVerificationFoundIsToldDocumentByDocument() throws IOException {
        var json = new JsonMapper();
        VerifyCommand.show(json.readTree("""
                {"pipeline":"monitors","state":"differs","documents":1200,"indexed":1201,"missing":1,"orphaned":0,"different":1,"repaired":1,"unrepaired":0,"undecided":0,"erased":0,"notes":["A note"]}"""),
                json.readTree("""
                [{"id":"3","kind":"missing","fields":0},{"id":"7","kind":"different","fields":3,"first":[{"path":"$.name","index":"1","postgres":null}],"repair":"repaired"}]"""), new PrintWriter(out, true));
        for (var part : List.of("missing   3", "different 7  (repair: repaired)", "$.name: 1 in the index, nothing in Postgres", "and 2 more", "monitors differs: 1,200 documents compared", "  A note")) {
            assertTrue(out.toString().contains(part), () -> part + " in " + out);
        }
    }

    @Test
    void aDocumentIsToldWithWhatPostgresHasInItsPlace() throws IOException {
        var json = new JsonMapper();
        var asked = Map.of(
                "{\"inIndex\":true,\"inPostgres\":true,\"document\":\"{ doc }\",\"twin\":\"{ doc }\",\"version\":7,\"comparison\":\"agrees\",\"differences\":[],\"notes\":[\"A note\"]}", "{ doc }\nversion 7\nThe index and Postgres agree\nA note.\n",
                "{\"inIndex\":true,\"inPostgres\":true,\"document\":\"{ doc }\",\"twin\":\"{ other }\",\"version\":7,\"comparison\":\"differs\",\"differences\":[{\"path\":\"$.a\",\"index\":\"1\",\"postgres\":null}],\"notes\":[]}",
                "{ doc }\nversion 7\n  $.a: 1 in the index, nothing in Postgres\nThe index and Postgres differ in one place; the last change may still be on its way\n",
                "{\"inIndex\":true,\"inPostgres\":false,\"document\":\"{ doc }\",\"twin\":null,\"version\":7,\"comparison\":\"differs\",\"differences\":[],\"notes\":[]}", "{ doc }\nversion 7\nOnly the index has it\n",
                "{\"inIndex\":false,\"inPostgres\":true,\"document\":null,\"twin\":\"{ doc }\",\"version\":null,\"comparison\":\"differs\",\"differences\":[],\"notes\":[]}", "Only Postgres has it\n",
                "{\"inIndex\":false,\"inPostgres\":false,\"document\":null,\"twin\":null,\"version\":null,\"comparison\":\"agrees\",\"differences\":[],\"notes\":[]}", "Neither the index nor Postgres has it\n",
                "{\"inIndex\":null,\"inPostgres\":true,\"document\":null,\"twin\":\"{ doc }\",\"version\":null,\"comparison\":\"unknown\",\"differences\":[],\"notes\":[]}", "They could not be compared\n");
        for (var view : asked.entrySet()) {
            out.getBuffer().setLength(0);
            DocumentCommand.print(json.readTree(view.getKey()), true, new PrintWriter(out, true));
            assertEquals(view.getValue(), out.toString());
        }
        assertEquals(3, run("document", "monitors", "1", "--data", folder.toString()), "1 is the word for a document that is not there");
        assertTrue(err.toString().contains("does not run on " + folder), err.toString());
    }

    @Test
    void anIndexThatDoesNotAnswerHasSaidOfNoDocumentThatItIsGone() throws IOException {
        var json = new JsonMapper();
        assertEquals(0, DocumentCommand.code(json.readTree("{\"inIndex\":true,\"comparison\":\"unknown\"}"), false));
        assertEquals(1, DocumentCommand.code(json.readTree("{\"inIndex\":false,\"comparison\":\"unknown\"}"), false));
        assertEquals(3, DocumentCommand.code(json.readTree("{\"inIndex\":null,\"comparison\":\"unknown\"}"), false));
        assertEquals(3, DocumentCommand.code(json.readTree("{\"inIndex\":false,\"comparison\":\"unknown\"}"), true));
        assertEquals(2, DocumentCommand.code(json.readTree("{\"inIndex\":false,\"comparison\":\"differs\"}"), true));
        assertEquals(0, DocumentCommand.code(json.readTree("{\"inIndex\":true,\"comparison\":\"agrees\"}"), true));
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
    void statusIsLookedAtAgainAndAgainUntilItIsInterrupted() throws InterruptedException {
        var watching = new Thread(() -> run("status", "--watch", "1", "--json", "--data", folder.toString()));
        watching.start();
        Awaitility.await().atMost(Duration.ofSeconds(60)).until(() -> out.toString().lines().filter(line -> line.equals("{\"state\":\"stopped\",\"processes\":[]}")).count() >= 2);
        watching.interrupt();
        watching.join(Duration.ofSeconds(60));
        assertFalse(watching.isAlive());
        assertEquals("", err.toString());
        assertEquals(2, run("status", "--watch", "0", "--data", folder.toString()));
    }

    @Test
    void trafficWithoutAStackIsRefused() {
        assertEquals(1, run("demo", "traffic", "--data", folder.toString()));
        assertTrue(err.toString().contains("does not run on " + folder), err.toString());
    }

    @Test
    void quarantineWithoutAStackIsRefusedAndADecisionWithoutAReasonAsWell() {
        assertEquals(1, run("quarantine", "list", "--data", folder.toString()));
        assertTrue(err.toString().contains("does not run on " + folder), err.toString());
        assertEquals(1, run("quarantine", "list", "--url", "http://localhost:1"));
        assertTrue(err.toString().contains("Asking the gate at http://localhost:1/quarantine failed"), err.toString());
        assertEquals(2, run("quarantine", "accept", "demo.public.team", "--data", folder.toString()));
        assertTrue(err.toString().contains("--reason"), err.toString());
        assertEquals(2, run("quarantine", "discard", "demo.public.team", "--reason", "x", "--data", folder.toString()));
        assertTrue(err.toString().contains("--count"), err.toString());
    }

    @Test
    void resnapshotAsksTheCaptureOfTheStackAndRefusesWhatMeansNoTable() {
        assertEquals(1, run("resnapshot", "demo", "public.team", "--data", folder.toString()));
        assertTrue(err.toString().contains("does not run on " + folder), err.toString());
        assertEquals(1, run("resnapshot", "demo", "public.team", "--where", "id = 1", "--url", "http://localhost:1"));
        assertTrue(err.toString().contains("Asking the capture at http://localhost:1/resnapshots?source=demo&table=public.team&where=id%20%3D%201 failed"), err.toString());
        assertEquals(2, run("resnapshot", "demo", "--cancel", "--url", "http://localhost:1"));
        assertTrue(err.toString().contains("name it behind the source"), err.toString());
        assertEquals(2, run("resnapshot"));
        assertTrue(err.toString().contains("SOURCE"), err.toString());
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
    void anUnknownRegionNamesThoseThatAreThere() throws IOException {
        assertEquals(1, run("plan", "--regions", regions().toString(), "--region", "ap9", "x.yaml"));
        assertTrue(err.toString().contains("There is no region 'ap9'") && err.toString().contains("there are eu1, us1"), err.toString());
    }

    @Test
    void everyRegionWhoseServersAreAwayIsToldWithWhatToDo() throws IOException {
        var demo = DataFolder.home().resolve("deploy/demo/pipelines").toString();
        assertEquals(1, run("apply", "--regions", regions().toString(), demo));
        assertTrue(out.toString().contains("eu1          failed     Connecting to the source 'demo'") && out.toString().contains("us1          failed"), out.toString());
        assertTrue(out.toString().contains("0 of 2 regions applied, 2 not; put right what is said above and run this again"), out.toString());
        assertEquals(1, run("destroy", "--regions", regions().toString(), demo));
        assertTrue(out.toString().contains("Nothing was done."), out.toString());
    }

    private Path regions() throws IOException {
        var region = """
                    source: {variables: {MILLRACE_SOURCE_URL: "jdbc:postgresql://localhost:1/none", MILLRACE_SOURCE_USER: nobody, MILLRACE_SOURCE_PASSWORD: {file: password}}}
                    kafka: {settings: {bootstrap.servers: "localhost:1", default.api.timeout.ms: "1000", request.timeout.ms: "900"}}
                    registry: http://localhost:1
                """;
        Files.writeString(folder.resolve("password"), "none");
        return Files.writeString(folder.resolve("regions.yaml"), "millrace: 1\nregions:\n  us1:\n" + region + "  eu1:\n" + region);
    }

    @Test
    void downWhereNothingRunsDoesNothing() {
        assertEquals(0, run("down", "--data", folder.toString()));
        assertTrue(out.toString().contains("Nothing was running"), out.toString());
    }

    @Test
    void whatIsNotThereIsAnsweredInASentenceAndNeverWithAStackTrace() throws IOException {
        var file = Files.writeString(folder.resolve("a-file"), "x").toString();
        var missing = folder.resolve("missing.yaml").toString();
        var asked = Map.of(
                List.of("up", "--data", file), "--data needs a folder",
                List.of("status", "--data", file), "--data needs a folder",
                List.of("down", "--data", file), "--data needs a folder",
                List.of("validate", missing), "missing.yaml",
                List.of("plan", "--regions", missing), "missing.yaml",
                List.of("manifests", missing), "missing.yaml",
                List.of("logs", "gate", "--data", folder.resolve("nothing").toString()), folder.resolve("nothing").toString());
        asked.forEach((arguments, answer) -> {
            err.getBuffer().setLength(0);
            int code = run(arguments.toArray(String[]::new));
            var said = out.toString() + err;
            assertTrue(code == 1 && said.contains(answer) && !said.contains("\tat ") && !said.contains("fault of Millrace"), () -> arguments + " ended with " + code + " and: " + said);
        });
    }

    @Test
    void theVersionNamesCommitAndJava() {
        assertEquals(0, run("--version"));
        assertTrue(out.toString().matches("(?s)Millrace \\S+\\s+Commit   \\S.*\\s+Java     25.*"), out.toString());
    }

    @Test
    void theShellCanCompleteCommandsAndOptions() {
        assertEquals(0, run("generate-completion"));
        assertTrue(out.toString().contains("quarantine") && out.toString().contains("--port-base"), out.toString());
    }

    @Test
    void hintsNameTheStackThatTheySpeakOf() {
        assertEquals(3, run("status", "--data", folder.toString()));
        assertTrue(out.toString().contains("./millrace up --data " + folder), out.toString());
    }

    @Test
    void whatStandsBetweenIsToldByItsStatusNotByItsMarkup() throws IOException {
        var between = HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
        var page = "<html>\n<head><title>502 Bad Gateway</title></head></html>".getBytes(StandardCharsets.UTF_8);
        var asked = new ArrayList<String>();
        between.createContext("/", exchange -> {
            asked.add(exchange.getRequestURI().getRawPath());
            exchange.sendResponseHeaders(asked.size() == 1 ? 502 : 200, page.length);
            exchange.getResponseBody().write(page);
            exchange.close();
        });
        between.start();
        try {
            var url = "http://localhost:" + between.getAddress().getPort();
            assertEquals(1, run("quarantine", "show", "shop.public.Grüße 100%", "--url", url));
            assertTrue(err.toString().contains("answers 502 to GET") && err.toString().contains(": 502 Bad Gateway") && !err.toString().contains("<"), err.toString());
            assertEquals(1, run("quarantine", "list", "--url", url));
            assertTrue(err.toString().contains("is not the gate: its answer is no JSON"), err.toString());
            assertEquals(List.of("/quarantine/shop.public.Gr%C3%BC%C3%9Fe%20100%25", "/quarantine"), asked);
        } finally {
            between.stop(0);
        }
    }

    @Test
    void twoDecisionsAtOnceAreRefused() {
        assertEquals(2, run("quarantine", "discard", "shop.public.item", "--count", "1", "--refused", "--missing", "--reason", "none", "--url", "http://localhost:1"));
        assertTrue(err.toString().contains("are two decisions"), err.toString());
    }

    /** A program's own logs, a site's layouts, a file of that name with other words in it. */
    @ParameterizedTest
    @ValueSource(strings = {"thesis.txt", "logs/server.log", "layout/page.html", "layout"})
    void whatIsNotMillracesIsNeitherStartedInNorDeleted(String name) throws IOException {
        var precious = folder.resolve(name);
        Files.createDirectories(precious.getParent());
        Files.writeString(precious, "precious");
        assertEquals(1, run("reset", "--data", folder.toString()));
        assertTrue(err.toString().contains("does not look like a data folder of Millrace"), err.toString());
        assertEquals(1, run("up", "--data", folder.toString()));
        assertTrue(err.toString().contains("is not empty, and it is no data folder of Millrace"), err.toString());
        assertEquals("precious", Files.readString(precious));
    }

    @Test
    void whatAFailedStartHasLeftIsDeleted() throws IOException {
        var data = folder.resolve("data");
        Files.writeString(Files.createDirectories(data.resolve("logs")).resolve("supervisor.log"), "Port 18101 is taken");
        assertEquals(0, run("reset", "--data", data.toString()));
        assertFalse(Files.exists(data));
    }

    @Test
    void upWithAReferenceThatLeadsNowhereStartsNothing() throws IOException {
        var text = Files.readString(DataFolder.home().resolve("deploy/demo/pipelines/monitors.yaml")).replace("MILLRACE_SOURCE_", "MILLRACE_NOWHERE_")
                + "\ntables:\n  public.team:\n    columns:\n      name: {hmac: {env: MILLRACE_NOWHERE_KEY}}\n";
        var file = Files.writeString(folder.resolve("own.yaml"), text);
        assertEquals(1, run("up", "--pipeline", file.toString(), "--data", folder.resolve("data").toString()));
        for (var at : List.of("url", "user", "password")) {
            int line = text.substring(0, text.indexOf(at + ": {env: MILLRACE_NOWHERE_")).split("\n", -1).length;
            var said = file + ":" + line + ": source." + at + ": The environment variable MILLRACE_NOWHERE_" + at.toUpperCase(Locale.ROOT) + ", which the pipeline file refers to, is not set; set it where this is started";
            assertTrue(err.toString().contains(said), () -> said + " in " + err);
        }
        assertTrue(err.toString().contains(": tables.public.team.columns.name.hmac: The environment variable MILLRACE_NOWHERE_KEY, "), err.toString());
        assertTrue(Files.notExists(folder.resolve("data")));
        assertEquals(1, run("up", "--secure", "--pipeline", file.toString(), "--data", folder.resolve("data").toString()));
        assertTrue(Files.notExists(folder.resolve("data")), "or the next one would be a secured one that nobody asked for");
    }

    @Test
    void upRefusesASecuredStackWithDocumentsInTablesByTheFilesLineAndTellsHowToReadThemOtherwise() throws IOException {
        var text = Files.readString(DataFolder.home().resolve("deploy/demo/pipelines/monitors.yaml"));
        var file = Files.writeString(folder.resolve("table.yaml"), text.substring(0, text.indexOf("\nindex:") + 1).replace("name: monitors\nsource", "name: monitors\ntarget: postgres\nsource"));
        assertEquals(1, run("up", "--secure", "--pipeline", file.toString(), "--data", folder.resolve("data").toString()));
        var line = Files.readAllLines(file).indexOf("target: postgres") + 1;
        assertTrue(err.toString().contains(file + ":" + line + ": target: a secured stack on one machine has no database for documents in tables"), err.toString());
        assertTrue(Files.notExists(folder.resolve("data")));

        var look = Summary.look(LocalServers.in(folder.resolve("open"), Ports.from(31_000)), PipelineFiles.load(List.of(file)).getFirst().pipeline());
        assertTrue(look.startsWith("psql 'postgresql://") && look.endsWith("/postgres' -c 'SELECT id, version, document FROM documents.\"monitors\" LIMIT 1'"), look);
    }

    private int run(String... arguments) {
        out.getBuffer().setLength(0);
        return Main.commandLine(arguments).setOut(new PrintWriter(out, true)).setErr(new PrintWriter(err, true)).execute(arguments);
    }
}
