package io.millrace.pipeline.progress;

import io.millrace.pipeline.topic.Topics;
import java.util.List;
import java.util.Map;
import java.util.stream.IntStream;
import org.apache.kafka.common.TopicPartition;

/**
 * Whether a join has documents to emit that no record waits for any more: a first build, a look-up that is being spread. What
 * the join says with {@link Topics#joinState} is read up to its end at the time of the first question. Not thread-safe.
 */
public final class JoinState implements AutoCloseable {

    /** What a partition says whose documents are all emitted, as far as its records are consumed. */
    public static final String IDLE = "idle";
    /** What a partition says before each of its documents was emitted for the first time. */
    public static final String BUILDING = "building";
    /** What a partition says while it emits its documents anew in which a field of the file is new, or is gone. Whatever a record leads to comes out meanwhile as ever. */
    public static final String RESHAPING = "reshaping";
    /** What a partition says that has documents which wait for look-ups that they subscribe to, some perhaps for the first time. */
    public static final String ASKING = "asking for look-ups";

    /** Whether a partition is done that said this last, null where it has said nothing. */
    private interface IsDone {
        boolean test(int partition, String said);
    }

    private final Offsets offsets;
    private final Tail said;
    private final List<String> exchange;
    /** Up to where it must have been read; below zero where nobody has asked yet. */
    private long goal = -1;

    public JoinState(KafkaWatch kafka, String pipeline) {
        var group = Topics.joinGroup(pipeline);
        this.offsets = kafka.offsets();
        this.said = kafka.tail(Topics.joinState(group));
        this.exchange = List.of(Topics.exchange(group));
    }

    /** The next question holds for what the join will have said by then. */
    public void begin() {
        goal = -1;
    }

    /**
     * Under the key that {@link #outOf} gives, each partition says now and then, while it is busy: whatever came of the records of
     * its exchange before this offset is out.
     *
     * @param ends of the exchange's partitions; one that is not named has no records
     * @return what it is busy with, null where all that was to come of the records before is out
     */
    public String untilOut(Map<TopicPartition, Long> ends) throws InterruptedException {
        return until((p, said) -> IDLE.equals(said)
                || said != null && !BUILDING.equals(said) && Long.parseLong(this.said.last().getOrDefault(outOf(p), "0")) >= ends.getOrDefault(new TopicPartition(exchange.getFirst(), p), 0L));
    }

    /** The key under which a partition of the exchange says before which offset all is out. */
    public static String outOf(int partition) {
        return partition + " out";
    }

    /**
     * The key under which it is said of a partition in which life the join is, and from which offset of the documents on each of them
     * came out in it once that is built: two numbers. Nothing is said of a join that nobody has had built anew.
     */
    public static String lifeOf(int partition) {
        return partition + " life";
    }

    /** The key under which a partition says what its state was built for: a {@link io.millrace.pipeline.shape.DocumentShape}. */
    public static String baseOf(int partition) {
        return partition + " base";
    }

    /** The key under which a partition says in which {@link io.millrace.pipeline.shape.DocumentShape} it emits its documents. */
    public static String shapeOf(int partition) {
        return partition + " shape";
    }

    /** @return what it is busy with, null where each document was emitted once; look-ups may be on their way to some */
    public String untilBuilt() throws InterruptedException {
        return until((p, said) -> said != null && !BUILDING.equals(said) && !ASKING.equals(said));
    }

    private String until(IsDone isDone) throws InterruptedException {
        int partitions = offsets.partitions(exchange).size();
        if (partitions == 0) {
            return "the join has not begun";
        }
        if (goal < 0) {
            goal = offsets.ends(offsets.partitions(List.of(said.partition().topic()))).getOrDefault(said.partition(), 0L);
        }
        if (said.position() < goal) {
            return said.trouble() == null ? "the state of the join is being read" : said.trouble();
        }
        var last = said.last();
        var busy = IntStream.range(0, partitions).mapToObj(Integer::toString).filter(p -> !isDone.test(Integer.parseInt(p), last.get(p))).toList();
        return busy.isEmpty() ? null : "the join is still " + last.getOrDefault(busy.getFirst(), "starting") + " in partition " + String.join(", ", busy);
    }

    @Override
    public void close() {
        said.close();
    }
}
