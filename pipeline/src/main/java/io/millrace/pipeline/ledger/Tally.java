package io.millrace.pipeline.ledger;

import io.millrace.pipeline.record.Headers;
import io.millrace.pipeline.record.Op;
import io.millrace.pipeline.record.Position;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.Arrays;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.common.TopicPartition;

/**
 * Holds the numbers of a partition's records against their offsets, one record after the other, as a stage is done with them. Offsets
 * that are left out explain as many numbers where the log is compacted, and nothing else explains a missing one. Takes no memory for
 * what is right. Not thread-safe.
 *
 * <p>A number that is missing is reported only when its writer says, in a later record of the same life, that it was acknowledged: a
 * writer that fails sends again what is in doubt, in another life.
 */
public final class Tally {

    /** Writers that may be at work at once, with those before them that woke late. */
    private static final int LIVES = 4;
    private static final long NOTHING = -1;
    /** By how much the clocks of reader and writer may differ. */
    private static final Duration SLACK = Duration.ofMinutes(10);

    private final TopicPartition partition;
    private final boolean compacted;
    private final Ledger ledger;
    private final Life[] lives = new Life[LIVES];
    /** The offset that follows the last record; unknown before the first one where nobody said. */
    private long next;
    /** Offsets that were left out, in all. */
    private long holes;
    /** A life with a higher id began after this reader, so its first record comes here too. */
    private long begun;

    /** One life of a writer. */
    private static final class Life {
        private final long id;
        /** The highest number that came. */
        private long last;
        /** How many offsets had been left out then. */
        private long holes;
        /** Between these numbers so many are missing. */
        private long from;
        private long to;
        private long missing;

        Life(long id, long last, long holes) {
            this.id = id;
            this.last = last;
            this.holes = holes;
        }

        boolean lacks(long number) {
            return missing > 0 && number >= from && number <= to;
        }

        /** How many are missing though they were acknowledged. Those that were not may be all that compaction did not take. */
        long certain(long sure) {
            return missing - Math.max(0, to + 1 - Math.max(from, sure));
        }

        void lack(long first, long end, long count) {
            from = missing == 0 ? first : from;
            to = end - 1;
            missing += count;
        }
    }

    /**
     * @param compacted whether offsets may be left out
     * @param from the offset at which reading begins, negative where that is not known
     */
    public Tally(TopicPartition partition, boolean compacted, long from, Ledger ledger) {
        this(partition, compacted, from, ledger, from < 0 ? Long.MAX_VALUE : Numbering.life(Headers.nowMicros() + SLACK.toNanos() / 1_000));
    }

    Tally(TopicPartition partition, boolean compacted, long from, Ledger ledger, long begun) {
        this.partition = partition;
        this.compacted = compacted;
        this.next = from < 0 ? NOTHING : from;
        this.ledger = ledger;
        this.begun = begun;
    }

    /** The stage is done with a record. */
    public void of(ConsumerRecord<?, ?> record) {
        of(record.offset(), record.headers());
    }

    /** The stage is done with the record at an offset. */
    public void of(long offset, org.apache.kafka.common.header.Headers headers) {
        if (next != NOTHING && offset < next) {
            found(offset == next - 1 ? Kind.REPEATED : Kind.DISORDERED, 1, offset, offset, headers);
            return;
        }
        if (next != NOTHING && offset > next) {
            holes += offset - next;
            if (!compacted) {
                found(Kind.UNDONE, offset - next, next, offset - 1, headers);
            }
        }
        next = offset + 1;
        var header = Headers.bytes(headers, Headers.LEDGER);
        var numbers = header == null || header.length != Numbering.SIZE ? null : ByteBuffer.wrap(header);
        // A stage of a version before hands on what the one before it wrote.
        if (numbers != null && numbers.getInt() == partition.topic().hashCode()) {
            long id = numbers.getLong();
            long number = numbers.getLong();
            count(life(id, number), number, number - numbers.getInt(), offset, headers);
        }
        if (!ledger.isEven() && isTruncate(headers) && position(headers) instanceof Position position) {
            ledger.whole(partition, position);
        }
    }

    /** The stage did not do its work on a record that it took for done. */
    public void undone(ConsumerRecord<?, ?> record) {
        found(Kind.UNDONE, 1, record.offset(), record.offset(), record.headers());
    }

    private void count(Life life, long number, long sure, long offset, org.apache.kafka.common.header.Headers headers) {
        if (number > life.last) {
            long missing = number - life.last - 1 - (holes - life.holes);
            if (missing > 0) {
                life.lack(life.last + 1, number, missing);
            }
            life.last = number;
            life.holes = holes;
        } else if (life.lacks(number)) {
            life.missing--;
            found(Kind.DISORDERED, 1, offset, offset, headers);
        } else {
            found(Kind.REPEATED, 1, offset, offset, headers);
        }
        long certain = life.certain(sure);
        if (certain > 0) {
            found(Kind.MISSING, certain, offset - (number - life.from), offset, headers);
            life.missing -= certain;
        }
    }

    /** What a life wrote before this reader began is not known; of one that began later the first number is 0, unless compaction took it. */
    private Life life(long id, long number) {
        for (var life : lives) {
            if (life != null && life.id == id) {
                return life;
            }
        }
        var forgotten = lives[LIVES - 1];
        begun = forgotten == null ? begun : Math.max(begun, forgotten.id);
        System.arraycopy(lives, 0, lives, 1, LIVES - 1);
        lives[0] = id > begun ? new Life(id, NOTHING, 0) : new Life(id, number - 1, holes);
        return lives[0];
    }

    private static boolean isTruncate(org.apache.kafka.common.header.Headers headers) {
        return Arrays.equals(Headers.bytes(headers, Headers.OP), Op.TRUNCATE.code());
    }

    private void found(Kind kind, long records, long from, long to, org.apache.kafka.common.header.Headers headers) {
        ledger.found(partition, kind, records, Math.max(0, from), to, position(headers));
    }

    /** Null where the record has none: a document. */
    private static Position position(org.apache.kafka.common.header.Headers headers) {
        var position = Headers.bytes(headers, Headers.POSITION);
        return position == null || position.length != Position.SIZE ? null : Position.of(position);
    }
}
