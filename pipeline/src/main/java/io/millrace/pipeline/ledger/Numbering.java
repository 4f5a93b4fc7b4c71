package io.millrace.pipeline.ledger;

import io.millrace.pipeline.record.Headers;
import java.nio.ByteBuffer;
import java.util.Arrays;
import java.util.HashMap;
import java.util.Map;
import java.util.concurrent.ThreadLocalRandom;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.header.internals.RecordHeaders;

/**
 * Numbers the records that one writer sends into partitions, each partition from 0 on. Numbers hold for one life of the writer: a
 * life ends when anything that was sent is in doubt, and what is sent again begins another one. Not thread-safe.
 */
public final class Numbering {

    /** Bytes of the header {@link Headers#LEDGER}: the hash of the topic's name, life, number, and how many before it are not known to be in the log. */
    static final int SIZE = 2 * Long.BYTES + 2 * Integer.BYTES;

    /** Seconds from the Unix epoch to 2020, so that a life has room for them until 2088. */
    private static final long BEGIN = 1_577_836_800;
    /** Two writers that begin a life in the same second have different ones. */
    private static final int RANDOM_BITS = 32;

    private final Map<String, Count[]> counts = new HashMap<>();
    /** Later lives of this writer have higher numbers, and so have those of another one that begin a second later. */
    private long life;
    private long batch;

    private static final class Count {
        private long life;
        private long batch;
        private long next;
        /** So many are in the log. */
        private long sure;
    }

    public Numbering() {
        renew();
    }

    /**
     * Gives a record its number.
     *
     * @param record names its partition
     * @return the record; another one where this one has been sent before
     */
    public ProducerRecord<byte[], byte[]> numbered(ProducerRecord<byte[], byte[]> record) {
        var count = count(record);
        var header = ByteBuffer.allocate(SIZE).putInt(record.topic().hashCode()).putLong(life).putLong(count.next).putInt((int) (count.next - count.sure)).array();
        count.next++;
        if (record.headers().lastHeader(Headers.LEDGER) == null) {
            record.headers().add(Headers.LEDGER, header);
            return record;
        }
        var headers = new RecordHeaders(record.headers());
        Headers.set(headers, Headers.LEDGER, header);
        return new ProducerRecord<>(record.topic(), record.partition(), record.timestamp(), record.key(), record.value(), headers);
    }

    /** The record that was numbered last for its partition was refused before it was sent; its number is free again. */
    public void refused(ProducerRecord<byte[], byte[]> record) {
        count(record).next--;
    }

    /** All that was numbered in this life is in the log. */
    public void settled() {
        batch++;
    }

    /** What was sent may be in the log or not; a new life begins. */
    public void renew() {
        life = Math.max(life + 1, life(Headers.nowMicros()) + ThreadLocalRandom.current().nextLong(1L << RANDOM_BITS));
    }

    /**
     * The lowest number that a life can have.
     *
     * @param micros when it begins, in microseconds since the Unix epoch
     */
    static long life(long micros) {
        return micros / 1_000_000 - BEGIN << RANDOM_BITS;
    }

    private Count count(ProducerRecord<byte[], byte[]> record) {
        int partition = record.partition();
        var ofTopic = counts.get(record.topic());
        if (ofTopic == null || ofTopic.length <= partition) {
            ofTopic = ofTopic == null ? new Count[partition + 1] : Arrays.copyOf(ofTopic, partition + 1);
            counts.put(record.topic(), ofTopic);
        }
        var count = ofTopic[partition];
        if (count == null) {
            count = new Count();
            ofTopic[partition] = count;
        }
        if (count.life != life) {
            count.life = life;
            count.batch = batch;
            count.next = 0;
            count.sure = 0;
        } else if (count.batch != batch) {
            count.batch = batch;
            count.sure = count.next;
        }
        return count;
    }
}
