package io.millrace.connect;

import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertNull;

import org.junit.jupiter.api.Test;

class LoopbackDoorTest {

    @Test
    void whoeverCallsThisMachineIsAnsweredAndNoPageIs() {
        assertNull(LoopbackDoor.refusal(null, "localhost:18107"));
        assertNull(LoopbackDoor.refusal("http://localhost:18106", "127.0.0.1:18107"));
        assertNotNull(LoopbackDoor.refusal("https://evil.example", "localhost:18107"));
        assertNotNull(LoopbackDoor.refusal("null", "localhost:18107"));
        assertNotNull(LoopbackDoor.refusal(null, "evil.example:18107"));
    }
}
