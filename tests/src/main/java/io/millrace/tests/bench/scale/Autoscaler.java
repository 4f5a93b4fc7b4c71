package io.millrace.tests.bench.scale;

import java.time.Duration;
import java.util.ArrayDeque;
import java.util.Deque;

/**
 * What KEDA and the autoscaler that it feeds would do: KEDA's kafka scaler wishes for {@code ceil(lag / lagThreshold)} replicas, at
 * most as many as there are partitions with work (here the cap); the autoscaler follows within its behavior, and between none and
 * one KEDA acts itself. See the documentation of KEDA's Apache Kafka scaler and of HorizontalPodAutoscalerBehavior. Not thread-safe.
 */
final class Autoscaler {

    /** @param at nanoTime */
    private record Wish(long at, int replicas) {}

    /** @param by replicas that came, or went where negative; @param at nanoTime */
    private record Step(long at, int by) {}

    private final ScalingRule rule;
    private final Deque<Wish> wishes = new ArrayDeque<>();
    private final Deque<Step> steps = new ArrayDeque<>();
    private int replicas;
    private long active;

    Autoscaler(ScalingRule rule, int replicas, long now) {
        this.rule = rule;
        this.replicas = replicas;
        this.active = now;
    }

    int wish(long lag) {
        long wished = (lag + rule.lagThreshold() - 1) / rule.lagThreshold();
        return Math.clamp(wished, Math.max(1, rule.min()), rule.max());
    }

    /** @return how many replicas there have to be from now on */
    int decide(long lag, long now) {
        if (lag > 0) {
            active = now;
        }
        int before = replicas;
        replicas = replicas == 0 ? (lag > 0 ? 1 : 0) : follow(wish(lag), now);
        if (replicas == 1 && rule.min() == 0 && now - active >= rule.cooldown().toNanos()) {
            replicas = 0;
        }
        if (replicas != before) {
            steps.add(new Step(now, replicas - before));
        }
        return replicas;
    }

    private int follow(int wish, long now) {
        wishes.add(new Wish(now, wish));
        wishes.removeIf(w -> now - w.at() > rule.stabilization().toNanos());
        if (wish > replicas) {
            return Math.min(wish, replicas + Math.max(0, rule.up() - stepped(now, rule.upPeriod(), 1)));
        }
        int stable = wishes.stream().mapToInt(Wish::replicas).max().orElse(wish);
        return stable < replicas ? Math.max(stable, replicas - Math.max(0, rule.down() - stepped(now, rule.downPeriod(), -1))) : replicas;
    }

    /** How many came or went within the period. */
    private int stepped(long now, Duration period, int direction) {
        return steps.stream().filter(s -> now - s.at() < period.toNanos() && Integer.signum(s.by()) == direction).mapToInt(s -> Math.abs(s.by())).sum();
    }
}
