package io.millrace.tests.bench.scale;

import static org.junit.jupiter.api.Assertions.assertEquals;

import io.millrace.tests.stack.DemoStack;
import java.time.Duration;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;

class AutoscalerTest {

    private static final ScalingRule RULE = new ScalingRule(1, 4, 100, 2, Duration.ofSeconds(60), 1, Duration.ofSeconds(60), Duration.ofSeconds(300), Duration.ofSeconds(600));

    @Test
    void wishesForOneReplicaForEachThresholdOfLagUpToTheCap() {
        var scaler = new Autoscaler(RULE, 1, 0);
        assertEquals(1, scaler.wish(0));
        assertEquals(1, scaler.wish(100));
        assertEquals(2, scaler.wish(101));
        assertEquals(4, scaler.wish(100_000));
    }

    @Test
    void addsNoMoreThanThePolicyAllowsInItsPeriod() {
        var scaler = new Autoscaler(RULE, 1, 0);
        assertEquals(3, scaler.decide(1_000, seconds(0)));
        assertEquals(3, scaler.decide(1_000, seconds(30)));
        assertEquals(4, scaler.decide(1_000, seconds(60)));
    }

    @Test
    void removesOneAPeriodOnceTheWishHasLasted() {
        var scaler = new Autoscaler(RULE, 4, 0);
        assertEquals(4, scaler.decide(400, seconds(0)));
        assertEquals(4, scaler.decide(0, seconds(10)));
        assertEquals(4, scaler.decide(0, seconds(300)));
        assertEquals(3, scaler.decide(0, seconds(301)));
        assertEquals(3, scaler.decide(0, seconds(330)));
        assertEquals(2, scaler.decide(0, seconds(361)));
    }

    @Test
    void sleepsAfterTheCooldownOnlyWhereNoneIsAllowedAndWakesAtTheFirstRecord() {
        var awake = new Autoscaler(RULE, 1, 0);
        assertEquals(1, awake.decide(0, seconds(1_000)));
        var sleepy = new Autoscaler(RULE.withNone(), 1, 0);
        assertEquals(1, sleepy.decide(0, seconds(599)));
        assertEquals(0, sleepy.decide(0, seconds(600)));
        assertEquals(0, sleepy.decide(0, seconds(700)));
        assertEquals(1, sleepy.decide(1, seconds(701)));
    }

    @Test
    void readsWhatTheScaledObjectOfTheGateSays() {
        var rule = ScalingRule.read(DemoStack.home().resolve("deploy/kubernetes/components/keda/schema-registry-gate.yaml"));
        assertEquals(new ScalingRule(1, 4, 20_000, 2, Duration.ofSeconds(60), 1, Duration.ofSeconds(60), Duration.ofSeconds(300), Duration.ofSeconds(600)), rule);
        assertEquals(new ScalingRule(0, 4, 400, 2, Duration.ofSeconds(2), 1, Duration.ofSeconds(2), Duration.ofSeconds(10), Duration.ofSeconds(20)), rule.withNone().reduced(30, 50));
    }

    private static long seconds(long seconds) {
        return TimeUnit.SECONDS.toNanos(seconds);
    }
}
