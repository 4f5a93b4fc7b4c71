package io.millrace.tests.suite;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.millrace.demo.Traffic;
import io.millrace.tests.oracle.Comparison;
import io.millrace.tests.stack.BackgroundTraffic;
import io.millrace.tests.stack.DemoStack;
import io.millrace.tests.stack.SharedStack;
import java.sql.SQLException;
import java.time.Duration;
import java.util.EnumSet;
import java.util.List;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.MethodOrderer;
import org.junit.jupiter.api.Order;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestMethodOrder;
import org.junit.jupiter.api.extension.ExtendWith;

/** After writes stop, every document is the SQL join of its rows, byte for byte. */
@ExtendWith(SharedStack.class)
@TestMethodOrder(MethodOrderer.OrderAnnotation.class)
class ConvergenceIT {

    private static final int RATE = 400;
    private static final int TRANSACTIONS = 1_500;

    private final DemoStack stack;

    ConvergenceIT(DemoStack stack) {
        this.stack = stack;
    }

    @Test
    @Order(1)
    void whatTheSnapshotFoundIsInTheIndex() {
        report(stack.settled().await());
    }

    @Test
    void randomTransactionsOfThreeWritersOnAllTablesArriveWhole() throws Exception {
        var deeds = EnumSet.noneOf(Traffic.Deed.class);
        long changes = 0;
        try (var first = BackgroundTraffic.start(stack, 101, RATE); var second = BackgroundTraffic.start(stack, 102, RATE); var third = BackgroundTraffic.start(stack, 103, RATE)) {
            Awaitility.await("the traffic goes on").atMost(Duration.ofMinutes(2)).until(() -> first.transactions() + second.transactions() + third.transactions() >= TRANSACTIONS);
            for (var done : List.of(first.stop(), second.stop(), third.stop())) {
                deeds.addAll(done.deeds().keySet());
                changes += done.changes();
            }
        }
        assertEquals(EnumSet.allOf(Traffic.Deed.class), deeds, "every kind of transaction was made");
        assertTrue(changes > 1_000, () -> "enough was done");
        report(stack.settled().await());
    }

    @Test
    void aTruncatedTableLeavesEveryDocument() throws SQLException {
        try (var connection = stack.connect(); var statement = connection.createStatement()) {
            statement.execute("TRUNCATE public.monitor_recipient");
            statement.execute("INSERT INTO public.monitor_recipient (monitor_id, kind, address) SELECT id, 'chat', 'after the truncate' FROM public.monitor WHERE id % 3 = 0");
        }
        report(stack.settled().await());
    }

    private static void report(List<Comparison> comparisons) {
        assertEquals(2, comparisons.size());
        for (var comparison : comparisons) {
            assertTrue(comparison.agrees() && comparison.expected() > 0, comparison.describe());
            System.out.println(comparison.describe());
        }
    }
}
