package io.millrace.denormalizer.stream;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class StateAgeTest {

    private static final Instant NOW = Instant.parse("2026-01-10T12:00:00Z");
    private static final Duration KEPT = Duration.ofHours(24);

    @TempDir
    Path folder;

    private Path task(String name, Duration age) throws IOException {
        var store = Files.createDirectories(folder.resolve(name).resolve("rocksdb").resolve("documents"));
        Files.writeString(store.resolve("000001.sst"), "rows");
        if (age != null) {
            var checkpoint = Files.writeString(folder.resolve(name).resolve(".checkpoint"), "0\n0\n");
            Files.setLastModifiedTime(checkpoint, FileTime.from(NOW.minus(age)));
        }
        return store;
    }

    @Test
    void stateThatIsOlderThanDeletionsAreKeptGoesAndYoungerStateStays() throws IOException {
        task("0_0", Duration.ofHours(25));
        var young = task("0_1", Duration.ofHours(23));
        assertEquals(List.of("0_0"), new StateAge(folder).takeAway(KEPT, NOW));
        assertTrue(Files.notExists(folder.resolve("0_0")));
        assertTrue(Files.exists(young.resolve("000001.sst")));
        assertEquals(List.of(), new StateAge(folder).takeAway(KEPT, NOW));
    }

    @Test
    void stateOfAnUnknownTimeGoes() throws IOException {
        task("0_2", null);
        assertEquals(List.of("0_2"), new StateAge(folder).takeAway(KEPT, NOW));
    }

    @Test
    void whatIsNoTaskStays() throws IOException {
        var other = Files.writeString(folder.resolve("kafka-streams-process-metadata"), "{}");
        Files.createDirectories(folder.resolve("global"));
        assertEquals(List.of(), new StateAge(folder).takeAway(KEPT, NOW));
        assertTrue(Files.exists(other) && Files.isDirectory(folder.resolve("global")));
    }

    @Test
    void anApplicationThatHasNoFolderYetHasNothingToLose() {
        assertEquals(List.of(), new StateAge(folder.resolve("none")).takeAway(KEPT, NOW));
    }
}
