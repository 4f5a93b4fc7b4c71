package io.millrace.pipeline.kafka;

import java.util.HashMap;
import java.util.Map;
import java.util.Optional;
import java.util.function.Function;

/** The keys of a configuration that go to every client of Kafka: its address, and security where there is any. */
public final class KafkaKeys {

    private static final String PREFIX = "kafka.";

    private KafkaKeys() {}

    /**
     * The settings under {@code kafka.}, without that.
     *
     * @param names of the whole configuration
     * @param values looks one up; a name may have none
     */
    public static Map<String, String> of(Iterable<String> names, Function<String, Optional<String>> values) {
        var settings = new HashMap<String, String>();
        for (var name : names) {
            if (name.startsWith(PREFIX)) {
                values.apply(name).ifPresent(value -> settings.put(name.substring(PREFIX.length()), value));
            }
        }
        return Map.copyOf(settings);
    }
}
