package io.millrace.local;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.ServerSocket;
import java.util.ArrayList;
import java.util.List;

/** The TCP ports of the local servers, all on the loopback interface. */
public record Ports(int postgres, int kafka, int kafkaController, int registry, int registryManagement, int search, int searchTransport) {

    /** How many consecutive ports {@link #from} takes. */
    public static final int COUNT = 7;

    public static Ports defaults() {
        return new Ports(15432, 19092, 19093, 18081, 18082, 19200, 19300);
    }

    /** {@link #COUNT} consecutive ports, the first is {@code base} (PostgreSQL), then in the order of the components. */
    public static Ports from(int base) {
        return new Ports(base, base + 1, base + 2, base + 3, base + 4, base + 5, base + 6);
    }

    /** Ports that nobody listens on right now; for tests. */
    public static Ports free() {
        var p = free(COUNT);
        return new Ports(p.get(0), p.get(1), p.get(2), p.get(3), p.get(4), p.get(5), p.get(6));
    }

    /** {@code count} ports that nobody listens on right now; for tests. */
    public static List<Integer> free(int count) {
        var open = new ArrayList<ServerSocket>();
        try {
            for (int i = 0; i < count; i++) {
                open.add(new ServerSocket(0));
            }
            return open.stream().map(ServerSocket::getLocalPort).toList();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        } finally {
            for (var socket : open) {
                try {
                    socket.close();
                } catch (IOException e) {
                    throw new UncheckedIOException(e);
                }
            }
        }
    }

    /**
     * These ports with one changed.
     *
     * @param key the name as in {@code --port KEY=N}: {@code postgres}, {@code kafka}, {@code kafka-controller}, {@code registry},
     *            {@code registry-management}, {@code search} or {@code search-transport}
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
            default -> throw new LocalException("There is no port named '" + key + "'. Ports: postgres, kafka, kafka-controller, registry, "
                    + "registry-management, search, search-transport");
        };
    }
}
