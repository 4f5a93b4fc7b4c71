package io.millrace.tests.bench;

import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import org.junit.jupiter.api.Test;

class FootprintTest {

    /** As PostgreSQL's connections do: one that ends takes its own count with it. */
    @Test
    void whatAChildUsedIsCountedAfterItHasEnded() throws IOException, InterruptedException {
        var parent = new ProcessBuilder("sh", "-c", "sh -c 'i=0; while [ $i -lt 400000 ]; do i=$((i+1)); done'; echo; exec sleep 600").start();
        try {
            parent.getInputStream().read();
            long used = Footprint.use(parent.toHandle()).cpu().toMillis();
            assertTrue(used >= 50, () -> "The child worked, and " + used + " ms are counted");
        } finally {
            parent.destroyForcibly().waitFor();
        }
    }
}
