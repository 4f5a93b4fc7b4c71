package io.millrace.indexer.reconcile;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.TreeSet;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class BucketsTest {

    @TempDir
    Path scratch;

    @Test
    void exactlyTheIdsThatAreNoKeysAreOrphansAndNothingStaysOnDisk() throws Exception {
        var orphans = new TreeSet<Integer>();
        var expected = new TreeSet<Integer>();
        try (var buckets = new Buckets(scratch)) {
            for (int i = 0; i < 20_000; i++) {
                buckets.id(new Known("é" + i, i, 1));
                if (i % 7 == 0) {
                    expected.add(i);
                } else {
                    buckets.key(("é" + i).getBytes(StandardCharsets.UTF_8));
                    buckets.key(("é" + i).getBytes(StandardCharsets.UTF_8));
                }
            }
            buckets.orphans(known -> orphans.add((int) known.seqNo()));
        }
        assertEquals(expected, orphans);
        try (var left = Files.list(scratch)) {
            assertEquals(0, left.count());
        }
    }
}
