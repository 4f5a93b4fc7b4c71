package io.millrace.console.manage;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.sql.SQLException;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;

class CrowdTest {

    private static final Question ALL = Question.of("", "", "", "", "", "", "modified", 0);
    private static final Answer NOTHING = new Answer(0, List.of(), Map.of(), Map.of(), Map.of(), Map.of());
    private static final Duration SHORT = Duration.ofMillis(200);

    /** Of users who are there now, the most that ever were, and those who asked. */
    private final AtomicInteger open = new AtomicInteger();
    private final AtomicInteger most = new AtomicInteger();
    private final AtomicInteger asked = new AtomicInteger();

    private interface Answering {
        void answer(int nth) throws IOException, InterruptedException;
    }

    private Side answering(Answering how) {
        return question -> {
            most.accumulateAndGet(open.incrementAndGet(), Math::max);
            return new Side.Session() {
                @Override
                public Answer ask() throws IOException, InterruptedException {
                    how.answer(asked.incrementAndGet());
                    return NOTHING;
                }

                @Override
                public void close() {
                    open.decrementAndGet();
                }
            };
        };
    }

    @Test
    void eachUserAsksAgainAndWhatIsDueAtTheEndIsWaitedForButNotInTime() throws Exception {
        var crowd = Crowd.of(answering(nth -> Thread.sleep(nth <= 3 ? 0 : 700)), ALL, 3, Duration.ofMillis(500));
        assertEquals(6, asked.get(), "two questions of each");
        assertEquals(3, crowd.answers(), "those that came in time");
        assertTrue(crowd.p50() < 700 && crowd.p90() >= 700, crowd::toString);
        assertEquals("3 0.5 null", crowd.users() + " " + crowd.seconds() + " " + crowd.failure());
        assertEquals("3 0", most + " " + open, "as many connections as users, and all are closed");
    }

    @Test
    void whoIsNotAnsweredAsksNoMoreAndCountsAsTheSlowest() throws Exception {
        var crowd = Crowd.of(answering(nth -> {
            if (nth > 8) {
                throw new IOException("gave up");
            }
        }), ALL, 2, Duration.ofMinutes(1));
        assertEquals("gave up", crowd.failure());
        assertEquals(8, crowd.answers());
        assertTrue(crowd.p50() < 60_000, crowd::toString);
        assertNull(crowd.p90(), "of 10 questions 2 were not answered");
        assertEquals(10, asked.get());
        assertEquals(0, open.get());
    }

    @Test
    void nobodyIsAnsweredWhereAllFail() throws Exception {
        var crowd = Crowd.of(answering(_ -> {
            throw new IOException("away");
        }), ALL, 2, SHORT);
        assertEquals(new Crowd(2, 0.2, 0, null, null, "away"), crowd);
        assertEquals(2, asked.get());
    }

    @Test
    void moreUsersThanMayAreNotLetIn() {
        assertThrows(IllegalArgumentException.class, () -> Crowd.of(answering(_ -> {}), ALL, Crowd.MOST + 1, SHORT));
        assertEquals(0, most.get());
    }

    @Test
    void thoseWhoCameInAreClosedWhereOneCouldNotCome() {
        var side = answering(_ -> {});
        assertThrows(SQLException.class, () -> Crowd.of(question -> {
            if (open.get() == 3) {
                throw new SQLException("too many connections");
            }
            return side.open(question);
        }, ALL, 5, SHORT));
        assertEquals("3 0", most + " " + open);
    }
}
