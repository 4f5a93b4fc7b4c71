package io.millrace.purge;

import static io.restassured.RestAssured.given;
import static org.hamcrest.Matchers.containsString;
import static org.hamcrest.Matchers.equalTo;
import static org.hamcrest.Matchers.everyItem;
import static org.hamcrest.Matchers.hasItem;
import static org.hamcrest.Matchers.not;
import static org.hamcrest.Matchers.notNullValue;
import static org.hamcrest.Matchers.nullValue;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.millrace.local.ManagedProcess;
import io.millrace.pipeline.subject.SubjectKey;
import io.restassured.http.ContentType;
import io.restassured.response.ValidatableResponse;
import io.restassured.specification.RequestSpecification;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.TreeSet;
import java.util.UUID;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.MethodOrderer;
import org.junit.jupiter.api.Order;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestMethodOrder;

/** How somebody is asked to be erased, and what is written down of it. That they leave is shown where capture is. */
@TestMethodOrder(MethodOrderer.OrderAnnotation.class)
class SubjectIT {

    private static final String PROBLEM = "application/problem+json";
    private static final String KEY = "4711";
    /** As long as what it takes beside the counting on a busy machine. */
    private static final Duration COUNTING = Duration.ofSeconds(4);
    private static final String ORDERS = "SELECT string_agg(type || ' ' || aggregatetype || ' ' || aggregateid, ', ' ORDER BY \"timestamp\") FROM millrace.outboxevent";

    private static Stack stack;
    private static ManagedProcess purge;
    private static String erasure;

    @BeforeAll
    static void start() throws Exception {
        stack = Stack.start();
        stack.sql("CREATE TABLE public.person (id int PRIMARY KEY, name text); CREATE TABLE public.note (id int PRIMARY KEY, person_id int, author_id int, body text)", "GRANT SELECT ON public.person, public.note TO reader",
                "INSERT INTO public.person VALUES (" + KEY + ", 'n'), (1, 'o')", "INSERT INTO public.note SELECT i, 1, " + KEY + ", 'b' FROM generate_series(1, 3) i");
        stack.sql("CREATE COLLATION public.any_letters (provider = icu, locale = 'und-u-ks-level2', deterministic = false)",
                "CREATE TABLE public.mailbox (id int PRIMARY KEY, address text COLLATE public.any_letters UNIQUE); CREATE TABLE public.letter (id int PRIMARY KEY, mailbox_id int, recipient text COLLATE public.any_letters)", "GRANT SELECT ON public.mailbox, public.letter TO reader", "INSERT INTO public.mailbox VALUES (1, 'Ann@example.org'), (2, 'bob@example.org')", "INSERT INTO public.letter VALUES (1, 1, 'ANN@example.org'), (2, 1, 'ANN@example.org'), (3, 1, 'Ann@example.org'), (4, 2, 'bob@example.org')");
        purge = stack.process("subjects", stack.freePort(), Map.of("millrace.purge.pipelines", Stack.file("people.yaml") + "," + Stack.file("holders.yaml"), "millrace.purge.group", "subjects", "millrace.purge.verification.statement-timeout", COUNTING.toSeconds() + "s"));
        purge.start();
    }

    @AfterAll
    static void stop() {
        purge.stop();
        stack.close();
    }

    private static String body(String subject, String key, String reason) {
        return "{\"subject\": \"" + subject + "\", \"key\": \"" + key + "\", \"reason\": \"" + reason + "\"}";
    }

    @Test
    @Order(1)
    void whatCannotBeMeantIsRefusedAndNothingIsDone() throws Exception {
        anybody().header("Idempotency-Key", "k").body(body("person", KEY, "asked")).post("/erasures").then().statusCode(401);
        refused(operator().body(body("person", KEY, "asked")).post("/erasures").then(), 400, "Idempotency-Key is missing");
        refused(keyed("k").body(body("ghost", KEY, "asked")).post("/erasures").then(), 404, "known are person");
        refused(keyed("k").body(body("person", "nobody", "asked")).post("/erasures").then(), 400, "the key is no integer");
        refused(keyed("k").body(body("person", "99999999999999", "asked")).post("/erasures").then(), 400, "the key is no integer");
        refused(keyed("k").body(body("person", "", "asked")).post("/erasures").then(), 400, "must be the value of the subject's column");
        refused(keyed("k").body(body("person", KEY, " ")).post("/erasures").then(), 400, "must say why");
        refused(keyed("k").body(body("person", KEY + "\\u0000", "asked")).post("/erasures").then(), 400, "U+0000");
        refused(keyed("k").body("[]").post("/erasures").then(), 400, "");
        refused(operator().get("/erasures/" + UUID.randomUUID()).then(), 404, "none with this id");
        refused(operator().body("{\"reason\": \"x\"}").post("/erasures/" + UUID.randomUUID() + "/withdrawal").then(), 404, "none with this id");
        assertEquals("0,0", stack.row("SELECT (SELECT count(*) FROM millrace.subject_erasure), (SELECT count(*) FROM millrace.outboxevent)"));
    }

    @Test
    @Order(2)
    void anErasureIsOrderedOnceAndNobodyReadsInItWhoItIs() throws Exception {
        var hash = SubjectKey.hash("person", KEY);
        erasure = keyed("first").body(body("person", " " + KEY, "asked")).post("/erasures").then().statusCode(202).header("Location", notNullValue()).body("state", equalTo("requested")).body("keyHash", equalTo(hash))
                .body("requestedBy", equalTo("token")).body("found.'public.person'", equalTo(1)).body("found.'public.note'", equalTo(3)).extract().path("id");
        keyed("first").body(body("person", KEY, "asked")).post("/erasures").then().statusCode(202).body("id", equalTo(erasure));
        refused(keyed("first").body(body("person", "1", "asked")).post("/erasures").then(), 409, "already used for another request");
        refused(keyed("first").body(body("person", KEY, "another reason")).post("/erasures").then(), 409, "already used for another request");
        refused(keyed("second").body(body("person", KEY, "asked")).post("/erasures").then(), 409, "its erasure stands already, it is " + erasure);
        assertEquals("forget person " + hash, stack.row(ORDERS));
        assertEquals("1", stack.row("SELECT count(*) FROM millrace.subject_erasure"));
        assertFalse(stack.row("SELECT (SELECT e::text FROM millrace.subject_erasure e), (SELECT o::text FROM millrace.outboxevent o)").matches(".*\\b" + KEY + "\\b.*"), "audit and order hold no key");
        operator().get("/erasures/" + erasure).then().statusCode(200).body("reason", equalTo("asked")).body("hiddenAt", nullValue()).body("$", not(hasItem("key")));
    }

    @Test
    @Order(3)
    void bothKindsOfErasuresAreListed() throws Exception {
        keyed("document").body("{\"reason\": \"one document\"}").post("/pipelines/people/documents/1/erasure").then().statusCode(202);
        operator().get("/erasures").then().statusCode(200).body("size()", equalTo(2)).body("[0].document", equalTo("1")).body("[1].subject", equalTo("person"));
        operator().get("/erasures?pipeline=people&state=requested&limit=1").then().body("size()", equalTo(1)).body("[0].document", equalTo("1"));
        operator().get("/erasures?state=hidden").then().body("size()", equalTo(0));
        operator().get("/erasures?pipeline=monitors").then().body("size()", equalTo(0));
    }

    @Test
    @Order(4)
    void anErasureEndsOnceWhenItIsWithdrawnAndCanBeAskedForAgain() throws Exception {
        var hash = SubjectKey.hash("person", KEY);
        refused(operator().body("{}").post("/erasures/" + erasure + "/withdrawal").then(), 400, "must say why");
        anybody().body("{\"reason\": \"a mistake\"}").post("/erasures/" + erasure + "/withdrawal").then().statusCode(401);
        operator().body("{\"reason\": \"a mistake\"}").post("/erasures/" + erasure + "/withdrawal").then().statusCode(202).body("state", equalTo("ended")).body("endedBy", equalTo("token, because of: a mistake"));
        refused(operator().body("{\"reason\": \"a mistake\"}").post("/erasures/" + erasure + "/withdrawal").then(), 409, "it has ended already");
        keyed("third").body(body("person", KEY, "asked again")).post("/erasures").then().statusCode(202).body("id", not(equalTo(erasure)));
        assertEquals("forget person " + hash + ", erase people 1, remember person " + hash + ", forget person " + hash, stack.row(ORDERS));
        operator().get("/erasures?state=ended").then().body("id", everyItem(equalTo(erasure)));
    }

    @Test
    @Order(5)
    void auditAndOrderAreWrittenTogetherOrNotAtAll() throws Exception {
        stack.sql("CREATE TRIGGER refuse_one BEFORE INSERT ON millrace.outboxevent FOR EACH ROW WHEN (NEW.aggregateid = '" + SubjectKey.hash("person", "1") + "') EXECUTE FUNCTION millrace.refuse()");
        keyed("fourth").body(body("person", "1", "asked")).post("/erasures").then().statusCode(503);
        assertEquals("0", stack.row("SELECT count(*) FROM millrace.subject_erasure WHERE idempotency_key = 'fourth'"));
    }

    @Test
    @Order(6)
    void aTableInWhichTheyCannotBeCountedInTimeKeepsNobodyFromBeingErased() throws Exception {
        try (var connection = stack.connect("demo"); var statement = connection.createStatement()) {
            connection.setAutoCommit(false);
            // The first of the two takes all the time there is.
            statement.execute("LOCK TABLE public.note, public.person IN ACCESS EXCLUSIVE MODE");
            // A machine that stood still may make an answer late, but not each.
            var took = new TreeSet<Duration>();
            for (var keys = List.of("2", "102", "103").iterator(); keys.hasNext() && (took.isEmpty() || took.first().compareTo(COUNTING.multipliedBy(2)) >= 0);) {
                var key = keys.next();
                long begin = System.nanoTime();
                keyed("uncounted " + key).body(body("person", key, "asked")).post("/erasures").then().statusCode(202).body("found.size()", equalTo(0));
                took.add(Duration.ofNanos(System.nanoTime() - begin));
            }
            assertTrue(took.first().compareTo(COUNTING.multipliedBy(2)) < 0, () -> "both together had the time of one: " + took);
            connection.rollback();
        }
        assertEquals("forget", stack.row("SELECT type FROM millrace.outboxevent WHERE aggregateid = ?", SubjectKey.hash("person", "2")));
    }

    /** Rows leave by the hash of their key's text, and Postgres takes these texts for one key. */
    @Test
    @Order(7)
    void aKeyThatRowsHaveInOtherLettersIsErasedInTheseToo() throws Exception {
        var typed = SubjectKey.hash("holder", "ann@example.org");
        var hashes = Stream.of("ann@example.org", "Ann@example.org", "ANN@example.org").map(key -> SubjectKey.hash("holder", key)).sorted().collect(Collectors.joining(","));
        var id = keyed("letters").body(body("holder", "ann@example.org", "asked")).post("/erasures").then().statusCode(202).body("keyHash", equalTo(typed)).body("found.'public.letter'", equalTo(0)).extract().path("id");
        assertEquals(hashes, stack.row("SELECT string_agg(key_hash, ',' ORDER BY key_hash COLLATE \"C\") FROM millrace.subject_erasure WHERE subject = 'holder' AND ended_at IS NULL"));
        assertEquals(hashes, stack.row("SELECT string_agg(aggregateid, ',' ORDER BY aggregateid COLLATE \"C\") FROM millrace.outboxevent WHERE aggregatetype = 'holder' AND type = 'forget'"));
        operator().get("/erasures").then().body("find { it.keyHash == '" + SubjectKey.hash("holder", "ANN@example.org") + "' }.found.'public.letter'", equalTo(2));
        keyed("letters").body(body("holder", "ann@example.org", "asked")).post("/erasures").then().statusCode(202).body("id", equalTo(id));
        keyed("bob").body(body("holder", "bob@example.org", "asked")).post("/erasures").then().statusCode(202);
        assertEquals("4", stack.row("SELECT count(*) FROM millrace.subject_erasure WHERE subject = 'holder'"));
    }

    @Test
    @Order(8)
    void whatTheUserMayNotReadIsNamedAndNothingIsDone() throws Exception {
        stack.sql("REVOKE SELECT ON public.note FROM reader");
        refused(keyed("sixth").body(body("person", "3", "asked")).post("/erasures").then(), 409, "permission denied for table note");
        stack.sql("DROP TABLE public.note");
        refused(keyed("sixth").body(body("person", "3", "asked")).post("/erasures").then(), 409, "no column public.note.author_id");
        assertEquals("0", stack.row("SELECT count(*) FROM millrace.subject_erasure WHERE idempotency_key = 'sixth'"));
    }

    @Test
    @Order(9)
    void aSourceThatIsNotProvisionedForItSaysSo() throws Exception {
        stack.sql("DROP TABLE millrace.subject_erasure");
        refused(operator().get("/erasures").then(), 409, "subject_erasure");
        refused(operator().get("/erasures/" + erasure).then(), 409, "subject_erasure");
        refused(operator().body("{\"reason\": \"a mistake\"}").post("/erasures/" + erasure + "/withdrawal").then(), 409, "subject_erasure");
    }

    private static void refused(ValidatableResponse answer, int status, String why) {
        answer.statusCode(status).contentType(PROBLEM).body("why", containsString(why)).body("detail", not(containsString("null"))).body("next", notNullValue());
    }

    private static RequestSpecification anybody() {
        return given().baseUri("http://localhost:" + stack.freePort()).contentType(ContentType.JSON);
    }

    private static RequestSpecification operator() {
        return anybody().header("Authorization", "Bearer " + Stack.TOKEN);
    }

    private static RequestSpecification keyed(String key) {
        return operator().header("Idempotency-Key", key);
    }
}
