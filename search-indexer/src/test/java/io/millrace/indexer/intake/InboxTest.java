package io.millrace.indexer.intake;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.stream.IntStream;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.common.header.internals.RecordHeaders;
import org.apache.kafka.common.record.RecordBatch;
import org.apache.kafka.common.record.TimestampType;
import org.junit.jupiter.api.Test;

class InboxTest {

    private static final long AT_ONCE = System.nanoTime();
    private static final Duration SOON = Duration.ofSeconds(20);

    private final Inbox inbox = new Inbox(10_000);

    /** Each of another document. */
    private static List<ConsumerRecord<byte[], byte[]>> records(int first, int count) {
        return IntStream.range(first, first + count).mapToObj(i -> record(i, i)).toList();
    }

    private static ConsumerRecord<byte[], byte[]> record(int offset, int document) {
        return new ConsumerRecord<>("t", 0, offset, RecordBatch.NO_TIMESTAMP, TimestampType.NO_TIMESTAMP_TYPE, 1, 100, new byte[] {(byte) document}, new byte[100], new RecordHeaders(), Optional.empty());
    }

    @Test
    void itGivesWhatIsThereInOrderAndNoMoreThanAskedFor() throws InterruptedException {
        inbox.offer(records(0, 5));
        assertEquals(List.of(0L, 1L, 2L), inbox.take(3, 1_000_000, AT_ONCE, SOON).stream().map(ConsumerRecord::offset).toList());
        assertEquals(List.of(3L, 4L), inbox.take(3, 1_000_000, AT_ONCE, SOON).stream().map(ConsumerRecord::offset).toList());
    }

    @Test
    void recordsOfOneDocumentAreCountedAsOneUpToHalfOfTheBound() throws InterruptedException {
        inbox.offer(IntStream.range(0, 12).mapToObj(i -> record(i, i % 2)).toList());
        inbox.offer(List.of(record(12, 2)));
        for (int i = 0; i < 3; i++) {
            assertEquals(4, inbox.take(2, 5_000, AT_ONCE, SOON).size());
        }
        assertEquals(List.of(12L), inbox.take(2, 5_000, AT_ONCE, SOON).stream().map(ConsumerRecord::offset).toList(), "a third document belongs to the next request");
        inbox.offer(List.of(record(13, 0), record(14, 0), record(15, 1)));
        assertEquals(2, inbox.take(10, 200, AT_ONCE, SOON).size(), "two documents have more bytes than one request");
        assertEquals(1, inbox.take(10, 200, AT_ONCE, SOON).size());
    }

    @Test
    void aRecordLargerThanTheLimitIsTakenAlone() throws InterruptedException {
        inbox.offer(records(0, 2));
        assertEquals(1, inbox.take(10, 1, AT_ONCE, SOON).size());
    }

    @Test
    void itSaysOnceThatItIsFullAndOnceThatItHasDrained() throws InterruptedException {
        assertFalse(inbox.offer(records(0, 5)));
        assertTrue(inbox.offer(records(5, 10)));
        assertFalse(inbox.offer(records(15, 1)), "it is full already");
        assertTrue(inbox.isFull());
        inbox.take(1, 1_000_000, AT_ONCE, SOON);
        assertFalse(inbox.drained(), "one record less is not room enough");
        inbox.take(100, 1_000_000, AT_ONCE, SOON);
        assertTrue(inbox.drained());
        assertFalse(inbox.drained());
        assertFalse(inbox.isFull());
    }

    @Test
    void recordsWaitUntilTheirTimeUnlessTheyAreEnough() throws InterruptedException {
        long due = System.nanoTime() + SOON.toNanos();
        inbox.offer(records(0, 3));
        assertEquals(3, inbox.take(3, 1_000_000, due, SOON).size());
        assertTrue(System.nanoTime() < due, "as many records as a request takes need not wait");
        inbox.offer(records(3, 3));
        assertEquals(3, inbox.take(10, 100, due, SOON).size() + inbox.size());
        assertTrue(System.nanoTime() < due, "as many bytes as a request takes need not wait");
        inbox.take(10, 1_000_000, AT_ONCE, SOON);
        inbox.offer(records(6, 1));
        long soon = System.nanoTime() + 100_000_000;
        assertEquals(1, inbox.take(10, 1_000_000, soon, SOON).size());
        assertTrue(System.nanoTime() >= soon, "a request that is not full waits");
    }

    @Test
    void whoIsWokenComesRoundOnceThoughNothingArrives() throws InterruptedException {
        long begin = System.nanoTime();
        inbox.wake();
        assertEquals(0, inbox.take(10, 1_000_000, begin + SOON.toNanos(), SOON).size());
        assertTrue(System.nanoTime() - begin < SOON.toNanos(), "it need not wait");
        inbox.offer(records(0, 2));
        inbox.wake();
        assertEquals(2, inbox.take(10, 1_000_000, AT_ONCE, SOON).size());
        assertEquals(0, inbox.take(10, 1_000_000, AT_ONCE, Duration.ofMillis(10)).size());
    }

    private List<Long> takenBefore(long offset, Duration gap, Duration patience) throws InterruptedException {
        return inbox.takeBefore(offset, gap, patience).stream().map(ConsumerRecord::offset).toList();
    }

    @Test
    void allBeforeAnOffsetIsTakenOnceItIsThere() throws InterruptedException {
        inbox.offer(records(0, 5));
        long begin = System.nanoTime();
        assertEquals(List.of(0L, 1L, 2L, 3L, 4L), takenBefore(5, SOON, SOON));
        inbox.offer(records(5, 2));
        var later = Thread.ofVirtual().start(() -> {
            try {
                Thread.sleep(50);
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
            }
            inbox.offer(records(7, 1));
        });
        assertEquals(List.of(5L, 6L, 7L), takenBefore(8, SOON, SOON));
        later.join();
        assertTrue(System.nanoTime() - begin < SOON.toNanos(), "what is there need not wait");
        assertEquals(0, inbox.size());
        inbox.offer(records(8, 1));
        assertEquals(List.of(8L), takenBefore(9, SOON, SOON), "nothing is left of what was taken");
    }

    @Test
    void whatIsLeftOfATopicBeforeAnOffsetIsTakenThoughTheLastOffsetsHaveNoRecords() throws InterruptedException {
        inbox.offer(records(0, 3));
        long begin = System.nanoTime();
        assertEquals(List.of(0L, 1L, 2L), takenBefore(10, Duration.ofMillis(50), SOON));
        assertTrue(System.nanoTime() - begin >= 50_000_000, "the next record is waited for");
        assertTrue(System.nanoTime() - begin < SOON.toNanos(), "it is not waited for any longer");
        assertEquals(List.of(), takenBefore(10, SOON, Duration.ofMillis(10)), "nothing came");
        inbox.offer(List.of(record(20, 1)));
        assertEquals(List.of(20L), takenBefore(10, SOON, SOON), "what stands behind the offset says that nothing comes before it");
    }

    @Test
    void aFullInboxIsTakenAsItIs() throws InterruptedException {
        inbox.offer(records(0, 15));
        assertTrue(inbox.isFull());
        assertEquals(15, takenBefore(100, SOON, SOON).size());
        assertTrue(inbox.drained(), "it has room again");
    }

    @Test
    void whoIsWokenWhileItWaitsForAllLeavesThemWhereTheyAre() throws InterruptedException {
        inbox.offer(records(0, 2));
        inbox.wake();
        assertEquals(List.of(), takenBefore(5, SOON, SOON));
        assertEquals(2, inbox.size());
    }

    @Test
    void closingEndsAWaitingTakeAndDropsTheRest() throws InterruptedException {
        inbox.offer(records(0, 5));
        inbox.close();
        assertEquals(0, inbox.take(10, 1_000_000, AT_ONCE, SOON).size());
        inbox.offer(records(5, 5));
        assertEquals(0, inbox.size());
    }
}
