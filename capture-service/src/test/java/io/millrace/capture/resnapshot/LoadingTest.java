package io.millrace.capture.resnapshot;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.millrace.capture.continuity.Known;
import io.millrace.pipeline.file.TableName;
import org.junit.jupiter.api.Test;

class LoadingTest {

    private static final Known KNOWN = new Known(10, "p 1", null, null, false, 0, null);

    private static Loading loading(long blocks, long done, long rows) {
        return new Loading(new TableName("public", "thing"), KNOWN, false, 900, blocks, 256, done, rows);
    }

    @Test
    void partsFollowEachOtherUpToTheLastBlockAndBehindWhatWasReadBefore() {
        var loading = loading(600, 100, 0);
        assertEquals(new Loading.Part(loading, 100, 356), loading.next());
        assertEquals(new Loading.Part(loading, 356, 600), loading.next());
        assertNull(loading.next());
        assertFalse(loading.isComplete());
    }

    @Test
    void whatIsRememberedHasNoHoleThoughPartsComeBackInAnyOrder() {
        var loading = loading(700, 0, 0);
        var first = loading.next();
        var second = loading.next();
        var third = loading.next();
        loading.read(first, 5);
        loading.read(third, 30);
        loading.done(third);
        loading.read(second, 20);
        loading.done(second);
        assertEquals(0, loading.state(7).blocks(), "the first is not in Kafka");
        assertEquals(0, loading.state(7).rows(), "its rows are of the blocks that are remembered");
        assertEquals(55, loading.rows());
        loading.read(first, 5);
        loading.done(first);
        assertEquals(700, loading.state(7).blocks());
        assertEquals(60, loading.state(7).rows());
        assertEquals(7, loading.state(7).from());
        assertTrue(loading.isComplete());
    }

    @Test
    void itsRowsAreEstimatedByThoseOfTheBlocksThatWereRead() {
        var loading = loading(1024, 0, 0);
        assertEquals(900, loading.estimate(), "by the planner at first");
        var part = loading.next();
        loading.read(part, 500);
        loading.done(part);
        assertEquals(2000, loading.estimate());
        assertEquals(500, loading.rowsNow());
    }

    @Test
    void whatHindersATableIsNewOnceAndOverWhenRowsCome() {
        var loading = loading(600, 0, 0);
        assertTrue(loading.hinder("it is locked"));
        assertFalse(loading.hinder("it is still locked"));
        assertEquals("it is still locked", loading.hindrance());
        loading.read(loading.next(), 1);
        assertNull(loading.hindrance());
        assertTrue(loading.hinder("it is locked again"));
    }

    @Test
    void whatIsLeftToTheStreamIsNotReadOnAndATableWithoutBlocksIsComplete() {
        var loading = loading(600, 0, 0);
        loading.next();
        loading.leave("it is locked");
        assertNull(loading.next());
        assertTrue(loading(0, 0, 0).isComplete());
    }
}
