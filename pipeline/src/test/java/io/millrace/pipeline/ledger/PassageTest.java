package io.millrace.pipeline.ledger;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.common.TopicPartition;
import org.junit.jupiter.api.Test;

class PassageTest {

    private static final TopicPartition PARTITION = new TopicPartition("documents.p", 0);

    private final Ledger ledger = new Ledger(topic -> "Look at it");
    private final Passage passage = new Passage(PARTITION, ledger);

    private static ConsumerRecord<byte[], byte[]> record(long offset) {
        return new ConsumerRecord<>(PARTITION.topic(), PARTITION.partition(), offset, null, null);
    }

    private String says(long[] came, long... left) {
        passage.in(java.util.Arrays.stream(came).mapToObj(PassageTest::record).toList());
        for (long offset : left) {
            passage.out(record(offset));
        }
        return String.join("", ledger.says().values());
    }

    private static long[] came(long... offsets) {
        return offsets;
    }

    @Test
    void whatLeavesAsItCameIsEven() {
        assertEquals("", says(came(3, 7, 8), 3, 7, 8));
        assertEquals("", says(came(9), 9));
    }

    @Test
    void whatIsStillInsideIsNotMissed() {
        assertEquals("", says(came(3, 7, 8), 3, 7));
    }

    @Test
    void aRecordThatDoesNotLeaveIsFound() {
        assertTrue(says(came(3, 7, 8), 3, 8).contains("1 not passed on"));
    }

    @Test
    void aLastRecordThatDoesNotLeaveIsFoundWithTheNextOne() {
        assertEquals("", says(came(3, 7, 8), 3, 7));
        assertTrue(says(came(9), 9).contains("1 not passed on"));
    }

    @Test
    void aRecordThatLeavesTwiceIsFound() {
        assertTrue(says(came(3, 7, 8), 3, 7, 7, 8).contains("1 twice"));
    }

    @Test
    void recordsThatLeaveInAnotherOrderAreFound() {
        assertTrue(says(came(3, 7, 8, 9), 3, 8, 7, 9).contains("1 out of order"));
    }

    @Test
    void aFaultIsFoundOnce() {
        assertTrue(says(came(3, 7, 8), 3, 8).contains("1 not passed on"));
        assertTrue(says(came(9, 10), 9, 10).contains("1 not passed on"));
        assertEquals(1, ledger.gaps(PARTITION.topic()));
    }

    @Test
    void moreThanCanBeNotedIsStillHeldAgainstALaterNote() {
        var inside = new ArrayList<ConsumerRecord<byte[], byte[]>>();
        var random = new Random(3);
        for (long offset = 0; offset < 5_000; offset++) {
            var one = record(offset);
            passage.in(List.of(one));
            inside.add(one);
        }
        inside.remove(2_000 + random.nextInt(2_000));
        inside.forEach(passage::out);
        passage.in(List.of(record(5_000)));
        passage.out(record(5_000));
        assertEquals(1, ledger.gaps(PARTITION.topic()));
    }
}
