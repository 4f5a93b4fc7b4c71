package io.millrace.capture.resnapshot;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.millrace.capture.row.Captured;
import io.millrace.capture.source.PgSnapshot;
import io.millrace.pipeline.record.Headers;
import io.millrace.pipeline.record.Position;
import io.millrace.pipeline.record.WireFormat;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.IntStream;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.header.internals.RecordHeaders;
import org.junit.jupiter.api.Test;

class WindowTest {

    private static final String TOPIC = "captured.a.public.thing";
    private static final long BASE = 1L << 33;

    private final Window window = new Window();

    WindowTest() throws StreamEndedException {
        window.begin(100, BASE);
        window.passes(100, 1, true);
        window.open(TOPIC, 0);
    }

    private static Captured row(String topic, long commit, int schema, int key) {
        var bytes = new byte[WireFormat.PREFIX + 1];
        WireFormat.prefix(bytes, schema);
        bytes[WireFormat.PREFIX] = (byte) key;
        var headers = new RecordHeaders().add(Headers.POSITION, new Position(BASE + commit, 1).toBytes());
        return new Captured(new ProducerRecord<>(topic, 0, bytes, null, headers), null, 0, true);
    }

    private static List<Integer> keys(List<Captured> rows) {
        return rows.stream().map(row -> (int) row.record().key()[WireFormat.PREFIX]).toList();
    }

    private List<Captured> chunk() {
        return new ArrayList<>(IntStream.range(0, 4).mapToObj(key -> row(TOPIC, 200, 7, key)).toList());
    }

    @Test
    void theLowWatermarkIsTheFirstCommitBehindTheOpeningAndOfAStreamThatIsKnown() throws Exception {
        window.passes(100, 2, true);
        assertEquals(0, window.low(1), "a transaction that had begun before may have brought changes already");
        window.passes(150, 3, false);
        assertEquals(0, window.low(1));
        window.passes(200, 4, true);
        window.passes(300, 5, true);
        assertEquals(200, window.low(1));
        window.open(TOPIC, 500);
        window.passes(400, 6, true);
        assertEquals(0, window.low(1));
        window.passes(500, 7, true);
        assertEquals(500, window.low(1));
    }

    @Test
    void rowsThatWereChangedBehindTheLowWatermarkAreLeftOutAndThoseBeforeStay() {
        window.wrote(List.of(row(TOPIC, 100, 7, 0)));
        window.passes(200, 2, true);
        window.wrote(List.of(row(TOPIC, 199, 7, 1), row(TOPIC, 200, 7, 2), row("captured.a.public.other", 200, 7, 3)));
        var rows = chunk();
        assertTrue(window.sift(rows));
        assertEquals(List.of(0, 1, 3), keys(rows), "an older change of a row is no reason to leave it out: the truncate behind the reading would take it away");
    }

    @Test
    void whatSaysThatARowCannotBeWrittenHasNoKeyToBeComparedAndHindersNoOther() {
        window.passes(200, 2, true);
        window.wrote(List.of(row(TOPIC, 200, 7, 2)));
        var rows = chunk();
        rows.add(new Captured(new ProducerRecord<>(TOPIC, 0, "0/1 0/0".getBytes(StandardCharsets.UTF_8), null, new RecordHeaders()), null, 0, false));
        assertTrue(window.sift(rows));
        assertEquals(4, rows.size(), "three rows, and what says that there is another one");
    }

    @Test
    void aTruncateAndAKeyThatIsWrittenOtherwiseMakeTheChunkUseless() throws Exception {
        window.passes(200, 2, true);
        window.wrote(List.of(row(TOPIC, 200, 8, 2)));
        assertFalse(window.sift(chunk()), "key 2 may be written as another schema writes it");
        window.open(TOPIC, 0);
        window.passes(300, 3, true);
        var headers = new RecordHeaders().add(Headers.POSITION, new Position(BASE + 300, 1).toBytes());
        window.wrote(List.of(new Captured(new ProducerRecord<>(TOPIC, 0, new byte[0], new byte[0], headers), null, 0, true)));
        assertFalse(window.sift(chunk()));
    }

    @Test
    void aSnapshotIsHeldAgainstTheTransactionsUpToTheLowWatermarkOnly() {
        window.passes(150, 0xFFFF_FFFFL, false);
        window.passes(200, 3, true);
        window.passes(300, 9, true);
        assertTrue(window.sees(PgSnapshot.parse("2:4294967299:4294967298")), "ids go on behind 32 bits, and the transactions behind the watermark are still to come");
        assertFalse(window.sees(PgSnapshot.parse("4294967295:4294967299:4294967295")), "one that came in the stream is not seen yet");
        assertFalse(window.sees(PgSnapshot.parse("4294967295:4294967295:")), "nor is one that has no end yet");
        window.begin(100, 2 * BASE);
        assertFalse(window.sees(PgSnapshot.parse("1:1:")), "no window is open");
    }

    @Test
    void whoeverReadsLearnsThatTheStreamEnded() throws Exception {
        window.hand(new Window.Step.Rows(200, List.of()));
        assertTrue(window.step() instanceof Window.Step.Rows);
        assertTrue(window.handled(1).isEmpty());
        window.done(true);
        assertEquals(null, window.step());
        assertTrue(window.handled(1).orElseThrow());
        window.end();
        assertThrows(StreamEndedException.class, () -> window.handled(1));
        assertThrows(StreamEndedException.class, () -> window.open(TOPIC, 0));
        assertFalse(window.awaitStream(1));
    }
}
