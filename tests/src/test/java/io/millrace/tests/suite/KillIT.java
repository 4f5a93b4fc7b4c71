package io.millrace.tests.suite;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;

import io.millrace.launcher.stack.Stage;
import io.millrace.tests.stack.BackgroundTraffic;
import io.millrace.tests.stack.DemoStack;
import io.millrace.tests.stack.SharedStack;
import java.time.Duration;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** kill -9 of each service while rows change: nothing is lost, nothing goes backwards, nothing comes back. */
@ExtendWith(SharedStack.class)
class KillIT {

    private static final int RATE = 250;

    private final DemoStack stack;

    KillIT(DemoStack stack) {
        this.stack = stack;
    }

    @ParameterizedTest
    @EnumSource(mode = EnumSource.Mode.EXCLUDE, names = "CONSOLE")
    void aKilledServiceGoesOnWhereItWasAndEveryDocumentIsRight(Stage stage) throws Exception {
        try (var traffic = BackgroundTraffic.start(stack, 200 + stage.ordinal(), RATE)) {
            awaitMore(traffic, 50);
            long before = stack.process(stage).running().orElseThrow().pid();
            stack.process(stage).kill();
            // Rows change while the stage is away, while it starts, and after it has started.
            awaitMore(traffic, 50);
            stack.process(stage).start();
            awaitMore(traffic, 50);
            traffic.stop();
            assertNotEquals(before, stack.process(stage).running().orElseThrow().pid());
        }
        stack.settled().await().forEach(comparison -> assertEquals(0, comparison.differences().size(), comparison::describe));
    }

    private static void awaitMore(BackgroundTraffic traffic, int transactions) {
        long until = traffic.transactions() + transactions;
        Awaitility.await("the traffic goes on").atMost(Duration.ofSeconds(60)).until(() -> traffic.transactions() >= until);
    }
}
