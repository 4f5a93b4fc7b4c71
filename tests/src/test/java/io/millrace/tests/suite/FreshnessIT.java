package io.millrace.tests.suite;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.millrace.tests.stack.DemoStack;
import io.millrace.tests.stack.SharedStack;
import java.sql.SQLException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;

/** How long after its commit a change is found by a search. */
@ExtendWith(SharedStack.class)
class FreshnessIT {

    /** The aim is a second on a quiet machine; a test must hold on a busy one. */
    private static final Duration AT_MOST = Duration.ofSeconds(3);
    private static final int UPDATES = 8;

    private final DemoStack stack;

    FreshnessIT(DemoStack stack) {
        this.stack = stack;
    }

    @Test
    void anUpdateIsFoundByASearchSoonAfterItsCommit() throws SQLException {
        stack.settled().await();
        var times = new ArrayList<Duration>();
        try (var connection = stack.connect(); var statement = connection.createStatement()) {
            String id;
            try (var row = statement.executeQuery("SELECT min(id)::text FROM public.monitor")) {
                row.next();
                id = row.getString(1);
            }
            for (int i = 0; i < UPDATES; i++) {
                var needle = "needle" + i;
                statement.executeUpdate("UPDATE public.monitor SET name = 'Found by its " + needle + "' WHERE id = " + id);
                long committed = System.nanoTime();
                Awaitility.await("the search finds " + needle).pollInSameThread().pollDelay(Duration.ZERO).pollInterval(Duration.ofMillis(10)).atMost(Duration.ofSeconds(20))
                        .until(() -> stack.index().search("monitors", "{\"match\":{\"name\":\"" + needle + "\"}}").equals(List.of(id)));
                times.add(Duration.ofNanos(System.nanoTime() - committed));
            }
        }
        times.sort(null);
        System.out.printf("commit to found by a search: median %d ms, slowest %d ms of %d%n", times.get(UPDATES / 2).toMillis(), times.getLast().toMillis(), UPDATES);
        // The first may wait for a page that was cold.
        assertTrue(times.get(UPDATES / 2).compareTo(AT_MOST) < 0, () -> "took " + times);
        assertEquals(UPDATES, times.size());
    }
}
