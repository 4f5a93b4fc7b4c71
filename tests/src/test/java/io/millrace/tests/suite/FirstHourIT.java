package io.millrace.tests.suite;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.json.JsonMapper;
import io.millrace.local.LocalServers;
import io.millrace.local.Ports;
import io.millrace.pipeline.record.Headers;
import io.millrace.pipeline.topic.Topics;
import io.millrace.tests.stack.DemoStack;
import io.millrace.tests.stack.Launcher;
import io.millrace.tests.stack.RawTopics;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.sql.DriverManager;
import java.sql.SQLException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.regex.Pattern;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.header.internals.RecordHeaders;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * Somebody's first hour with a database of their own, of twelve tables: every command as it is meant, with the seconds that a person waits for it.
 * What was asked and answered is left in {@code tests/target} as two pages of the guide, {@code first-hour.md} and {@code answers.md}, which have the same commands with the same exit codes.
 */
@Tag("long")
class FirstHourIT {

    private static final JsonMapper JSON = new JsonMapper();
    private static final Duration SOON = Duration.ofSeconds(60);
    /** What the reviewer adds to each draft: who may ask to be forgotten. */
    private static final String SUBJECTS = """
            subjects:
              patient:
                key: public.patient.id
                places:
                  public.patient: {column: id, erase: row}
                  public.appointment: {column: patient_id, erase: row}
            """;

    @TempDir
    Path folder;
    private LocalServers own;
    private Launcher launcher;
    private AskedPages pages;

    @BeforeEach
    void makeTheDatabase() throws IOException, SQLException {
        pages = new AskedPages(folder);
        own = LocalServers.in(folder.resolve("own"), Ports.free(), Map.of("fsync", "off"));
        own.postgres().start();
        execute("postgres", "CREATE DATABASE clinic");
        execute("clinic", Files.readString(DemoStack.home().resolve("tests/src/test/resources/clinic.sql")));
        launcher = new Launcher(folder.resolve("data"), Map.of("MILLRACE_SOURCE_URL", own.jdbcUrl("clinic"), "MILLRACE_SOURCE_USER", "millrace", "MILLRACE_SOURCE_PASSWORD", "not told",
                "MILLRACE_ADMIN_USER", own.postgresUser(), "MILLRACE_ADMIN_PASSWORD", own.postgresPassword()));
    }

    @AfterEach
    void stop() throws IOException, InterruptedException {
        pages.write();
        launcher.run("down");
        own.postgres().stop();
    }

    @Test
    void aStrangersDatabaseIsSearchedChangedAcceptedAndErasedByTheCommandsAlone() throws Exception {
        draft("appointment");
        draft("doctor");
        saysNothingIsMissing();
        catalogIsAskedBeforeAnythingStarts();

        var appointment = folder.resolve("appointment.yaml").toString();
        var doctor = folder.resolve("doctor.yaml").toString();
        assertAnswers(0, "It goes on in the background", launcher.up("--pipeline", appointment), "up --detach --pipeline FILE");
        assertAnswers(0, "The first documents of doctor can be searched", launcher.run("up", "--pipeline", doctor), "up --pipeline FILE");
        stack(0, "Stopped in", "down");
        assertAnswers(0, "Bringing again what ran last", launcher.up(), "up --detach");
        stack(0, "agrees", "verify", "appointment");
        stack(0, "agrees", "verify", "doctor");
        stack(0, "appointment", "status");
        stack(0, "  state: missed ", "search", "appointment", "complaint", "--facet", "state", "--where", "doctor.name=Doctor 3", "--sort", "starts_at:desc", "--size", "2");
        stack(0, "The index and Postgres agree", "document", "appointment", "7", "--diff");

        execute("clinic", "UPDATE patient SET name = 'Zanzibar' WHERE id = 8");
        awaitSays("Zanzibar", "search", "appointment", "zanzibar", "--json");
        stack(0, "index", "trace", "appointment", "7");
        stack(0, "", "logs", "gate", "-n", "3");

        schemasAreParkedAndAccepted();
        documentsAreRefusedAndGivenUp();
        indexesAreBuiltServedAndRetired();
        oneStageIsAway();
        tablesAreReadAgain();
        whatIsNeededCanBePlanned();
        everybodyCanBeForgotten();

        stack(0, "nothing leaves", "retention", "appointment");
        stack(0, "agrees", "verify", "appointment");
        stack(0, "agrees", "verify", "doctor");
        thePasswordIsRotated();
        stack(0, "Stopped in", "down");
        stack(3, "Millrace is stopped", "status");
        stack(0, "Deleted", "reset");
        assertEquals(Set.of(), pages.missing(), "never asked as they are meant");
        assertEquals(AskedPages.rowsOfTheGuide(), pages.rows(), "the guide's first hour is not what was typed; tests/target/first-hour.md is");
        assertEquals(AskedPages.answersOfTheGuide(), pages.answered(), "the guide's answers are not to what was typed; tests/target/answers.md has them");
    }

    private void draft(String table) throws IOException, InterruptedException {
        var file = folder.resolve(table + ".yaml");
        var url = own.jdbcUrl("clinic") + "?user=" + own.postgresUser() + "&password=" + own.postgresPassword();
        var drafted = assertAnswers(0, " tables. Take out what the page does not show", launcher.plain("init", "--url", url, "--root", "public." + table, "--output", file.toString()), "init --url URL --root public." + table);
        assertTrue(drafted.output().contains("The documents equal this query:") && drafted.output().contains("One of them:"), drafted.output());
        assertAnswers(0, "is fine", launcher.plain("validate", file.toString()), "validate FILE");
        Files.writeString(file, SUBJECTS, StandardOpenOption.APPEND);
        assertAnswers(0, "is fine", launcher.plain("validate", file.toString()), "validate FILE");
    }

    private void saysNothingIsMissing() throws IOException {
        var appointment = Files.readString(folder.resolve("appointment.yaml"));
        for (var words : List.of("# Left out: public.access_log: it has no primary key", "# Left out: public.draft: it is unlogged", "# Left out: password_hash", "# Left out: photo", "# Left out: initial")) {
            assertTrue(appointment.contains(words), () -> words + " in " + appointment);
        }
    }

    /** A file that does not fit is refused with its line while no server runs yet. */
    private void catalogIsAskedBeforeAnythingStarts() throws IOException, InterruptedException {
        var wrong = Files.writeString(folder.resolve("wrong.yaml"), Files.readString(folder.resolve("appointment.yaml")).replace("complaint", "compliment"));
        var refused = assertAnswers(1, "wrong.yaml:", launcher.run("up", "--pipeline", wrong.toString()), "up --pipeline WRONG");
        assertTrue(refused.output().contains("compliment"), refused.output());
        assertFalse(Files.exists(folder.resolve("data")), "nothing was started");
    }

    private void schemasAreParkedAndAccepted() throws Exception {
        var table = "clinic.public.room";
        var migration = Files.writeString(folder.resolve("V2__floor.sql"), "ALTER TABLE room ADD COLUMN floor int NOT NULL DEFAULT 1;\n");
        var baseline = "postgresql://%s:%s@localhost:%d/clinic".formatted(own.postgresUser(), own.postgresPassword(), own.ports().postgres());
        assertAnswers(1, "floor", launcher.plain("check", migration.toString(), "--baseline", baseline, "--pipeline", folder.resolve("appointment.yaml").toString(), "--pipeline", folder.resolve("doctor.yaml").toString()),
                "check V2__floor.sql --baseline URL --pipeline FILE --pipeline FILE");
        execute("clinic", Files.readString(migration) + "UPDATE room SET label = label || ' b' WHERE id = 1");
        awaitSays(table, "quarantine", "list");
        stack(0, "parked by", "quarantine", "show", table);
        Awaitility.await().atMost(SOON).until(() -> launcher.run("status").code() == 3);
        stack(3, table + " is parked", "status");
        stack(0, "Next: ./millrace quarantine replay " + table, "quarantine", "accept", table, "--reason", "a column that nobody shows");
        stack(0, "", "quarantine", "replay", table, "--reason", "accepted");
        awaitSays("Nothing is parked.", "quarantine", "list");
        stack(0, "Next: ./millrace quarantine replay " + table, "quarantine", "hold", table, "--reason", "a look");
        stack(1, "records in quarantine, not 77", "quarantine", "discard", table, "--count", "77", "--reason", "seen");
        stack(0, "", "quarantine", "replay", table, "--reason", "seen");
        awaitSays("Nothing is parked.", "quarantine", "list");
    }

    private void documentsAreRefusedAndGivenUp() throws Exception {
        var id = "900000001";
        var kafka = process(JSON.readTree(launcher.run("status", "--json").output()), "kafka").path("port").asInt();
        new RawTopics(Map.of("bootstrap.servers", "localhost:" + kafka)).send(new ProducerRecord<>(Topics.documents("appointment"), 0, id.getBytes(UTF_8), "{\"id\":\"no number\"}".getBytes(UTF_8),
                new RecordHeaders().add(Headers.VERSION, Headers.bytes(1L))));
        awaitSays(id, "quarantine", "documents", "list", "appointment");
        stack(0, "1 in all.", "quarantine", "documents", "list", "appointment");
        stack(0, "{\"id\":\"no number\"}", "quarantine", "documents", "show", "appointment", id);
        awaitSays("1 document was refused and stands in quarantine", "status");
        stack(3, "quarantine documents list appointment", "status");
        stack(0, "1 document is sent again", "quarantine", "documents", "replay", "appointment", id, "--reason", "once more");
        Awaitility.await("it is refused once more").atMost(SOON).until(() -> launcher.run("quarantine", "documents", "show", "appointment", id).output().contains("(parked)"));
        stack(1, "1 document would be given up, not 7", "quarantine", "documents", "discard", "appointment", "--count", "7", "--reason", "seen");
        stack(0, "1 document is given up", "quarantine", "documents", "discard", "appointment", "--count", "1", "--reason", "no appointment");
        stack(0, "No document stands in quarantine", "quarantine", "documents", "list", "appointment");
    }

    private void indexesAreBuiltServedAndRetired() throws Exception {
        stack(0, " serves ", "generations", "doctor");
        stack(0, " has it serve.", "rebuild", "doctor", "--hold");
        awaitSays("holds another index beside the one that serves", "status");
        Awaitility.await("it has all").atMost(SOON).until(() -> JSON.readTree(launcher.run("generations", "doctor", "--json").output()), all -> all.size() == 2 && all.get(0).path("documents").equals(all.get(1).path("documents")) && all.get(0).path("behind").asLong(-1) + all.get(1).path("behind").asLong(-1) == 0);
        stack(0, "doctor-000002 serves.", "cutover", "doctor");
        stack(0, "doctor-000001 serves.", "rollback", "doctor");
        stack(2, "Nothing is deleted", "retire", "doctor", "doctor-000002", "--name", "doctor-000001");
        stack(0, "doctor-000002 is deleted.", "retire", "doctor", "doctor-000002", "--name", "doctor-000002");
        stack(0, " serves.", "rebuild", "doctor", "--wait");
    }

    /** It is there and answers nobody, as one that swaps, or is being debugged. */
    private void oneStageIsAway() throws Exception {
        var indexer = process(JSON.readTree(launcher.run("status", "--json").output()), "indexer").path("pid").asText();
        signal("STOP", indexer);
        try {
            stack(3, "indexer is down: does not answer", "status");
            stack(1, "it did not answer within 2 s (--timeout)", "generations", "doctor", "--timeout", "2");
            stack(1, "it did not answer within 2 s (--timeout)", "trace", "appointment", "7", "--timeout", "2");
            stack(0, "documents, found in", "search", "appointment", "complaint", "--size", "1");
            stack(0, "Nothing is parked.", "quarantine", "list");
        } finally {
            signal("CONT", indexer);
        }
        awaitCode(0, "generations", "doctor");
    }

    private static void signal(String signal, String pid) throws IOException, InterruptedException {
        assertEquals(0, new ProcessBuilder("kill", "-" + signal, pid).inheritIO().start().waitFor());
    }

    private void tablesAreReadAgain() throws Exception {
        stack(0, "is read again", "resnapshot", "clinic", "public.tag");
        awaitSays("No table of clinic is being read", "resnapshot", "clinic");
        stack(0, "clinic", "recover", "clinic");
    }

    private void whatIsNeededCanBePlanned() throws IOException, InterruptedException {
        var status = JSON.readTree(launcher.run("status", "--json").output());
        Files.writeString(folder.resolve("secret"), "not told");
        Files.writeString(folder.resolve("admin"), own.postgresPassword());
        var regions = Files.writeString(folder.resolve("regions.yaml"), """
                millrace: 1
                regions:
                  here:
                    source:
                      variables: {MILLRACE_SOURCE_URL: "%s", MILLRACE_SOURCE_USER: millrace, MILLRACE_SOURCE_PASSWORD: {file: secret}}
                      admin: {user: %s, password: {file: admin}}
                    kafka: {settings: {bootstrap.servers: "localhost:%d"}, replication: 1}
                    registry: %s
                """.formatted(own.jdbcUrl("clinic"), own.postgresUser(), process(status, "kafka").path("port").asInt(), process(status, "registry").path("address").asText()));
        var files = List.of("--regions", regions.toString(), folder.resolve("appointment.yaml").toString(), folder.resolve("doctor.yaml").toString());
        places(0, "1 region looked at", "plan", files);
        places(0, "1 region applied", "apply", files);
        places(0, "1 region adopted", "adopt", files);
        places(1, "Nothing was done", "destroy", files);
    }

    /** Last of all, since who has the old password is to be started again behind it. */
    private void thePasswordIsRotated() throws IOException, InterruptedException {
        places(0, "1 region rotated", "rotate", List.of("--regions", folder.resolve("regions.yaml").toString(), folder.resolve("appointment.yaml").toString(), folder.resolve("doctor.yaml").toString()));
        assertNotEquals("not told", Files.readString(folder.resolve("secret")).strip());
    }

    private void places(int code, String says, String command, List<String> rest) throws IOException, InterruptedException {
        var all = new ArrayList<>(List.of(command));
        all.addAll(rest);
        assertAnswers(code, says, launcher.plain(all.toArray(String[]::new)), command + " --regions FILE FILE FILE");
    }

    private void everybodyCanBeForgotten() throws Exception {
        stack(0, "appointment", "erase", "appointment", "7", "--reason", "asked for");
        awaitCode(1, "document", "appointment", "7");
        var subject = stack(0, "patient", "erase", "--subject", "patient", "9", "--reason", "asked for");
        awaitCode(1, "document", "appointment", "8");
        stack(0, "patient", "erasures");
        var id = subject.output().lines().map(line -> Pattern.compile("^([0-9a-f-]{36})").matcher(line)).filter(m -> m.find()).map(m -> m.group(1)).findFirst().orElseThrow(() -> new AssertionError(subject.output()));
        stack(0, id, "unerase", id, "--reason", "a mistake");
        awaitCode(0, "document", "appointment", "8");
    }

    private Launcher.Ran stack(int code, String says, String... words) throws IOException, InterruptedException {
        return assertAnswers(code, says, launcher.run(words), AskedPages.typed(words));
    }

    private Launcher.Ran assertAnswers(int code, String says, Launcher.Ran ran, String words) {
        pages.add(words, ran, says);
        assertEquals(code, ran.code(), () -> words + ": " + ran.output());
        assertTrue(ran.output().contains(says), () -> words + ": " + ran.output());
        return ran;
    }

    private void awaitSays(String says, String... words) {
        Awaitility.await(String.join(" ", words)).atMost(SOON).pollInterval(Duration.ofMillis(300)).until(() -> launcher.run(words).output().contains(says));
    }

    private void awaitCode(int code, String... words) {
        Awaitility.await(String.join(" ", words)).atMost(SOON).pollInterval(Duration.ofMillis(300)).until(() -> launcher.run(words).code() == code);
    }

    private static JsonNode process(JsonNode status, String name) {
        for (var process : status.path("processes")) {
            if (process.path("name").asText().equals(name)) {
                return process;
            }
        }
        throw new AssertionError("no " + name + " in " + status);
    }

    private void execute(String database, String sql) throws SQLException {
        try (var connection = DriverManager.getConnection(own.jdbcUrl(database), own.postgresUser(), own.postgresPassword()); var statement = connection.createStatement()) {
            statement.execute(sql);
        }
    }
}
