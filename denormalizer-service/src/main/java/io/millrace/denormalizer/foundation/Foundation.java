package io.millrace.denormalizer.foundation;

import io.micrometer.core.instrument.Gauge;
import io.micrometer.core.instrument.MeterRegistry;
import io.millrace.denormalizer.join.JoinTopics;
import io.millrace.denormalizer.join.JoinTopology;
import io.millrace.pipeline.liveness.Loop;
import io.millrace.pipeline.liveness.Loops;
import io.millrace.pipeline.log.Gap;
import io.millrace.pipeline.log.Life;
import io.millrace.pipeline.log.OffsetGuard;
import io.millrace.pipeline.log.Start;
import io.millrace.pipeline.progress.Offsets;
import io.millrace.pipeline.topic.Topics;
import io.millrace.pipeline.wording.Counted;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ExecutionException;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.consumer.OffsetAndMetadata;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.errors.GroupNotEmptyException;
import org.apache.kafka.common.errors.UnknownMemberIdException;

/**
 * What a join stands on: its group's offsets in the rows and the exchange, and the logs that it alone writes, its changelogs and its
 * documents. It does not run before all of it is whole, since a join whose state is gone emits documents without their relations.
 */
public final class Foundation implements OffsetGuard.Stage, AutoCloseable {

    private static final Duration LOOK = Duration.ofMillis(100);

    private final String pipeline;
    private final JoinTopics topics;
    private final OffsetGuard guard;
    /** With what the join was begun. */
    private final Map<TopicPartition, Start> begun = new HashMap<>();
    /** What is assigned to the guard. */
    private final Set<TopicPartition> guarded = new HashSet<>();
    private final boolean isAutomatic;
    private List<TopicPartition> read = List.of();
    private List<TopicPartition> written = List.of();
    /** In which that was assigned; null before. */
    private volatile Life life;
    /** Whether rows were read and nothing was ever stored. */
    private volatile boolean isStateless;

    /** @param isAutomatic whether what is not whole is made anew without a person's word where the rows suffice for it */
    public Foundation(Map<String, String> kafka, String pipeline, JoinTopics topics, boolean isAutomatic, short replication, MeterRegistry meters, Loops loops) {
        this.isAutomatic = isAutomatic;
        this.pipeline = pipeline;
        this.topics = topics;
        this.guard = new OffsetGuard(new HashMap<>(kafka), Topics.joinMarks(topics.application()), topics.application(), replication, this, loops);
        Gauge.builder("millrace.partitions.held", guard, g -> g.gaps().size()).tag("stage", "join").tag("pipeline", pipeline).register(meters);
        Gauge.builder("millrace.retention.used.ratio", guard, OffsetGuard::retentionUsed).tag("stage", "join").tag("pipeline", pipeline).register(meters);
    }

    /** What is read is assigned as a whole. */
    @Override
    public boolean reads(String topic) {
        return false;
    }

    @Override
    public String advice(TopicPartition partition, Gap gap) {
        if (partition.topic().equals(topics.documents()) && gap instanceof Gap.Expired) {
            return "No index can be made from " + topics.documents() + " any more, so nothing is joined into it. Let a pipeline of another name with 'replaces: [" + pipeline
                    + "]' build state, documents and index from the rows, beside this one; it takes over when it is whole";
        }
        if (partition.topic().equals(topics.documents())) {
            return "Documents that were written may be missing from " + topics.documents() + ", so nothing is joined into it. " + anew();
        }
        if (written.contains(partition)) {
            return "The join's state cannot be trusted: documents would come out without their relations, so nothing is joined. " + anew();
        }
        return "The join has not seen what is missing, so nothing is joined. " + anew();
    }

    private String anew() {
        return (isAutomatic ? "State and documents are made anew by themselves where the rows that are there suffice, as recovery: automatic says. Else have" : "Have")
                + " state and documents made anew from the rows, while the index is served as it is: ./millrace recover " + topics.documents();
    }

    /**
     * Waits until it is known in which life the join is.
     *
     * @param loop of the calling thread
     * @throws NotReadyException while what the life before has left is still to be cleared, or Kafka does not answer
     */
    public Life life(Loop loop) throws InterruptedException, NotReadyException {
        while (guard.life() == null) {
            if (guard.trouble() != null) {
                throw new NotReadyException(guard.trouble());
            }
            loop.beat();
            Thread.sleep(LOOK);
        }
        var now = guard.life();
        if (!now.equals(life)) {
            guarded.forEach(guard::release);
            guarded.clear();
            life = now;
        }
        if (!now.begun()) {
            throw new NotReadyException("State and documents are to be made anew, as was decided, so nothing is joined until what is there is cleared; where ./millrace recover " + topics.documents() + " has ended before that, run it again");
        }
        return now;
    }

    /**
     * Waits until it is known what of these is whole, and has the group begin where it is to begin.
     *
     * @param read partitions that the group reads
     * @param partitions how many partitions the topics have that the join writes
     * @param loop of the calling thread
     * @throws NotReadyException when something is not whole
     */
    public void require(Admin admin, List<TopicPartition> read, int partitions, Loop loop) throws ExecutionException, InterruptedException, NotReadyException {
        this.read = read;
        this.written = JoinTopology.changelogs(topics).stream().flatMap(topic -> partitions(topic, partitions)).toList();
        guarded.addAll(all(partitions));
        var committed = new Offsets(admin).positions(topics.application());
        read.forEach(partition -> guard.assign(partition, committed.get(partition)));
        written.forEach(guard::keep);
        partitions(topics.documents(), partitions).forEach(guard::keep);
        awaitKnown(partitions, loop);
        requireState(committed);
        commit(admin, committed);
        all(partitions).forEach(partition -> begun.put(partition, guard.start(partition)));
    }

    private static Stream<TopicPartition> partitions(String topic, int count) {
        return IntStream.range(0, count).mapToObj(p -> new TopicPartition(topic, p));
    }

    private List<TopicPartition> all(int partitions) {
        var all = new ArrayList<>(read);
        all.addAll(written);
        partitions(topics.documents(), partitions).forEach(all::add);
        return all;
    }

    private void awaitKnown(int partitions, Loop loop) throws InterruptedException, NotReadyException {
        while (!all(partitions).stream().allMatch(partition -> guard.start(partition) != null)) {
            if (guard.trouble() != null) {
                throw new NotReadyException(guard.trouble());
            }
            requireLife();
            loop.beat();
            Thread.sleep(LOOK);
        }
        requireLife();
        requireWhole();
    }

    /** What was assigned in a life that is over nobody looks at any more. */
    private void requireLife() throws NotReadyException {
        if (!guard.life().equals(life)) {
            throw new NotReadyException("State and documents are made anew since this join looked what it stands on, as was decided, so it looks again");
        }
    }

    private void requireWhole() throws NotReadyException {
        var wrong = wrong();
        if (wrong != null) {
            throw new NotReadyException(wrong);
        }
    }

    /** Rows were read, and yet nothing was ever stored: also where no mark says so. A life that begins reads them again. */
    private void requireState(Map<TopicPartition, Long> committed) throws NotReadyException {
        boolean hasRead = read.stream().anyMatch(partition -> !partition.topic().equals(topics.exchange()) && guard.start(partition) instanceof Start.From from && from.offset() > 0
                && from.offset() >= committed.getOrDefault(partition, Long.MAX_VALUE));
        isStateless = hasRead && written.stream().allMatch(partition -> guard.start(partition) instanceof Start.Absent);
        if (isStateless) {
            throw new NotReadyException("The group " + topics.application() + " has read rows, and the changelogs of its state (" + String.join(", ", JoinTopology.changelogs(topics))
                    + ") are not there. " + advice(written.getFirst(), null));
        }
    }

    private void commit(Admin admin, Map<TopicPartition, Long> committed) throws ExecutionException, InterruptedException, NotReadyException {
        var offsets = new HashMap<TopicPartition, OffsetAndMetadata>();
        for (var partition : read) {
            if (guard.start(partition) instanceof Start.From from && !Long.valueOf(from.offset()).equals(committed.get(partition))) {
                offsets.put(partition, new OffsetAndMetadata(from.offset()));
            }
        }
        if (offsets.isEmpty()) {
            return;
        }
        try {
            admin.alterConsumerGroupOffsets(topics.application(), offsets).all().get();
        } catch (ExecutionException e) {
            if (e.getCause() instanceof UnknownMemberIdException || e.getCause() instanceof GroupNotEmptyException) {
                throw new NotReadyException("The group " + topics.application() + " is to begin elsewhere in " + offsets.keySet() + ", and other instances of it still run; waiting until they have stopped");
            }
            throw e;
        }
    }

    /**
     * The group has committed these.
     *
     * @return of each partition, what will not be read again even where the group's offsets are lost
     */
    public Map<TopicPartition, Long> finished(Map<TopicPartition, Long> committed) {
        var over = new HashMap<TopicPartition, Long>();
        committed.forEach((partition, offset) -> {
            guard.finished(partition, offset);
            if (guard.marked(partition) >= 0) {
                over.put(partition, Math.min(offset, guard.marked(partition)));
            }
        });
        return over;
    }

    /** What is not whole, null where all is. */
    public String wrong() {
        var gaps = guard.gaps();
        return gaps.isEmpty() ? null : gaps.entrySet().stream().limit(3).map(gap -> gap.getKey() + " cannot be trusted " + gap.getValue()).collect(Collectors.joining("; "))
                + (gaps.size() > 3 ? "; and " + Counted.of(gaps.size() - 3, "partition") + " more" : "");
    }

    /** Whether rows were read and nothing was ever stored, which no mark need tell. */
    public boolean isStateless() {
        return isStateless;
    }

    /** The number of the life in which that was seen; below zero where none is known. */
    public long lifeNumber() {
        var seen = life;
        return seen == null ? -1 : seen.number();
    }

    /** Whether something is not whole, or somebody has begun to mend that and has not come to an end. */
    public boolean isDamaged() {
        return isStateless || wrong() != null || guard.life() != null && !guard.life().begun();
    }

    /** Somebody has found the documents of this life to be those of the database; below zero where nobody has said so of any. */
    public void prove(long number) {
        if (number >= 0 && !guard.isProven()) {
            guard.prove(number);
        }
    }

    /** Whether a running join has to begin again: something is not whole any more, or a person decided so. */
    public boolean isLost() {
        return guard.gaps().size() > 0 || !guard.life().equals(life) || read.stream().anyMatch(partition -> guard.start(partition) != begun.get(partition));
    }

    /** What is still to be done about a life that was begun, null where nothing is. */
    public String unproven() {
        return guard.isProven() ? null : "State and documents were made anew, and were not compared with the database since: documents of rows that are gone may stand. " + (isAutomatic ? "The purge service does so by itself; so does ./millrace recover " : "./millrace recover ")
                + topics.documents() + (isAutomatic ? "" : " goes on with that; it reads nothing anew for it");
    }

    /** What comes near to be lost, null where nothing does. */
    public String warning() {
        var warnings = guard.warnings();
        return warnings.isEmpty() ? null : warnings.entrySet().stream().map(w -> w.getKey() + ": " + w.getValue()).collect(Collectors.joining("; "));
    }

    @Override
    public void close() {
        guard.close();
    }
}
