package io.millrace.capture.resnapshot;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;

import java.nio.charset.StandardCharsets;
import org.junit.jupiter.api.Test;

class CopyLineTest {

    private static String[] values(String line, int columns) {
        return CopyLine.values(line.getBytes(StandardCharsets.UTF_8), columns);
    }

    @Test
    void valuesAreToldFromEachOtherAndANullFromATextThatLooksLikeIt() {
        assertArrayEquals(new String[] {"1", "", null, "\\N", "größer"}, values("1\t\t\\N\t\\\\N\tgrößer\n", 5));
        assertArrayEquals(new String[] {""}, values("\n", 1));
    }

    @Test
    void whatIsWrittenAsASequenceIsTheCharacterThatItStandsFor() {
        assertArrayEquals(new String[] {"a\tb\nc\rd\be\ff\u000Bg\\h", "\\x00ff"}, values("a\\tb\\nc\\rd\\be\\ff\\vg\\\\h\t\\\\x00ff\n", 2));
        assertArrayEquals(new String[] {"\\", "日本\n"}, values("\\\\\t日本\\n\n", 2));
    }
}
