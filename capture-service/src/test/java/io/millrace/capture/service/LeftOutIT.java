package io.millrace.capture.service;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.List;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/** Where Debezium fails, the stream is led past the table that it fails at, and the others go on. */
@Tag("long")
class LeftOutIT extends OnStack {

    private static final String TWO = CaptureProcess.root("thing") + "  many:\n    parts:\n      table: public.part\n      join: {id: thing_id}\n      fields: [id, name]\n";
    private static final String EVENTS = """
              outbox:
                table: public.events
                topic: %s.${routedByValue}
                columns: {id: event, key: kind, route: kind, payload: body}
            """;

    private static CaptureProcess capture(String source, String recovery, String document) throws Exception {
        return CaptureProcess.recovering(stack, folder, recovery, source, stack.servers.postgresUser(), stack.servers.postgresPassword(), document, "-Dmillrace.capture.token.file=" + token, "-Dmillrace.capture.watch=500ms");
    }

    private static void source(String source, String... statements) throws Exception {
        stack.source(source, "CREATE TABLE thing (id int PRIMARY KEY, name text)", "CREATE TABLE part (id int PRIMARY KEY, thing_id int, name text)", "INSERT INTO thing VALUES (1, 'a')", "INSERT INTO part VALUES (1, 1, 'p')");
        stack.sql(source, statements);
        stack.publish(source, "thing");
        stack.publish(source, "part");
    }

    private static void assertSame(String source, String table, CaptureProcess capture, Records records) throws Exception {
        var expected = Rows.expected(stack, source, table);
        records.await(capture, seen -> Rows.of(seen).equals(expected));
        assertEquals(expected, Rows.of(records.toTheEnd()));
    }

    @Test
    void columnsWhoseNamesDifferInCaseOnlyKeepTheirTableOutAndNoOther() throws Exception {
        source("cased", "ALTER TABLE part ADD \"Name\" text");
        try (var capture = capture("cased", "automatic", TWO); var things = records("cased", "thing"); var parts = records("cased", "part")) {
            capture.awaitReady("\"DOWN\"", "streaming", "The columns [name, Name] of the table public.part have names that differ in case only");
            stack.sql("cased", "INSERT INTO thing VALUES (2, 'b')", "INSERT INTO part VALUES (2, 2, 'p', 'P')");
            assertSame("cased", "thing", capture, things);
            stack.sql("cased", "ALTER TABLE part RENAME COLUMN \"Name\" TO other");
            capture.awaitReady("\"UP\"", "streaming");
            assertSame("cased", "part", capture, parts);
            stack.sql("cased", "ALTER TABLE part ADD \"NAME\" text", "INSERT INTO part VALUES (3, 3, 'p')", "INSERT INTO thing VALUES (3, 'c')");
            assertSame("cased", "thing", capture, things);
            capture.awaitReady("\"DOWN\"", "The columns [name, NAME] of the table public.part have names that differ in case only");
            // The catalog is well again, and the log still has changes of the table with both columns.
            stack.sql("cased", "INSERT INTO part VALUES (4, 4, 'p')", "DELETE FROM part WHERE id = 1", "ALTER TABLE part DROP \"NAME\"", "INSERT INTO thing VALUES (4, 'd')");
            assertSame("cased", "thing", capture, things);
            capture.awaitReady("\"UP\"", "streaming");
            assertSame("cased", "part", capture, parts);
            assertTrue(capture.log().contains("What the log has of the table public.part at ") && capture.log().contains("which is tried by itself once the stream is past that"), capture.log());
        }
    }

    @Test
    void theApplicationsOutboxIsNotLedPastAndTheCommandIsSaidThatGivesUpWhatTheLogHas() throws Exception {
        // Postgres prints no such date by itself: a superuser has to tell it to write dates as the numbers that they are stored as.
        var print = "UPDATE pg_type SET typoutput = '%s'::regproc WHERE oid = 'date'::regtype";
        source("failing", "CREATE TABLE events (event uuid PRIMARY KEY DEFAULT gen_random_uuid(), kind text, body text, day date)", "ALTER PUBLICATION millrace_failing ADD TABLE events");
        try (var capture = capture("failing", "automatic" + "\n" + EVENTS.formatted("failing").stripTrailing(), TWO).awaitStreaming(); var things = records("failing", "thing")) {
            assertTrue(capture.post("/recovery?skipLog=true", TOKEN).contains("does not stand at a place in the log that cannot be read"));
            things.await(capture, seen -> seen.size() == 1);
            stack.sql("failing", print.formatted("int4out"), "INSERT INTO events (kind, body, day) VALUES ('order', 'paid', '5874897-12-31')", "INSERT INTO thing VALUES (2, 'b')");
            capture.awaitReady("\"DOWN\"", "Capture was interrupted: Failed to properly convert data value for 'public.events.day'", " times behind ", "./millrace recover failing --skip-log gives up what the log has until now");
            assertEquals(1, things.toTheEnd().size(), "nothing is passed over, so nothing is lost");
            stack.sql("failing", print.formatted("date_out"), "INSERT INTO events (kind, body, day) VALUES ('order', 'sent', '5874897-12-31')", "UPDATE thing SET name = 'd' WHERE id = 1");
            capture.post("/recovery", TOKEN);
            capture.awaitReady("\"DOWN\"", "--skip-log");
            assertTrue(capture.post("/recovery?skipLog=true", TOKEN).contains("missing"));
            capture.awaitReady("\"UP\"", "streaming");
            assertSame("failing", "thing", capture, things);
            var events = AppOutboxIT.events("failing.").stream().map(event -> new String(event.value())).sorted().toList();
            assertEquals(List.of("paid", "sent"), events);
            assertFalse(capture.log().contains("2145031948"), capture.log());
        }
    }

    @Test
    void typesThatDebeziumCannotReadAreSaidWithTheColumnsThatHaveThem() throws Exception {
        source("typed", "CREATE TYPE mood AS ENUM ('sad')", "CREATE DOMAIN feeling AS mood", "CREATE TYPE blank AS ENUM ()", "CREATE TABLE elsewhere (at feeling)");
        try (var capture = capture("typed", "ask", TWO); var things = records("typed", "thing")) {
            capture.awaitReady("\"DOWN\"", "the domain feeling over the enum mood (elsewhere.at)", "the enum blank, which has no label");
            stack.sql("typed", "ALTER TABLE elsewhere ALTER at TYPE mood", "DROP DOMAIN feeling", "DROP TYPE blank");
            capture.awaitReady("\"UP\"", "streaming");
            assertSame("typed", "thing", capture, things);
        }
    }
}
