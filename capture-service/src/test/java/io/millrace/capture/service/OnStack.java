package io.millrace.capture.service;

import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.io.TempDir;

/** Servers for all tests of a class, which run one after the other, each with a source of its own. */
abstract class OnStack {

    /** What an operator shows. */
    static final String TOKEN = "let me";

    @TempDir
    static Path folder;
    static Stack stack;
    /** The file that holds {@link #TOKEN}. */
    static Path token;

    @BeforeAll
    static void startServers() throws Exception {
        stack = new Stack(folder.resolve("stack"));
        token = Files.writeString(folder.resolve("token"), TOKEN);
    }

    @AfterAll
    static void stopServers() {
        stack.close();
    }

    /** Of a table in the schema {@code public}. */
    static Records records(String source, String table) {
        return new Records(stack, "captured." + source + ".public." + table);
    }
}
