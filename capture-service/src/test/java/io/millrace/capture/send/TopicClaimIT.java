package io.millrace.capture.send;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.millrace.capture.source.LockLostException;
import io.millrace.capture.source.SourceConnection;
import io.millrace.capture.source.SourceLock;
import io.millrace.local.LocalServers;
import io.millrace.local.Ports;
import io.millrace.pipeline.file.Reference;
import io.millrace.pipeline.liveness.Loops;
import java.nio.file.Path;
import java.sql.DriverManager;
import java.sql.SQLException;
import java.time.Duration;
import java.util.Map;
import java.util.regex.Pattern;
import org.awaitility.Awaitility;
import org.awaitility.core.ConditionFactory;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Claims of processes that capture two servers into one Kafka. */
@Tag("long")
class TopicClaimIT {

    /** Some signs, also on a busy machine. */
    private static final Duration SIGNS = Duration.ofSeconds(60);

    @TempDir
    private static Path folder;
    /** With Kafka. */
    private static LocalServers former;
    private static LocalServers promoted;

    @BeforeAll
    static void startServers() {
        former = LocalServers.in(folder.resolve("former"), Ports.free(), Map.of(), Map.of());
        promoted = LocalServers.in(folder.resolve("promoted"), Ports.free(), Map.of(), Map.of());
        former.postgres().launch();
        promoted.postgres().launch();
        former.kafka().launch();
        former.postgres().awaitReady();
        promoted.postgres().awaitReady();
        former.kafka().awaitReady();
    }

    @AfterAll
    static void stopServers() {
        former.kafka().kill();
        former.postgres().kill();
        promoted.postgres().kill();
    }

    /** As much of a capture as the claim needs. */
    private static final class Claimant implements AutoCloseable {
        private final LocalServers database;
        private final Loops loops = new Loops();
        private final SourceLock lock;
        private final StateTopic state;
        private final TopicClaim claim;

        Claimant(LocalServers database, String source) throws Exception {
            this.database = database;
            this.lock = new SourceLock(new SourceConnection(database.jdbcUrl("postgres"), database.postgresUser(), new Reference.Literal(database.postgresPassword())), source);
            this.state = new StateTopic(new KafkaSettings(Map.of("bootstrap.servers", former.kafkaBootstrap())), "state." + source, Map.of("cleanup.policy", "compact"));
            this.claim = new TopicClaim(state, lock, source, loops);
            state.create();
        }

        String take() throws Exception {
            assertNull(lock.take());
            return claim.take(_ -> Thread.sleep(200));
        }

        /** As a killed process leaves it. */
        void crash() {
            claim.close();
            lock.close();
        }

        void end() {
            lock.close();
            claim.release();
        }

        long sign() {
            var found = Pattern.compile("\"sign\":(\\d+)").matcher(state.read().toString());
            return found.find() ? Long.parseLong(found.group(1)) : 0;
        }

        @Override
        public void close() {
            end();
            claim.close();
            state.close();
            assertEquals(0, loops.troubles().size(), loops.troubles().toString());
        }
    }

    private static ConditionFactory await() {
        return Awaitility.await().atMost(SIGNS).pollInterval(Duration.ofMillis(200));
    }

    @Test
    void aRefusedOneTakesOverFromOneThatDiedWhileItWroteForItsOwnServer() throws Exception {
        try (var first = new Claimant(former, "died"); var second = new Claimant(promoted, "died"); var third = new Claimant(promoted, "died")) {
            assertNull(first.take());
            assertTrue(second.take().startsWith("Another capture writes"));
            second.end();
            first.end();
            assertNull(third.take());
            third.crash();
            assertNull(second.take(), "the other one wrote for this very server");
        }
    }

    @Test
    void aRefusedOneThatStandsByForOneOfItsOwnServerTakesOverFromIt() throws Exception {
        try (var first = new Claimant(former, "moved"); var second = new Claimant(promoted, "moved"); var third = new Claimant(promoted, "moved")) {
            assertNull(first.take());
            assertTrue(second.take().startsWith("Another capture writes"));
            second.end();
            first.end();
            assertNull(third.take());
            assertNotNull(second.lock.take());
            second.claim.standBy();
            third.end();
            assertNull(second.take());
        }
    }

    @Test
    void aPersonsWordCountsOnceTheOtherOneIsGoneAndNotBefore() throws Exception {
        try (var first = new Claimant(former, "decided"); var second = new Claimant(promoted, "decided")) {
            assertNull(first.take());
            var why = second.take();
            assertEquals(why, second.claim.standing(), "a word would be in vain");
            second.claim.allow();
            assertTrue(second.take().startsWith("Another capture writes"));
            first.end();
            assertTrue(second.take().contains("It has ended by now"));
            assertNull(second.claim.standing());
            second.claim.allow();
            assertNull(second.take());
        }
    }

    @Test
    void whoLosesItsLockSignsAgainOnceItHasIt() throws Exception {
        try (var first = new Claimant(former, "lost")) {
            assertNull(first.take());
            sql("SELECT pg_terminate_backend(pid) FROM pg_locks WHERE locktype = 'advisory' AND granted");
            await().until(() -> {
                try {
                    first.lock.check();
                    return false;
                } catch (LockLostException _) {
                    return true;
                }
            });
            long before = first.sign();
            // A sign or two would have been due meanwhile.
            await().pollDelay(Duration.ofSeconds(7)).until(() -> first.sign() <= before + 1);
            assertNull(first.take());
            long again = first.sign();
            await().until(() -> first.sign() >= again + 2);
        }
    }

    @Test
    void aClaimThatNobodyCanReadHoldsTheWriterUpUntilItIsGone() throws Exception {
        try (var first = new Claimant(former, "unread"); var stranger = new Claimant(former, "unread")) {
            assertNull(first.take());
            stranger.state.write("writer of a later version", "{");
            await().until(() -> isHeldUp(first));
            assertTrue(isHeldUp(first), "it is not forgotten");
            await().pollDelay(Duration.ofSeconds(7)).until(() -> isHeldUp(first));
            stranger.state.write("writer of a later version", null);
            await().until(() -> !isHeldUp(first));
            long sign = first.sign();
            await().until(() -> first.sign() >= sign + 2);
        }
    }

    private static boolean isHeldUp(Claimant one) throws InterruptedException {
        try {
            one.claim.check();
            return false;
        } catch (SendException e) {
            return e.getMessage().contains("cannot be read");
        }
    }

    @Test
    void whatALateOneWroteOverIsWrittenAgain() throws Exception {
        try (var first = new Claimant(former, "late"); var late = new Claimant(former, "late")) {
            assertNull(first.take());
            first.state.write("tables", "as they are");
            first.state.write("gone", "for a while");
            first.state.write("gone", null);
            late.state.write(Map.of("tables", "as they were", "gone", "and back"));
            await().until(() -> "as they are".equals(first.state.read().get("tables")) && !first.state.read().containsKey("gone"));
            first.claim.check();
        }
    }

    @Test
    void aStopDoesNotWaitForASignThatKafkaDoesNotTake() throws Exception {
        try (var first = new Claimant(former, "stopped")) {
            assertNull(first.take());
            former.kafka().stop();
            try {
                await().pollDelay(Duration.ofSeconds(4)).until(() -> true);
                long began = System.nanoTime();
                first.end();
                var took = Duration.ofNanos(System.nanoTime() - began);
                assertTrue(took.compareTo(Duration.ofSeconds(5)) < 0, took.toString());
            } finally {
                former.kafka().start();
            }
        }
    }

    private static void sql(String statement) throws SQLException {
        try (var connection = DriverManager.getConnection(former.jdbcUrl("postgres"), former.postgresUser(), former.postgresPassword()); var told = connection.createStatement()) {
            told.execute(statement);
        }
    }
}
