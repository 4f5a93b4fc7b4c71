package io.millrace.gate.flow;

import io.millrace.gate.KafkaClients;
import io.millrace.pipeline.liveness.Loop;
import io.millrace.pipeline.record.Headers;
import io.millrace.pipeline.record.Position;
import io.millrace.pipeline.wording.Counted;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Consumer;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.TopicPartition;
import org.jboss.logging.Logger;

/**
 * A lane's partition of {@code rows.*}. The lane is its only writer, so the offsets of its records follow one another; what stands
 * between them was sent by an earlier owner that slept past its session and woke. Such a late row may stand behind newer ones of its
 * key, and compaction would keep it: so the newest row of each such key is sent once more. Only the lane's thread uses it, but for
 * {@link #seen}.
 */
final class RowLog {

    private static final Logger LOG = Logger.getLogger(RowLog.class);
    private static final Duration POLL = Duration.ofMillis(200);
    private static final long NOTHING = -1;
    /** By how much the clocks of those that captured the rows may differ. */
    private static final long SLACK_MILLIS = Duration.ofMinutes(10).toMillis();

    private final TopicPartition rows;
    private final KafkaClients kafka;
    /** The offset that follows the lane's last record; -1 while it has none. */
    private long next = NOTHING;
    /** Between these may be others' records; -1 where there are none. */
    private long from = NOTHING;
    private long to = NOTHING;
    private long looked = NOTHING;
    private volatile long end = NOTHING;

    RowLog(TopicPartition rows, KafkaClients kafka) {
        this.rows = rows;
        this.kafka = kafka;
    }

    /** A key's rows in the part that is looked at. */
    private record Rows(ConsumerRecord<byte[], byte[]> newest, ConsumerRecord<byte[], byte[]> last) {

        /** With one that stands behind these. */
        Rows with(ConsumerRecord<byte[], byte[]> record) {
            return new Rows(position(record).compareTo(position(newest)) >= 0 ? record : newest, record);
        }

        boolean isInOrder() {
            return newest == last;
        }
    }

    /** A record of the lane has got this offset. */
    void acknowledged(long offset) {
        if (next != NOTHING && offset > next) {
            doubt(next, offset);
        }
        next = offset + 1;
    }

    /** Rows from one offset to before another may stand behind newer ones. */
    void doubt(long first, long behind) {
        from = from == NOTHING ? first : Math.min(from, first);
        to = Math.max(to, behind);
    }

    /** Where the partition ended when somebody looked; any thread. True when it has grown since the last look. */
    boolean seen(long end) {
        boolean grown = end > this.end;
        this.end = end;
        return grown;
    }

    /** Whether there may be others' records. To be asked when every record of the lane is acknowledged. */
    boolean isDisturbed() {
        long seen = end;
        if (next != NOTHING && seen > next) {
            doubt(next, seen);
            next = seen;
        }
        return from != NOTHING;
    }

    /** What has to be sent again, since it is the newest row of a key and a late one stands behind it. Reads all that was captured since the late ones were. */
    List<ProducerRecord<byte[], byte[]>> hidden(Loop loop) {
        looked = to;
        try (var consumer = kafka.reader()) {
            consumer.assign(List.of(rows));
            var late = new HashMap<ByteBuffer, Rows>();
            read(consumer, from, to, loop, record -> late.put(ByteBuffer.wrap(record.key()), new Rows(record, record)));
            var found = new HashMap<ByteBuffer, Rows>();
            if (!late.isEmpty()) {
                read(consumer, since(consumer, late), consumer.endOffsets(List.of(rows)).get(rows), loop, record -> {
                    var key = ByteBuffer.wrap(record.key());
                    if (late.containsKey(key)) {
                        found.merge(key, new Rows(record, record), (there, other) -> there.with(other.last()));
                    }
                });
            }
            var hidden = found.values().stream().filter(key -> !key.isInOrder()).map(Rows::newest).toList();
            LOG.warnf("%s has records from offset %d to %d that this lane did not send, or not in their order: an instance slept past its session, or Kafka's answer was lost. Of %s, %s sent again behind them.",
                    rows, from, to - 1, Counted.of(late.size(), "key"), Counted.of(hidden.size(), "row is", "rows are"));
            return hidden.stream().map(row -> new ProducerRecord<>(row.topic(), row.partition(), row.timestamp(), row.key(), row.value(), row.headers())).toList();
        }
    }

    /** What was {@link #hidden} is acknowledged. */
    void mended() {
        from = to > looked ? looked : NOTHING;
        to = from == NOTHING ? NOTHING : to;
    }

    /** The first offset behind which everything newer than the late rows stands. */
    private long since(KafkaConsumer<byte[], byte[]> consumer, Map<ByteBuffer, Rows> late) {
        long captured = late.values().stream().map(Rows::last).mapToLong(r -> Math.min(r.timestamp(), Headers.number(r.headers(), Headers.CAPTURED, Long.MAX_VALUE) / 1_000)).min().orElseThrow();
        var found = consumer.offsetsForTimes(Map.of(rows, Math.max(0, captured - SLACK_MILLIS))).get(rows);
        return found == null ? from : found.offset();
    }

    private void read(KafkaConsumer<byte[], byte[]> consumer, long first, long behind, Loop loop, Consumer<ConsumerRecord<byte[], byte[]>> take) {
        // A log that came back from an older copy ends before what was seen of it.
        long until = Math.min(behind, consumer.endOffsets(List.of(rows)).get(rows));
        consumer.seek(rows, first);
        while (consumer.position(rows) < until) {
            loop.beat();
            for (var record : consumer.poll(POLL)) {
                if (record.offset() < until && record.key() != null && record.key().length > 0 && position(record) != null) {
                    take.accept(record);
                }
            }
        }
    }

    private static Position position(ConsumerRecord<byte[], byte[]> record) {
        var bytes = Headers.bytes(record.headers(), Headers.POSITION);
        return bytes == null || bytes.length != Position.SIZE ? null : Position.of(bytes);
    }
}
