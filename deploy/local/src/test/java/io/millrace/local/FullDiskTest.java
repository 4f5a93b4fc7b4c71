package io.millrace.local;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assumptions.assumeFalse;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.SQLException;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.EnabledOnOs;
import org.junit.jupiter.api.condition.OS;
import org.junit.jupiter.api.io.TempDir;

class FullDiskTest {

    private static final Path FULL = Path.of("/dev/full");

    @TempDir
    Path folder;

    @Test
    @EnabledOnOs(OS.LINUX)
    void aWriteThatWasRefusedForLackOfSpaceIsToldAsSuchHoweverDeepItIsBuried() {
        var refused = assertThrows(IOException.class, () -> Files.writeString(FULL, "x"));
        var buried = new LocalException("Writing the token failed", new IllegalStateException(refused));
        assertEquals("The disk is full. Make room there, or put the data on another disk with --data DIR", FullDisk.behind(buried, true));
        assertEquals("The disk is full. Make room there", FullDisk.behind(buried, false));
        assertEquals("", FullDisk.behind(new LocalException("Writing the token failed", new IOException("Permission denied")), true));
    }

    /** A Java in German, by the variables that a person sets, on a machine that has the C library's words for it. */
    @Test
    @EnabledOnOs(OS.LINUX)
    void theOperatingSystemMaySpeakAnotherLanguage() throws IOException, InterruptedException {
        var builder = new ProcessBuilder(Path.of(System.getProperty("java.home"), "bin", "java").toString(), "-XX:TieredStopAtLevel=1", "-cp", System.getProperty("java.class.path"), InAnotherLanguage.class.getName()).redirectErrorStream(true);
        builder.environment().putAll(Map.of("LC_ALL", "C.UTF-8", "LANGUAGE", "de"));
        var process = builder.start();
        var said = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8).lines().toList();
        assertEquals(0, process.waitFor(), said::toString);
        assumeFalse(said.getFirst().contains("No space left on device"), "this machine's C library has no German");
        assertEquals("The disk is full. Make room there", said.getLast());
    }

    /** PostgreSQL says in its own language what it says in a code as well. */
    @Test
    void aDatabaseSaysItInACode() {
        assertEquals("The disk of the database is full. Make room there", FullDisk.behind(new IllegalStateException(new SQLException("FEHLER: konnte Datei nicht erweitern", "53100")), true));
        assertEquals("", FullDisk.behind(new SQLException("FEHLER: Relation existiert nicht", "42P01"), true));
    }

    @Test
    void aDiskWithSpaceIsNotSpokenOf() {
        assertEquals("", FullDisk.under(folder));
        assertEquals("", FullDisk.under(folder.resolve("missing")));
    }

    /** Says what a refused write said, and what is made of it. */
    static final class InAnotherLanguage {

        public static void main(String[] arguments) {
            var refused = assertThrows(IOException.class, () -> Files.writeString(FULL, "x"));
            System.out.println(refused.getMessage());
            System.out.println(FullDisk.behind(refused, false));
        }
    }
}
