package io.millrace.local;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;

/** The TCP ports of the local servers, all on the loopback interface. */
public record Ports(int postgres, int kafka, int kafkaController, int registry, int registryManagement, int search, int searchTransport) {

    /** How many consecutive ports {@link #from} takes. */
    public static final int COUNT = 7;

    /** How {@code --port KEY=N} names them, in the order of the components. */
    public static final List<String> KEYS = List.of("postgres", "kafka", "kafka-controller", "registry", "registry-management", "search", "search-transport");

    public static Ports defaults() {
        return new Ports(15432, 19092, 19093, 18081, 18082, 19200, 19300);
    }

    /** {@link #COUNT} consecutive ports, the first is {@code base} (PostgreSQL), then in the order of the components. */
    public static Ports from(int base) {
        return new Ports(base, base + 1, base + 2, base + 3, base + 4, base + 5, base + 6);
    }

    /** Ports that nobody listens on, and that nobody else is given by this while this JVM runs; for tests. */
    public static Ports free() {
        var p = free(COUNT);
        return new Ports(p.get(0), p.get(1), p.get(2), p.get(3), p.get(4), p.get(5), p.get(6));
    }

    /** {@code count} ports that nobody listens on, and that nobody else is given by this while this JVM runs; for tests. */
    public static List<Integer> free(int count) {
        return Stream.generate(FreePorts::next).limit(count).toList();
    }

    /**
     * These ports with one changed.
     *
     * @param key one of {@link #KEYS}
     * @throws LocalException when there is no such key
     */
    public Ports with(String key, int port) {
        return switch (key) {
            case "postgres" -> new Ports(port, kafka, kafkaController, registry, registryManagement, search, searchTransport);
            case "kafka" -> new Ports(postgres, port, kafkaController, registry, registryManagement, search, searchTransport);
            case "kafka-controller" -> new Ports(postgres, kafka, port, registry, registryManagement, search, searchTransport);
            case "registry" -> new Ports(postgres, kafka, kafkaController, port, registryManagement, search, searchTransport);
            case "registry-management" -> new Ports(postgres, kafka, kafkaController, registry, port, search, searchTransport);
            case "search" -> new Ports(postgres, kafka, kafkaController, registry, registryManagement, port, searchTransport);
            case "search-transport" -> new Ports(postgres, kafka, kafkaController, registry, registryManagement, search, port);
            default -> throw new LocalException("There is no port named '" + key + "'. Ports: " + String.join(", ", KEYS));
        };
    }

    /** Each port by its key. */
    public Map<String, Integer> byKey() {
        var ports = List.of(postgres, kafka, kafkaController, registry, registryManagement, search, searchTransport);
        var byKey = new LinkedHashMap<String, Integer>();
        for (int i = 0; i < COUNT; i++) {
            byKey.put(KEYS.get(i), ports.get(i));
        }
        return byKey;
    }
}
