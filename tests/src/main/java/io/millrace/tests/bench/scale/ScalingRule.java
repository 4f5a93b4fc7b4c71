package io.millrace.tests.bench.scale;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import org.yaml.snakeyaml.LoaderOptions;
import org.yaml.snakeyaml.Yaml;
import org.yaml.snakeyaml.constructor.SafeConstructor;

/**
 * What a ScaledObject says about one stage.
 *
 * @param lagThreshold records of lag for each replica
 * @param up how many replicas may come within {@code upPeriod}
 * @param down how many may go within {@code downPeriod}
 * @param stabilization how long a wish for fewer has to last before one goes
 * @param cooldown how long there must have been nothing before none is left
 */
record ScalingRule(int min, int max, long lagThreshold, int up, Duration upPeriod, int down, Duration downPeriod, Duration stabilization, Duration cooldown) {

    /** @throws UncheckedIOException when the file cannot be read */
    static ScalingRule read(Path scaledObject) {
        try (var in = Files.newInputStream(scaledObject)) {
            var spec = at(new Yaml(new SafeConstructor(new LoaderOptions())).<Map<String, Object>>load(in), "spec");
            var behavior = at(spec, "advanced", "horizontalPodAutoscalerConfig", "behavior");
            var up = first(at(behavior, "scaleUp"), "policies");
            var down = first(at(behavior, "scaleDown"), "policies");
            var trigger = at(first(spec, "triggers"), "metadata");
            return new ScalingRule(number(spec, "minReplicaCount"), number(spec, "maxReplicaCount"), Long.parseLong((String) trigger.get("lagThreshold")),
                    number(up, "value"), seconds(up, "periodSeconds"), number(down, "value"), seconds(down, "periodSeconds"),
                    seconds(at(behavior, "scaleDown"), "stabilizationWindowSeconds"), seconds(spec, "cooldownPeriod"));
        } catch (IOException e) {
            throw new UncheckedIOException("Reading the ScaledObject " + scaledObject + " failed", e);
        }
    }

    /** The same in less time and with less lag, so that a small machine goes through it in minutes. */
    ScalingRule reduced(int hurry, int shrink) {
        return new ScalingRule(min, max, Math.max(1, lagThreshold / shrink), up, upPeriod.dividedBy(hurry), down, downPeriod.dividedBy(hurry), stabilization.dividedBy(hurry), cooldown.dividedBy(hurry));
    }

    /** As {@code components/scale-to-zero} has it. */
    ScalingRule withNone() {
        return new ScalingRule(0, max, lagThreshold, up, upPeriod, down, downPeriod, stabilization, cooldown);
    }

    @SuppressWarnings("unchecked")
    private static Map<String, Object> at(Map<String, Object> map, String... keys) {
        for (var key : keys) {
            map = (Map<String, Object>) map.get(key);
        }
        return map;
    }

    @SuppressWarnings("unchecked")
    private static Map<String, Object> first(Map<String, Object> map, String key) {
        return ((List<Map<String, Object>>) map.get(key)).getFirst();
    }

    private static int number(Map<String, Object> map, String key) {
        return (Integer) map.get(key);
    }

    private static Duration seconds(Map<String, Object> map, String key) {
        return Duration.ofSeconds(number(map, key));
    }
}
