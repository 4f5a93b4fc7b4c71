package io.millrace.tests.bench;

import io.millrace.pipeline.ledger.Ledger;
import io.millrace.pipeline.ledger.Numbering;
import io.millrace.pipeline.ledger.Passage;
import io.millrace.pipeline.ledger.Tally;
import io.millrace.pipeline.record.Headers;
import io.millrace.pipeline.record.Op;
import io.millrace.pipeline.record.Position;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.record.TimestampType;

/** The counts that travel with the records, without Kafka: what a record costs its writer and its reader. */
final class LedgerAlone {

    private static final int RECORDS = 10_000;
    /** What one poll brings. */
    private static final int POLL = 500;
    private static final TopicPartition PARTITION = new TopicPartition("rows.bench.public.first", 0);
    private static final byte[] VALUE = new byte[128];

    /**
     * Nanoseconds of processor time for each record.
     *
     * @param numbering beyond making the record
     * @param tally what each reader does
     * @param passage what the indexer does as well
     */
    record Result(double numbering, double tally, double passage) {

        /** Of a change that becomes one document: numbered by capture, gate and join, counted by gate, join and indexer; microseconds for a thousand. */
        double microsPerThousandChanges() {
            return 3 * (numbering + tally) + passage;
        }
    }

    private LedgerAlone() {}

    static Result run() {
        var records = received();
        var written = new Object[RECORDS];
        double made = OneThread.nanos(() -> write(written, null));
        double numbered = OneThread.nanos(() -> write(written, new Numbering()));
        return new Result(numbered - made, OneThread.nanos(() -> tally(records)), OneThread.nanos(() -> pass(records)));
    }

    private static ProducerRecord<byte[], byte[]> made(long i) {
        var record = new ProducerRecord<>(PARTITION.topic(), PARTITION.partition(), VALUE, VALUE);
        record.headers().add(Headers.POSITION, new Position(i, i).toBytes()).add(Headers.OP, Op.UPDATE.code());
        return record;
    }

    /** @param written keeps them, so that none is optimized away */
    private static int write(Object[] written, Numbering numbering) {
        for (int i = 0; i < RECORDS; i++) {
            var record = made(i);
            if (numbering != null) {
                record = numbering.numbered(record);
                if (i % POLL == POLL - 1) {
                    numbering.settled();
                }
            }
            written[i] = record;
        }
        return RECORDS;
    }

    private static List<ConsumerRecord<byte[], byte[]>> received() {
        var numbering = new Numbering();
        var records = new ArrayList<ConsumerRecord<byte[], byte[]>>();
        for (int i = 0; i < RECORDS; i++) {
            var record = numbering.numbered(made(i));
            records.add(new ConsumerRecord<>(record.topic(), record.partition(), i, i, TimestampType.CREATE_TIME, VALUE.length, VALUE.length, VALUE, VALUE, record.headers(), Optional.empty()));
        }
        return records;
    }

    private static Ledger even() {
        return new Ledger(topic -> "");
    }

    private static int tally(List<ConsumerRecord<byte[], byte[]>> records) {
        var ledger = even();
        var tally = new Tally(PARTITION, true, 0, ledger);
        records.forEach(tally::of);
        return count(ledger);
    }

    private static int pass(List<ConsumerRecord<byte[], byte[]>> records) {
        var ledger = even();
        var passage = new Passage(PARTITION, ledger);
        for (int i = 0; i < RECORDS; i += POLL) {
            var poll = records.subList(i, i + POLL);
            passage.in(poll);
            poll.forEach(passage::out);
        }
        return count(ledger);
    }

    private static int count(Ledger ledger) {
        if (!ledger.isEven()) {
            throw new IllegalStateException("Good records do not add up: " + ledger.says());
        }
        return RECORDS;
    }

    static void print(Result result) {
        System.out.printf("%nThe counts that travel with the records alone, one thread%n");
        System.out.printf("  numbering %.0f ns a record, counting %.0f ns, the indexer's sums %.0f ns; %.0f µs for 1,000 changes from capture to index%n", result.numbering(), result.tally(), result.passage(), result.microsPerThousandChanges());
    }
}
