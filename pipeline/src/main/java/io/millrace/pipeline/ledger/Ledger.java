package io.millrace.pipeline.ledger;

import io.millrace.pipeline.record.Position;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.UnaryOperator;
import org.apache.kafka.common.TopicPartition;

/** What a stage found not to add up, by partition, until it is mended or the process ends. Thread-safe. */
public final class Ledger {

    private static final System.Logger LOG = System.getLogger(Ledger.class.getName());

    private final UnaryOperator<String> advice;
    private final Map<TopicPartition, Discrepancy> found = new ConcurrentHashMap<>();

    /** @param advice for a topic, in sentences: what may be wrong downstream, and what mends it */
    public Ledger(UnaryOperator<String> advice) {
        this.advice = advice;
    }

    /**
     * Records are not accounted for.
     *
     * @param from the first offset that it is about
     * @param to the last one
     * @param position of the change by which it was seen, null where it has none
     */
    public void found(TopicPartition partition, Kind kind, long records, long from, long to, Position position) {
        boolean isNew = !found.containsKey(partition);
        var now = found.compute(partition, (p, before) -> (before == null ? Discrepancy.none(from) : before).with(kind, records, from, to, position));
        if (isNew) {
            LOG.log(System.Logger.Level.ERROR, partition + ": " + now.text() + ". " + advice.apply(partition.topic()));
        }
    }

    /** Everything before a position was taken away or brought anew in a partition: what was missing there is not missed any more. */
    public void whole(TopicPartition partition, Position before) {
        if (found.get(partition) instanceof Discrepancy there && there.position() != null && there.position().isBefore(before) && found.remove(partition, there)) {
            LOG.log(System.Logger.Level.INFO, partition + " is whole as of " + before);
        }
    }

    /** What was found of a partition was of other records than it has now. */
    public void forget(TopicPartition partition) {
        found.remove(partition);
    }

    /** Whether nothing is found. */
    public boolean isEven() {
        return found.isEmpty();
    }

    /** How many records of a topic are not accounted for. */
    public long gaps(String topic) {
        return found.entrySet().stream().filter(e -> e.getKey().topic().equals(topic)).mapToLong(e -> e.getValue().sum()).sum();
    }

    /** By partition, what does not add up, what may be wrong because of it, and what mends it. */
    public Map<String, String> says() {
        var says = new TreeMap<String, String>();
        found.forEach((partition, discrepancy) -> says.put("ledger of " + partition, discrepancy.text() + ". " + advice.apply(partition.topic())));
        return says;
    }
}
