package io.millrace.pipeline.progress;

import io.millrace.pipeline.topic.Topics;
import java.util.List;
import java.util.function.Predicate;
import java.util.stream.IntStream;

/**
 * Whether a join has documents to emit that no record waits for any more: a first build, a look-up that is being spread. What
 * the join says with {@link Topics#joinState} is read up to its end at the time of the first question. Not thread-safe.
 */
public final class JoinState implements AutoCloseable {

    /** What a partition says whose documents are all emitted, as far as its records are consumed. */
    public static final String IDLE = "idle";
    /** What a partition says before each of its documents was emitted for the first time. */
    public static final String BUILDING = "building";
    /** What a partition says that has documents which wait for look-ups that they subscribe to, some perhaps for the first time. */
    public static final String ASKING = "asking for look-ups";

    private final Offsets offsets;
    private final Tail said;
    private final List<String> exchange;
    /** Up to where it must have been read; below zero where nobody has asked yet. */
    private long goal = -1;

    public JoinState(Offsets offsets, String pipeline) {
        var group = Topics.joinGroup(pipeline);
        this.offsets = offsets;
        this.said = offsets.tail(Topics.joinState(group));
        this.exchange = List.of(Topics.exchange(group));
    }

    /** The next question holds for what the join will have said by then. */
    public void begin() {
        goal = -1;
    }

    /** @return what it is busy with, null where all that it was to emit is out */
    public String untilIdle() throws InterruptedException {
        return until(IDLE::equals);
    }

    /** @return what it is busy with, null where each document was emitted once; look-ups may be on their way to some */
    public String untilBuilt() throws InterruptedException {
        return until(said -> said != null && !BUILDING.equals(said) && !ASKING.equals(said));
    }

    private String until(Predicate<String> isDone) throws InterruptedException {
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
        var busy = IntStream.range(0, partitions).mapToObj(Integer::toString).filter(p -> !isDone.test(last.get(p))).toList();
        return busy.isEmpty() ? null : "the join is still " + last.getOrDefault(busy.getFirst(), "starting") + " in partition " + String.join(", ", busy);
    }

    @Override
    public void close() {
        said.close();
    }
}
