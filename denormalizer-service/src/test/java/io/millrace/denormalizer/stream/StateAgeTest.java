package io.millrace.denormalizer.stream;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.millrace.denormalizer.join.state.Stores;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import org.apache.kafka.common.TopicPartition;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class StateAgeTest {

    private static final Duration KEPT = Duration.ofHours(24);
    private static final List<String> STORES = List.of(Stores.ROWS, Stores.DOCUMENTS, Stores.LOOKUPS);

    @TempDir
    Path folder;
    private Path application;
    private StateAge age;

    @BeforeEach
    void begin() {
        application = folder.resolve("join");
        age = new StateAge(application);
    }

    private Path open(int partition) throws IOException {
        var store = Files.createDirectories(application.resolve("0_" + partition).resolve("rocksdb").resolve("documents"));
        STORES.forEach(name -> age.onRestoreStart(changelog(partition), name, 0, 9));
        return Files.writeString(store.resolve("000001.sst"), "rows");
    }

    private void restore(int partition) {
        STORES.forEach(name -> age.onRestoreEnd(changelog(partition), name, 9));
    }

    private static TopicPartition changelog(int partition) {
        return new TopicPartition("a-changelog", partition);
    }

    /** As Streams does at the end of a restoration, at a clean close and each 10,000 changes. */
    private void checkpoint(int partition, Instant at) throws IOException {
        var checkpoint = Files.writeString(application.resolve("0_" + partition).resolve(".checkpoint"), "0\n0\n");
        Files.setLastModifiedTime(checkpoint, FileTime.from(at));
    }

    private List<String> takenAway(Duration later) {
        var other = new StateAge(application);
        var then = Instant.now().plus(later);
        boolean isOld = other.isOld(KEPT, then);
        var gone = other.takeAway(KEPT, then);
        assertEquals(!gone.isEmpty(), isOld);
        return gone;
    }

    @Test
    void stateThatWasWholeAtItsLastCheckpointStaysForHalfOfTheTimeForWhichDeletionsAreKept() throws IOException {
        var state = open(3);
        restore(3);
        checkpoint(3, Instant.now().plusSeconds(1));
        age.keep();
        assertEquals(List.of(), takenAway(Duration.ofHours(11)));
        assertTrue(Files.exists(state));
        assertEquals(List.of("0_3"), takenAway(Duration.ofHours(13)));
        assertTrue(Files.notExists(application.resolve("0_3")));
        assertEquals(List.of(), takenAway(Duration.ofHours(13)));
    }

    @Test
    void aCheckpointOfAStateThatIsNotWholeYetSaysNothing() throws IOException {
        open(0);
        checkpoint(0, Instant.now());
        age.keep();
        assertEquals(List.of("0_0"), takenAway(Duration.ZERO));
        open(1);
        checkpoint(1, Instant.now().minusSeconds(60));
        restore(1);
        age.keep();
        assertEquals(List.of("0_1"), takenAway(Duration.ZERO), "its checkpoint was written on the way");
    }

    @Test
    void aTaskThatIsOpenedAgainKeepsTheTimeOfBeforeUntilItIsWhole() throws IOException {
        open(0);
        restore(0);
        checkpoint(0, Instant.now().plusSeconds(1));
        age.keep();
        open(0);
        checkpoint(0, Instant.now().plus(Duration.ofHours(20)));
        age.keep();
        assertEquals(List.of("0_0"), takenAway(Duration.ofHours(20)));
    }

    @Test
    void oneStoreThatIsNotRestoredLeavesTheTaskInPieces() throws IOException {
        open(0);
        age.onRestoreEnd(changelog(0), Stores.ROWS, 9);
        age.onRestoreEnd(changelog(0), Stores.DOCUMENTS, 9);
        checkpoint(0, Instant.now().plusSeconds(1));
        age.keep();
        assertEquals(List.of("0_0"), takenAway(Duration.ZERO));
    }

    @Test
    void whatIsNoTaskStaysAndAnApplicationWithoutAFolderHasNothingToLose() throws IOException {
        assertEquals(List.of(), takenAway(Duration.ZERO));
        Files.createDirectories(application.resolve("global"));
        var other = Files.writeString(application.resolve("kafka-streams-process-metadata"), "{}");
        assertEquals(List.of(), takenAway(Duration.ZERO));
        assertTrue(Files.exists(other) && Files.isDirectory(application.resolve("global")));
    }
}
