package io.millrace.launcher.stack;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.millrace.launcher.UsageException;
import io.millrace.local.Ports;
import java.nio.file.Path;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

class StackOptionsTest {

    @Test
    void withoutABaseThePortsAreTheDocumentedOnes() {
        var options = options(null, Map.of());
        assertEquals(Ports.defaults(), options.servers());
        assertEquals(Map.of(Stage.CAPTURE, 18101, Stage.GATE, 18102, Stage.DENORMALIZER, 18103, Stage.INDEXER, 18104, Stage.PURGE, 18105, Stage.CONSOLE, 18106), options.stages());
    }

    @Test
    void withABaseNoTwoPortsAreTheSame() {
        var options = options(30000, Map.of());
        var s = options.servers();
        var ports = new HashSet<>(List.of(s.postgres(), s.kafka(), s.kafkaController(), s.registry(), s.registryManagement(), s.search(), s.searchTransport()));
        ports.addAll(options.stages().values());
        ports.add(options.connectPort());
        assertEquals(Ports.COUNT + 7, ports.size());
        assertTrue(ports.stream().allMatch(p -> p >= 30000 && p < 30020), ports.toString());
    }

    @Test
    void onePortOfAServerOrAServiceCanBeChanged() {
        var options = options(30000, Map.of("kafka", 4000, "gate", 4001));
        assertEquals(4000, options.servers().kafka());
        assertEquals(4001, options.stages().get(Stage.GATE));
        assertEquals(30000, options.servers().postgres());
        assertEquals(4002, options(30000, Map.of("connect", 4002)).connectPort());
    }

    @Test
    void anUnknownPortIsRefusedWithTheKnownOnes() {
        var failure = assertThrows(UsageException.class, () -> options(null, Map.of("solr", 1)));
        assertTrue(failure.getMessage().contains("'solr'") && failure.getMessage().contains("kafka-controller") && failure.getMessage().contains("console"), failure.getMessage());
    }

    @Test
    void aPortThatTcpDoesNotHaveAndOneThatTwoWouldTakeAreRefusedByTheirKeys() {
        for (int base : List.of(0, -1, 65_530, 99_999)) {
            var failure = assertThrows(UsageException.class, () -> options(base, Map.of()));
            assertTrue(failure.getMessage().contains("ports go from 1 to 65535"), failure.getMessage());
        }
        assertEquals(65_535, options(StackOptions.LAST_BASE, Map.of()).connectPort());
        assertThrows(UsageException.class, () -> options(StackOptions.LAST_BASE + 1, Map.of()));
        var twice = assertThrows(UsageException.class, () -> options(30000, Map.of("gate", 30001)));
        assertEquals("Port 30001 would be taken twice, by kafka and by gate. Choose another one with --port gate=N", twice.getMessage());
    }

    private static StackOptions options(Integer base, Map<String, Integer> changed) {
        return StackOptions.of(Path.of("."), Path.of("data"), List.of(), null, base, changed);
    }
}
