package io.millrace.tests.suite;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;

import io.millrace.launcher.stack.Stage;
import io.millrace.tests.oracle.IndexReader;
import io.millrace.tests.stack.SecuredStack;
import java.sql.SQLException;
import java.time.Duration;
import java.util.List;
import java.util.Locale;
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

    private static void put(IndexReader index, String path, String role) {
        index.ask("PUT", path, role);
    }

    @Test
    void theRightToLogInAtTheDatabase() throws Exception {
        sql("ALTER ROLE millrace NOLOGIN", "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = 'millrace'");
        try {
            awaitComplaint(Stage.CAPTURE, "login", "log in", "refuses");
        } finally {
            sql("ALTER ROLE millrace LOGIN");
        }
        awaitReady(Stage.CAPTURE);
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
    void theRightToTakeErasures() throws Exception {
        sql("REVOKE INSERT ON millrace.purge_audit FROM millrace");
        try {
            awaitComplaint(Stage.PURGE, "no right to read and insert into millrace.purge_audit");
        } finally {
            sql("GRANT INSERT ON millrace.purge_audit TO millrace");
        }
        awaitReady(Stage.PURGE);
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
            if (!said.startsWith("200") || said.contains("may not read")) {
                throw new AssertionError(stage + " says: " + said);
            }
        });
    }
}
