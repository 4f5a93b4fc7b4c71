package io.millrace.local;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.EnabledOnOs;
import org.junit.jupiter.api.condition.OS;
import org.junit.jupiter.api.io.TempDir;

class FullDiskTest {

    @TempDir
    Path folder;

    @Test
    @EnabledOnOs(OS.LINUX)
    void aWriteThatWasRefusedForLackOfSpaceIsToldAsSuchHoweverDeepItIsBuried() {
        var refused = assertThrows(IOException.class, () -> Files.writeString(Path.of("/dev/full"), "x"));
        assertTrue(FullDisk.behind(new LocalException("Writing the token failed", new IllegalStateException(refused))).startsWith("The disk is full. Make room there"), refused::toString);
        assertEquals("", FullDisk.behind(new LocalException("Writing the token failed", new IOException("Permission denied"))));
    }

    @Test
    void aDiskWithSpaceIsNotSpokenOf() {
        assertEquals("", FullDisk.under(folder));
        assertEquals("", FullDisk.under(folder.resolve("missing")));
    }
}
