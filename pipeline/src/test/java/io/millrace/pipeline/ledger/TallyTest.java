package io.millrace.pipeline.ledger;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.millrace.pipeline.record.Headers;
import io.millrace.pipeline.record.Op;
import io.millrace.pipeline.record.Position;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Random;
import java.util.function.Predicate;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.TopicPartition;
import org.junit.jupiter.api.Test;

class TallyTest {

    private static final TopicPartition PARTITION = new TopicPartition("rows.it.public.t", 0);

    private final Numbering writer = new Numbering();
    private final List<ProducerRecord<byte[], byte[]>> log = new ArrayList<>();
    private final Ledger ledger = new Ledger(topic -> "Look at it");
    private long lsn;

    private ProducerRecord<byte[], byte[]> numbered(Numbering by) {
        var record = new ProducerRecord<>(PARTITION.topic(), PARTITION.partition(), new byte[0], new byte[0]);
        record.headers().add(Headers.POSITION, new Position(++lsn, lsn).toBytes()).add(Headers.OP, Op.UPDATE.code());
        return by.numbered(record);
    }

    /** Written, and acknowledged. */
    private void write(Numbering by, int records) {
        for (int i = 0; i < records; i++) {
            log.add(numbered(by));
        }
        by.settled();
    }

    private void write(int records) {
        write(writer, records);
    }

    /** What the ledger says after all of the log was read, from an offset on. */
    private String read(boolean compacted, long from, Predicate<Integer> isThere) {
        return read(new Tally(PARTITION, compacted, from, ledger), from, isThere);
    }

    private String read(Tally tally, long from, Predicate<Integer> isThere) {
        for (int offset = (int) from; offset < log.size(); offset++) {
            if (isThere.test(offset)) {
                tally.of(offset, log.get(offset).headers());
            }
        }
        return says();
    }

    private String read() {
        return read(false, 0, offset -> true);
    }

    private String says() {
        return ledger.says().values().stream().map(says -> says.replaceFirst(" since [^,]*,", "")).findFirst().orElse("");
    }

    private static String only(long from, long to, String what) {
        return "the counts do not agree from offset " + from + " to " + to + ": " + what + ". Look at it";
    }

    @Test
    void whatCameOnceAndInOrderIsEven() {
        write(10);
        writer.renew();
        write(10);
        write(new Numbering(), 10);
        assertEquals("", read());
        assertEquals("", read(false, 5, offset -> true), "begun in the middle");
        assertTrue(ledger.isEven());
        assertEquals(0, ledger.gaps(PARTITION.topic()));
    }

    @Test
    void aRecordOfAVersionBeforeHasNoNumber() {
        write(2);
        log.add(new ProducerRecord<>(PARTITION.topic(), PARTITION.partition(), new byte[0], new byte[0]));
        write(2);
        assertEquals("", read());
    }

    @Test
    void theNumberOfAnotherTopicThatAVersionBeforeHandedOnIsNone() {
        write(2);
        var captured = new Numbering().numbered(new ProducerRecord<>("captured.it.public.t", 0, new byte[0], new byte[0]));
        log.add(captured);
        log.add(captured);
        write(2);
        assertEquals("", read());
    }

    @Test
    void aRecordThatTheLogDoesNotHaveIsMissing() {
        write(5);
        log.removeLast();
        write(2);
        assertEquals(only(3, 4, "1 written and not in the log"), read());
        assertEquals(1, ledger.gaps(PARTITION.topic()));
        assertEquals(0, ledger.gaps("rows.it.public.other"));
    }

    @Test
    void whatAFailedWriterSendsAgainIsNotMissing() {
        write(3);
        for (int i = 0; i < 3; i++) {
            log.add(numbered(writer));
        }
        // The second of them was not taken, the third was; all are sent again.
        log.remove(4);
        writer.renew();
        write(6);
        assertEquals("", read());
    }

    @Test
    void aRecordThatIsRefusedBeforeItIsSentLeavesNoHole() {
        write(3);
        writer.refused(numbered(writer));
        write(3);
        assertEquals("", read());
    }

    @Test
    void aRecordThatIsSentAgainGetsANumberOfItsOwn() {
        write(3);
        log.add(writer.numbered(log.get(1)));
        write(1);
        assertEquals("", read());
    }

    @Test
    void aRecordThatStandsThereTwiceIsFound() {
        write(5);
        log.add(3, log.get(2));
        assertEquals(only(3, 3, "1 twice"), read());
    }

    @Test
    void twoRecordsInEachOthersPlaceAreFound() {
        write(3);
        for (int i = 0; i < 4; i++) {
            log.add(numbered(writer));
        }
        writer.settled();
        log.add(4, log.remove(5));
        write(2);
        assertEquals(only(5, 5, "1 out of order"), read());
    }

    @Test
    void aFirstRecordThatIsMissingIsFoundOfALifeThatBeginsWhileSomebodyReads() {
        write(3);
        var other = new Numbering();
        write(other, 2);
        log.remove(3);
        write(other, 1);
        assertEquals(only(2, 4, "1 written and not in the log"), read(new Tally(PARTITION, false, 0, ledger, Numbering.life(1)), 0, offset -> true));
    }

    @Test
    void aWriterThatSleptAndWokeIsInOrder() {
        var late = new Numbering();
        write(late, 5);
        write(writer, 5);
        write(late, 1);
        write(writer, 5);
        write(late, 2);
        write(writer, 1);
        assertEquals("", read());
        assertEquals("", read(false, 10, offset -> true), "by a reader that begins between");
    }

    @Test
    void whatCompactionTookIsNotMissing() {
        var random = new Random(7);
        write(200);
        write(new Numbering(), 200);
        assertEquals("", read(true, 0, offset -> random.nextInt(3) == 0));
    }

    @Test
    void aRecordThatTheLogDoesNotHaveIsMissingThoughCompactionTookOthers() {
        write(20);
        write(20);
        log.remove(30);
        write(5);
        assertEquals(only(29, 39, "1 written and not in the log"), read(true, 0, offset -> offset % 7 != 0 || offset > 20));
    }

    @Test
    void anOffsetThatIsLeftOutOfALogThatKeepsAllIsFound() {
        write(10);
        assertEquals(only(4, 5, "2 not passed on"), read(false, 0, offset -> offset < 4 || offset > 5));
    }

    @Test
    void whatAStageDoesTwiceOrOutOfOrderIsFound() {
        write(10);
        var tally = new Tally(PARTITION, true, -1, ledger);
        for (int offset : new int[] {0, 1, 2, 2, 3, 5, 4, 6}) {
            tally.of(offset, log.get(offset).headers());
        }
        assertEquals(only(2, 4, "1 twice, 1 out of order"), says());
    }

    @Test
    void whatWasMissingBeforeAllRowsWentIsMissedNoMore() {
        write(5);
        log.removeLast();
        write(2);
        var truncate = numbered(writer);
        Headers.set(truncate.headers(), Headers.OP, Op.TRUNCATE.code());
        log.add(truncate);
        assertEquals("", read());
    }

    @Test
    void aTruncateFromBeforeWhatIsMissingMendsNothing() {
        write(5);
        log.removeLast();
        write(2);
        var truncate = numbered(writer);
        Headers.set(truncate.headers(), Headers.OP, Op.TRUNCATE.code());
        Headers.set(truncate.headers(), Headers.POSITION, new Position(1, Long.MAX_VALUE).toBytes());
        log.add(truncate);
        assertEquals(only(3, 4, "1 written and not in the log"), read());
    }

    /** Whatever order writers fail, sleep and are replaced in, and whatever compaction takes. */
    @Test
    void nothingIsFoundInAThousandCleanStories() {
        for (long seed = 0; seed < 1_000; seed++) {
            var random = new Random(seed);
            var story = new TallyTest();
            var writers = new HashMap<Integer, Numbering>();
            for (int step = 0; step < 40; step++) {
                var by = writers.computeIfAbsent(random.nextInt(1 + step / 10), n -> new Numbering());
                int records = random.nextInt(8);
                if (random.nextInt(4) > 0) {
                    story.write(by, records);
                } else {
                    for (int i = 0; i < records; i++) {
                        var record = story.numbered(by);
                        if (random.nextBoolean()) {
                            story.log.add(record);
                        }
                    }
                    by.renew();
                }
            }
            assertEquals("", story.read(true, random.nextInt(20), offset -> random.nextInt(5) > 0), "seed " + seed);
            assertEquals("", story.read(false, random.nextInt(20), offset -> true), "seed " + seed);
            assertEquals("", story.read(new Tally(PARTITION, true, 0, story.ledger, Numbering.life(1)), 0, offset -> random.nextInt(5) > 0), "seed " + seed);
        }
    }

    @Test
    void noTwoWritersThatBeginAtOnceHaveTheSameLife() {
        var lives = new HashSet<Long>();
        for (int i = 0; i < 500; i++) {
            var header = Headers.bytes(numbered(new Numbering()).headers(), Headers.LEDGER);
            assertTrue(lives.add(ByteBuffer.wrap(header).getLong(Integer.BYTES)), "writer " + i);
        }
    }

    /** A single loss, repetition or exchange among acknowledged records, wherever it is. */
    @Test
    void eachOfAThousandFaultsIsFound() {
        for (long seed = 0; seed < 1_000; seed++) {
            var random = new Random(seed);
            var story = new TallyTest();
            for (int batch = 0; batch < 10; batch++) {
                story.write(1 + random.nextInt(10));
            }
            int at = 1 + random.nextInt(story.log.size() - 13);
            switch ((int) seed % 3) {
                case 0 -> story.log.remove(at);
                case 1 -> story.log.add(at, story.log.get(at));
                default -> story.log.add(at, story.log.remove(at + 1));
            }
            var says = story.read(random.nextBoolean(), 0, offset -> true);
            assertTrue(says.contains("the counts do not agree"), "seed " + seed + " at " + at);
        }
    }
}
