package io.millrace.gate;

import static org.hamcrest.Matchers.containsString;
import static org.hamcrest.Matchers.equalTo;
import static org.hamcrest.Matchers.startsWith;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNull;

import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.millrace.check.Baseline;
import io.millrace.check.CheckRequest;
import io.millrace.check.Finding.Cost;
import io.millrace.check.Level;
import io.millrace.check.MigrationCheck;
import io.millrace.check.report.Format;
import io.millrace.check.scratch.ScratchServer;
import io.millrace.check.script.Migrations;
import io.millrace.check.script.Script;
import io.millrace.pipeline.file.PipelineFiles;
import io.millrace.pipeline.file.TableName;
import io.millrace.pipeline.http.HttpAccess;
import io.millrace.pipeline.http.Server;
import io.restassured.RestAssured;
import io.restassured.response.Response;
import java.net.URI;
import java.sql.DriverManager;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;

/** The check of migrations over HTTP: the engine of the command line, with what a caller from the network may not do. */
@ExtendWith(SharedGate.Extension.class)
class CheckEndpointIT {

    private static final ObjectMapper JSON = new ObjectMapper();
    private static final String BASELINE = "CREATE TABLE public.lenient (id bigint PRIMARY KEY, name text); CREATE TABLE public.ruled (id bigint PRIMARY KEY, name text, age int); CREATE TABLE public.emptied (id bigint PRIMARY KEY, name text);";
    private static final String BREAKING = "UPDATE public.lenient SET name = upper(name);\n\nALTER TABLE public.lenient DROP COLUMN name;\n";

    private final SharedGate gate;

    CheckEndpointIT(SharedGate gate) {
        this.gate = gate;
    }

    private static Map<String, Object> question(String sql) {
        return Map.of("migrations", List.of(Map.of("name", "db/V2__change.sql", "text", sql)), "baseline", List.of(Map.of("name", "db/V1__start.sql", "text", BASELINE)),
                "rows", Map.of("public.lenient", Map.of("rows", 5_000_000)));
    }

    private Response ask(Object question) {
        return gate.caller().body(question).post("/check");
    }

    @Test
    void theAnswerIsTheReportOfTheSameEngineAndNothingIsLeftOnTheServer() throws Exception {
        var answer = ask(question(BREAKING)).then().statusCode(200).contentType("application/json")
                .body("failed", equalTo(true)).body("schemas", startsWith("asked of the registry"))
                .body("findings.find { it.rule == 'column-dropped' }.line", equalTo(3)).body("findings.find { it.rule == 'column-dropped' }.impacts[0].pipeline", equalTo("it"))
                .body("findings.find { it.rule == 'mass-write' }.line", equalTo(1)).body("findings.find { it.rule == 'mass-write' }.cost.rows", equalTo(5_000_000)).extract().asString();
        assertEquals(withoutTime(here(BREAKING)), withoutTime(answer));
        try (var connection = DriverManager.getConnection(gate.stack().servers().jdbcUrl("postgres"), gate.stack().servers().postgresUser(), gate.stack().servers().postgresPassword());
                var statement = connection.createStatement(); var left = statement.executeQuery("SELECT count(*) FROM pg_database WHERE datname LIKE 'millrace_check%'")) {
            left.next();
            assertEquals(0, left.getInt(1));
        }
    }

    /** As the command line does it. */
    private String here(String sql) {
        var baseline = new Baseline(Migrations.of(List.of(new Script("db/V1__start.sql", BASELINE))), Map.of(), false, "one file");
        var registry = URI.create(gate.stack().servers().registryUrl());
        var request = new CheckRequest(PipelineFiles.load(List.of(gate.stack().pipeline())), baseline, null, Map.of(TableName.parse("public.lenient"), new Cost(5_000_000, -1)),
                new CheckRequest.Registry(registry, HttpAccess.ofEnvironment(Server.REGISTRY, registry, _ -> null)), CheckRequest.MASS_ROWS);
        try (var server = ScratchServer.open(gate.stack().scratchUrl(), null, null, _ -> { }); var check = MigrationCheck.prepare(server, request, _ -> { })) {
            return Format.JSON.write(check.judge(Migrations.of(List.of(new Script("db/V2__change.sql", sql)))), Level.COORDINATION);
        }
    }

    private static ObjectNode withoutTime(String json) throws Exception {
        var report = (ObjectNode) JSON.readTree(json);
        report.remove("milliseconds");
        return report;
    }

    @Test
    void aHarmlessMigrationIsSaidToBeFineAndTheLevelOfFailureCanBeChosen() {
        ask(question("CREATE INDEX ON public.lenient (name);")).then().statusCode(200).body("failed", equalTo(false)).body("findings.size()", equalTo(0));
        var strict = new HashMap<>(question("UPDATE public.lenient SET name = upper(name);"));
        ask(strict).then().statusCode(200).body("failed", equalTo(false)).body("findings[0].level", equalTo("wal"));
        strict.put("failOn", "wal");
        ask(strict).then().statusCode(200).body("failed", equalTo(true));
    }

    @Test
    void rolesOfOneCheckAreNotMetByTheNext() throws Exception {
        for (int i = 0; i < 2; i++) {
            ask(question("GRANT SELECT ON public.lenient TO app_reader;\nCREATE ROLE app_writer LOGIN;\n")).then().statusCode(200).body("findings.size()", equalTo(0));
        }
        try (var connection = DriverManager.getConnection(gate.stack().servers().jdbcUrl("postgres"), gate.stack().servers().postgresUser(), gate.stack().servers().postgresPassword());
                var statement = connection.createStatement(); var left = statement.executeQuery("SELECT string_agg(rolname, ', ') FROM pg_roles WHERE rolname LIKE 'app%'")) {
            left.next();
            assertNull(left.getString(1));
        }
    }

    @Test
    void whatCannotBeCheckedIsRefusedWithTheReason() {
        ask(question("ALTER TABEL public.lenient ADD x int;")).then().statusCode(422).body("message", startsWith("db/V2__change.sql:1: this is no SQL that Postgres understands"));
        ask(Map.of("source", "other", "migrations", List.of(Map.of("name", "a.sql", "text", "SELECT 1;")))).then().statusCode(422).body("message", containsString("no pipeline of a source 'other'"));
        ask(question("-- " + "x".repeat(4 << 20))).then().statusCode(413).body("message", containsString("millrace.gate.check.max-bytes"));
        for (var bad : List.of(Map.of(), Map.of("migrations", List.of()), Map.of("migrations", List.of(Map.of("name", "", "text", "SELECT 1;"))),
                Map.of("failOn", "never", "migrations", List.of(Map.of("name", "a.sql", "text", "SELECT 1;"))))) {
            ask(bad).then().statusCode(400);
        }
    }

    @Test
    @Tag("long")
    void aMigrationThatDoesNotEndIsEndedAndMeanwhileASecondCallIsTurnedAway() throws Exception {
        var hasty = gate.stack().gate(8, Map.of("millrace.gate.consume", "false", "millrace.gate.check.scratch.env", "GATE_SCRATCH", "millrace.gate.check.timeout", "15s"));
        hasty.process().start();
        try {
            var endless = CompletableFuture.supplyAsync(() -> ask(hasty, question("SELECT pg_sleep(600);")));
            SharedGate.soon().until(() -> endless.isDone() || ask(hasty, question("SELECT 1;")).statusCode() == 429);
            endless.join().then().statusCode(422).body("message", startsWith("The check was ended after 15 s"));
            ask(hasty, question("CREATE INDEX ON public.lenient (name);")).then().statusCode(200).body("failed", equalTo(false));
        } finally {
            hasty.process().stop();
        }
    }

    private static Response ask(Stack.Gate gate, Object question) {
        return RestAssured.given().baseUri(gate.url()).header("Authorization", "Bearer " + Stack.TOKEN).contentType("application/json").body(question).post("/check");
    }
}
