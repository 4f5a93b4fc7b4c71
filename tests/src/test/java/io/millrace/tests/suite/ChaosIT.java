package io.millrace.tests.suite;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.millrace.launcher.stack.Stage;
import io.millrace.local.ManagedProcess;
import io.millrace.tests.stack.BackgroundTraffic;
import io.millrace.tests.stack.DemoStack;
import io.millrace.tests.stack.Health;
import io.millrace.tests.stack.SharedStack;
import java.io.IOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import java.util.Random;
import java.util.TreeMap;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;

/**
 * Services and servers, up to three at once, are killed or frozen for up to half a minute while rows change, in an order that a seed draws: nobody is asked to mend anything, and every document is right. On a secured stack with
 * {@code -Dmillrace.tests.secured=true}.
 */
@Tag("long")
@ExtendWith(SharedStack.class)
class ChaosIT {

    private static final int RATE = 100;
    private static final Duration MINUTES = Duration.ofMinutes(Integer.getInteger("millrace.chaos.minutes", 5));
    private static final long SEED = Long.getLong("millrace.chaos.seed", 29);
    private static final int MOST_AT_ONCE = 3;
    private static final int LONGEST_SECONDS = 30;

    private final DemoStack stack;
    private final Health health;

    ChaosIT(DemoStack stack) {
        this.stack = stack;
        this.health = new Health(stack);
    }

    @Test
    void whatIsKilledAndFrozenTogetherComesBackAndEveryDocumentIsRight() throws Exception {
        var random = new Random(SEED);
        var deeds = new TreeMap<String, Integer>();
        long end = System.nanoTime() + MINUTES.toNanos();
        try (var traffic = BackgroundTraffic.throughOutages(stack, SEED, RATE)) {
            while (System.nanoTime() < end) {
                disturb(random, deeds);
                Thread.sleep(Duration.ofSeconds(random.nextInt(LONGEST_SECONDS)));
            }
            traffic.stop();
        }
        Arrays.stream(Stage.values()).forEach(health::awaitReady);
        stack.settled().await().forEach(comparison -> assertEquals(0, comparison.differences().size(), () -> "seed " + SEED + ", " + deeds + ": " + comparison.describe()));
        assertTrue(deeds.size() > 1, deeds::toString);
        System.out.printf("Seed %d, %d minutes: %s, zero differences%n", SEED, MINUTES.toMinutes(), deeds);
    }

    /** @param deeds counts what was done to whom */
    private void disturb(Random random, TreeMap<String, Integer> deeds) throws IOException, InterruptedException {
        var victims = everybody();
        Collections.shuffle(victims, random);
        victims = victims.subList(0, 1 + random.nextInt(MOST_AT_ONCE));
        boolean kill = random.nextBoolean();
        var away = Duration.ofSeconds(random.nextInt(LONGEST_SECONDS));
        for (var victim : victims) {
            deeds.merge(victim.name() + (kill ? " killed" : " frozen"), 1, Integer::sum);
            if (kill) {
                victim.kill();
            } else {
                DemoStack.signal(victim, "STOP");
            }
        }
        Thread.sleep(away);
        for (var victim : victims) {
            if (kill) {
                victim.launch();
            } else {
                DemoStack.signal(victim, "CONT");
            }
        }
        victims.forEach(ManagedProcess::awaitReady);
    }

    private List<ManagedProcess> everybody() {
        var all = new ArrayList<>(stack.stack().servers().servers());
        for (var stage : Stage.values()) {
            all.add(stack.process(stage));
        }
        return all;
    }
}
