package io.millrace.images;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.PrintWriter;
import java.io.StringWriter;
import org.junit.jupiter.api.Test;
import picocli.CommandLine;

class ImagesTest {

    /** As every command does. */
    @Test
    void whatCannotBeMeantEndsWithTwoBeforeAnythingIsBuilt() {
        assertRefused("There is no image solr; there are capture-service, ", "solr");
        assertRefused("--patience wants seconds, 1 or more, not 0", "--patience", "0");
    }

    private static void assertRefused(String says, String... words) {
        var said = new StringWriter();
        assertEquals(2, new CommandLine(new Images()).setErr(new PrintWriter(said, true)).execute(words), said::toString);
        assertTrue(said.toString().contains(says) && said.toString().contains("Usage:"), said::toString);
    }
}
