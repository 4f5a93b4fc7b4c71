package io.millrace.capture.source;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import org.junit.jupiter.api.Test;

class PgSnapshotTest {

    private static final long EPOCH = 1L << 32;

    @Test
    void idsOfThirtyTwoBitsAreThoseAroundTheSnapshot() {
        var snapshot = PgSnapshot.parse("8589934590:8589934597:8589934590,8589934593");
        assertEquals(2 * EPOCH + 5, snapshot.next());
        assertEquals(2 * EPOCH + 1, snapshot.whole(1));
        assertEquals(2 * EPOCH - 2, snapshot.whole(-2), "before the ids went on from their beginning");
        assertEquals(2 * EPOCH + 9, snapshot.whole(9), "not ended yet");
        assertTrue(snapshot.sees(2) && snapshot.sees(-1));
        assertFalse(snapshot.sees(1) || snapshot.sees(-2) || snapshot.sees(5) || snapshot.sees(9));
    }
}
