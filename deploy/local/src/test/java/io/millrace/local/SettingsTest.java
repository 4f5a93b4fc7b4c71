package io.millrace.local;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Properties;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The properties files that servers are started with. */
class SettingsTest {

    @TempDir
    Path folder;

    @Test
    void aFolderOfAnyNameIsReadAsItWasWritten() throws IOException {
        var written = new Properties();
        written.put("log.dirs", "/home/J\u00f6rg/\u6570\u636e/kafka");
        var file = folder.resolve("run").resolve("kafka.properties");
        LocalServers.write(file, written);
        var read = new Properties();
        try (var in = Files.newInputStream(file)) {
            read.load(in);
        }
        assertEquals(written, read);
    }
}
