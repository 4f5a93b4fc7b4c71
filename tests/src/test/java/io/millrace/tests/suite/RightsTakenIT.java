package io.millrace.tests.suite;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.millrace.launcher.stack.DemoDatabase;
import io.millrace.launcher.stack.Stage;
import io.millrace.pipeline.file.PipelineFile;
import io.millrace.pipeline.file.PipelineFiles;
import io.millrace.pipeline.file.TableName;
import io.millrace.pipeline.source.SourceUser;
import io.millrace.tests.oracle.IndexReader;
import io.millrace.tests.stack.DemoStack;
import io.millrace.tests.stack.SecuredStack;
import java.io.IOException;
import java.net.URI;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.file.Files;
import java.sql.SQLException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.TreeSet;
import java.util.function.Predicate;
import java.util.stream.Stream;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.common.acl.AccessControlEntryFilter;
import org.apache.kafka.common.acl.AclBinding;
import org.apache.kafka.common.acl.AclBindingFilter;
import org.apache.kafka.common.acl.AclOperation;
import org.apache.kafka.common.acl.AclPermissionType;
import org.apache.kafka.common.resource.PatternType;
import org.apache.kafka.common.resource.ResourcePatternFilter;
import org.apache.kafka.common.resource.ResourceType;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.MethodSource;

/** A right that is taken away while rows change: the service that lacks it says so, and goes on when it has it again; nothing is lost. */
@Tag("long")
@ExtendWith(SecuredStack.Shared.class)
class RightsTakenIT {

    private static final Duration PATIENCE = Duration.ofMinutes(2);

    private final SecuredStack stack;

    RightsTakenIT(SecuredStack stack) {
        this.stack = stack;
    }

    /**
     * A right without which the stage stands still.
     *
     * @param names how the names begin of what the right is for
     * @param operation what health calls it; null where Kafka does not say and the service does not know
     */
    record Right(Stage stage, ResourceType type, String names, String operation) {

        Right(Stage stage, ResourceType type, String names) {
            this(stage, type, names, null);
        }

        /** Whether somebody who reads this knows which right is missing. */
        boolean isNamedIn(String said) {
            return said.contains(names) && (operation == null || said.contains("right " + operation));
        }

        @Override
        public String toString() {
            return stage.stageName() + ": " + type.name().toLowerCase(Locale.ROOT) + "s " + names + "…";
        }
    }

    static Stream<Right> rights() {
        return Stream.of(
                new Right(Stage.CAPTURE, ResourceType.TOPIC, "captured."), new Right(Stage.CAPTURE, ResourceType.TOPIC, "millrace.capture."),
                new Right(Stage.GATE, ResourceType.TOPIC, "captured."), new Right(Stage.GATE, ResourceType.TOPIC, "rows.", "Write"), new Right(Stage.GATE, ResourceType.GROUP, "millrace-gate", "Read"),
                new Right(Stage.DENORMALIZER, ResourceType.TOPIC, "rows."), new Right(Stage.DENORMALIZER, ResourceType.TOPIC, "documents."),
                new Right(Stage.DENORMALIZER, ResourceType.TOPIC, "millrace-denormalizer-"), new Right(Stage.DENORMALIZER, ResourceType.GROUP, "millrace-denormalizer-"),
                new Right(Stage.INDEXER, ResourceType.TOPIC, "documents.", "Read"), new Right(Stage.INDEXER, ResourceType.GROUP, "millrace-indexer", "Read"),
                new Right(Stage.PURGE, ResourceType.TOPIC, "documents.", "Read"), new Right(Stage.PURGE, ResourceType.GROUP, "millrace-purge", "Read"));
    }

    @ParameterizedTest
    @MethodSource("rights")
    void aRightInKafka(Right right) throws Exception {
        try (var admin = Admin.create(stack.kafka())) {
            var taken = List.<AclBinding>copyOf(admin.deleteAcls(List.of(new AclBindingFilter(new ResourcePatternFilter(right.type, right.names, PatternType.PREFIXED),
                    new AccessControlEntryFilter("User:" + right.stage.user(), null, AclOperation.ANY, AclPermissionType.ANY)))).all().get());
            assertFalse(taken.isEmpty(), () -> "there is such a right: " + right);
            try {
                traffic();
                // The purge service is ready all the same: erasures are taken, and only seen carried out later.
                awaitComplaint(right.stage, right.stage == Stage.PURGE ? 200 : 503, right::isNamedIn, "authoriz", "not allowed", "may not", "denied");
            } finally {
                admin.createAcls(taken).all().get();
            }
        }
        traffic();
        awaitReady(right.stage);
    }

    @Test
    void aRightInTheSearchEngine() throws Exception {
        var index = stack.index();
        var role = "/_plugins/_security/api/roles/millrace-search-indexer";
        var whole = stack.get(stack.process("search").address() + role, stack.access().admin().orElseThrow()).body();
        put(index, role, "{\"description\":\"made by millrace\"}");
        try {
            traffic();
            awaitComplaint(Stage.INDEXER, "403", "no permissions", "more than may be done");
        } finally {
            put(index, role, whole.substring(whole.indexOf(':') + 1, whole.lastIndexOf('}')));
        }
        awaitReady(Stage.INDEXER);
    }

    /** Schemas that a service has seen already it does not ask for again, so the table gets a new one. */
    @ParameterizedTest
    @EnumSource(value = Stage.class, names = {"CAPTURE", "GATE"})
    void aRoleInTheRegistry(Stage stage) throws Exception {
        assertEquals(204, role("DELETE", "/" + stage.user(), null));
        try {
            sql("ALTER TABLE public.tag ADD COLUMN IF NOT EXISTS while_" + stage.stageName() + "_has_no_role text", "UPDATE public.tag SET while_" + stage.stageName() + "_has_no_role = 'x' WHERE id = (SELECT min(id) FROM public.tag)");
            awaitComplaint(stage, "403", "more than may be done");
        } finally {
            assertEquals(204, role("POST", "", "{\"principalId\":\"" + stage.user() + "\",\"role\":\"DEVELOPER\"}"));
        }
        traffic();
        awaitReady(stage);
    }

    private int role(String method, String path, String body) throws IOException, InterruptedException {
        var request = HttpRequest.newBuilder(URI.create(stack.process("registry").address() + "/admin/roleMappings" + path)).header("Content-Type", "application/json").header("Authorization", stack.access().admin().orElseThrow())
                .method(method, body == null ? HttpRequest.BodyPublishers.noBody() : HttpRequest.BodyPublishers.ofString(body)).build();
        try (var http = stack.access().http().build()) {
            return http.send(request, HttpResponse.BodyHandlers.discarding()).statusCode();
        }
    }

    private static void put(IndexReader index, String path, String role) {
        index.ask("PUT", path, role);
    }

    /**
     * A right of a stage's role in the source database.
     *
     * @param status of its health without that right: 200 where the stage goes on with what needs none of it
     */
    record Granted(Stage stage, int status, String privilege, String table) {

        /** Whether somebody who reads this knows which right is missing. */
        boolean isNamedIn(String said) {
            return said.contains("no right to " + privilege + " on " + table) || stage == Stage.CAPTURE && (said.contains("may not read the table " + table) || said.contains("permission denied for table " + TableName.parse(table).table()));
        }

        @Override
        public String toString() {
            return stage.stageName() + ": " + privilege + " on " + table;
        }
    }

    private static String role(Stage stage) {
        return DemoDatabase.role(stage == Stage.CAPTURE ? SourceUser.CAPTURE : SourceUser.PURGE);
    }

    /** Of a table with large values an update that leaves them as they are parks it, which a person ends: what is left of them cannot be read back. */
    static Stream<Granted> granted() {
        return Stream.of(
                new Granted(Stage.CAPTURE, 503, "SELECT", "public.tag"), new Granted(Stage.CAPTURE, 503, "SELECT", "millrace.outboxevent"), new Granted(Stage.CAPTURE, 503, "UPDATE", "millrace.heartbeat"),
                new Granted(Stage.PURGE, 503, "INSERT", "millrace.outboxevent"), new Granted(Stage.PURGE, 503, "INSERT", "millrace.purge_audit"), new Granted(Stage.PURGE, 503, "SELECT", "millrace.purge_outcome"),
                new Granted(Stage.PURGE, 200, "SELECT", "public.tag"), new Granted(Stage.PURGE, 200, "UPDATE", "millrace.heartbeat"), new Granted(Stage.PURGE, 200, "INSERT", "millrace.verification"),
                new Granted(Stage.PURGE, 200, "UPDATE", "millrace.retention_run"), new Granted(Stage.PURGE, 200, "SELECT", "millrace.subject_erasure"));
    }

    @ParameterizedTest
    @MethodSource("granted")
    void aRightInTheDatabase(Granted right) throws Exception {
        sql("REVOKE " + right.privilege + " ON " + right.table + " FROM " + role(right.stage));
        try {
            traffic();
            awaitComplaint(right.stage, right.status, right::isNamedIn, "");
        } finally {
            sql("GRANT " + right.privilege + " ON " + right.table + " TO " + role(right.stage));
        }
        traffic();
        awaitReady(right.stage);
    }

    @ParameterizedTest
    @EnumSource(value = Stage.class, names = {"CAPTURE", "PURGE"})
    void theRightToLogInAtTheDatabase(Stage stage) throws Exception {
        var role = role(stage);
        sql("ALTER ROLE " + role + " NOLOGIN", "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = '" + role + "'");
        try {
            awaitComplaint(stage, "login", "log in", "refuses");
        } finally {
            sql("ALTER ROLE " + role + " LOGIN");
        }
        awaitReady(stage);
    }

    @Test
    void theRightToReplicate() throws Exception {
        sql("ALTER ROLE millrace NOREPLICATION", "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = 'millrace'");
        try {
            traffic();
            awaitComplaint(Stage.CAPTURE, "may not replicate", "the replication attribute");
        } finally {
            sql("ALTER ROLE millrace REPLICATION");
        }
        awaitReady(Stage.CAPTURE);
    }

    @Test
    void theRightOfTheConsoleToReadRowsIsNamedBesideTheDocumentThatItStillShows() throws Exception {
        var id = stack.index().read("monitors").firstKey();
        assertTrue(document(id).contains("\"comparison\":\"agrees\""));
        sql("REVOKE SELECT ON public.team FROM millrace_console");
        try {
            var told = document(id);
            assertTrue(told.contains("permission denied for table team; give the role that right: ./millrace apply") && told.contains("\"comparison\":\"unknown\"") && told.contains("\"inIndex\":true"), told);
        } finally {
            sql("GRANT SELECT ON public.team TO millrace_console");
        }
        assertTrue(document(id).contains("\"comparison\":\"agrees\""));
    }

    private String document(String id) throws Exception {
        return stack.get(stack.process("console").address() + "/api/pipelines/monitors/documents/" + id, "Bearer " + Files.readString(stack.data().resolve("token")).strip()).body();
    }

    /** With these rights everything works that this and the other suites of the secured stack do. */
    @ParameterizedTest
    @EnumSource(SourceUser.class)
    void aRoleHasTheRightsThatItsServiceNeedsAndNoOther(SourceUser user) throws Exception {
        var role = DemoDatabase.role(user);
        var expected = new TreeSet<String>();
        SourceUser.rights(List.of(user), PipelineFiles.load(List.of(DemoStack.home().resolve("deploy/demo/pipelines"))).stream().map(PipelineFile::pipeline).toList())
                .forEach((table, rights) -> rights.forEach(right -> expected.add(right + " " + table)));
        assertEquals(expected, new TreeSet<>(texts("""
                SELECT DISTINCT a.privilege_type || ' ' || n.nspname || '.' || c.relname FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace, aclexplode(c.relacl) a
                WHERE n.nspname !~ '^pg_' AND n.nspname <> 'information_schema' AND a.grantee IN (0::oid, '%s'::regrole::oid)""".formatted(role))));
        assertEquals(List.of("false false false false " + (user == SourceUser.CAPTURE)), texts("SELECT concat_ws(' ', rolsuper::text, rolcreaterole::text, rolcreatedb::text, rolbypassrls::text, rolreplication::text) FROM pg_roles WHERE rolname = '" + role + "'"));
        assertEquals(List.of(), texts("SELECT roleid::regrole::text FROM pg_auth_members WHERE member = '" + role + "'::regrole"));
        assertEquals(List.of("true"), texts("SELECT (count(*) > 0)::text FROM pg_stat_activity WHERE usename = '" + DemoDatabase.role(SourceUser.PURGE) + "'"), "the purge service comes as its own role");
    }

    private List<String> texts(String query) throws SQLException {
        var texts = new ArrayList<String>();
        try (var connection = stack.connect(); var statement = connection.createStatement(); var rows = statement.executeQuery(query)) {
            while (rows.next()) {
                texts.add(rows.getString(1));
            }
        }
        return texts;
    }

    @AfterEach
    void nothingIsLost() throws Exception {
        stack.settled().await().forEach(comparison -> assertEquals(0, comparison.differences().size(), comparison::describe));
    }

    private void traffic() throws Exception {
        assertEquals(0, stack.run("demo", "traffic", "--rate", "50", "--seconds", "3").code());
    }

    private void sql(String... statements) throws Exception {
        try (var connection = stack.connect(); var statement = connection.createStatement()) {
            for (var sql : statements) {
                statement.execute(sql);
            }
        } catch (SQLException e) {
            throw new IllegalStateException(e);
        }
    }

    private void awaitComplaint(Stage stage, String... words) {
        awaitComplaint(stage, 503, _ -> true, words);
    }

    private void awaitComplaint(Stage stage, int status, Predicate<String> isNamed, String... words) {
        Awaitility.await(stage + " says which right it lacks").pollInterval(Duration.ofSeconds(1)).atMost(PATIENCE).untilAsserted(() -> {
            var said = stack.health(stage.stageName());
            if (!said.startsWith(Integer.toString(status)) || Stream.of(words).noneMatch(said.toLowerCase(Locale.ROOT)::contains) || !isNamed.test(said)) {
                throw new AssertionError(stage + " says: " + said);
            }
            System.out.println(stage + " lacks a right and says: " + said);
        });
    }

    private void awaitReady(Stage stage) {
        Awaitility.await(stage + " goes on").pollInterval(Duration.ofSeconds(1)).atMost(PATIENCE).untilAsserted(() -> {
            var said = stack.health(stage.stageName());
            if (!said.startsWith("200") || said.contains("may not read") || said.contains("no right to")) {
                throw new AssertionError(stage + " says: " + said);
            }
        });
    }
}
