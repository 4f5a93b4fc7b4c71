package io.millrace.pipeline.access;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class BearerTokenTest {

    private static final String KEY = "millrace.gate.token";

    @TempDir
    Path folder;

    private Secret inFile(String text) throws Exception {
        return Secret.of(KEY, Optional.empty(), Optional.of(Files.writeString(folder.resolve("token"), text)));
    }

    @Test
    void onlyTheTokenItselfIsAcceptedWhateverTheCaseOfItsScheme() throws Exception {
        var token = new BearerToken(inFile(" right\n"));
        assertTrue(token.isKnown());
        assertTrue(token.isIn("Bearer right"));
        assertTrue(token.isIn("bearer  right "));
        for (var other : new String[] {null, "", "right", "Basic right", "Bearer", "Bearer ", "Bearer Right", "Bearer righ", "Bearer right2"}) {
            assertFalse(token.isIn(other), other);
        }
    }

    @Test
    void anExchangedTokenIsTheOnlyOneAtOnceAndWithoutItsFileNobodyHasIt() throws Exception {
        var token = new BearerToken(inFile("old"));
        inFile("new");
        assertFalse(token.isIn("Bearer old"));
        assertTrue(token.isIn("Bearer new"));
        Files.delete(folder.resolve("token"));
        assertFalse(token.isIn("Bearer new"));
    }

    @Test
    void whereNoneIsKnownNobodyHasIt() {
        var token = new BearerToken(Secret.of(KEY, Optional.empty(), Optional.empty()));
        assertFalse(token.isKnown());
        assertFalse(token.isIn("Bearer "));
        assertFalse(token.isIn(null));
    }

    @Test
    void aSecretIsReadFromOnePlaceAndWhatIsMissingIsNamedWithItsKey() throws Exception {
        var inVariable = Secret.of(KEY, Optional.of("TOKEN"), Optional.empty());
        assertEquals("right", inVariable.read(name -> name.equals("TOKEN") ? " right " : null));
        assertNull(Secret.of(KEY, Optional.empty(), Optional.empty()).read());
        refused("TOKEN, to which millrace.gate.token.env refers, is not set", inVariable);
        refused("are both set", Secret.of(KEY, Optional.of("TOKEN"), Optional.of(folder)));
        refused("to which millrace.gate.token.file refers, is empty", inFile(" "));
        refused("cannot be read", Secret.of(KEY, Optional.empty(), Optional.of(folder.resolve("nowhere"))));
    }

    private static void refused(String why, Secret secret) {
        var message = assertThrows(IllegalStateException.class, () -> secret.read(name -> null)).getMessage();
        assertTrue(message.contains(why), message);
    }
}
