package io.millrace.indexer.mark;

import io.millrace.indexer.IndexerConfig;
import io.millrace.indexer.Pipelines;
import io.millrace.indexer.generation.Generation;
import io.millrace.indexer.generation.IndexState;
import io.millrace.indexer.place.Targets;
import io.millrace.pipeline.progress.KafkaWatch;
import io.millrace.pipeline.progress.Offsets;
import jakarta.inject.Singleton;
import java.time.Duration;
import java.util.Collection;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;
import org.apache.kafka.common.TopicPartition;

/** Opens partitions with their marks, and compares. Those that are asked for together are of one topic. Thread-safe. */
@Singleton
public final class MarkBook {

    /** By then the mark of an index at rest was written anew. */
    private static final Duration RENEWED = Duration.ofMinutes(3);

    private final Pipelines pipelines;
    private final Targets targets;
    private final Offsets offsets;
    private final Lives lives;
    /** A shorter time is not told from none. */
    private final Duration least;

    MarkBook(Pipelines pipelines, Targets targets, Lives lives, KafkaWatch kafka, IndexerConfig config) {
        this.pipelines = pipelines;
        this.targets = targets;
        this.lives = lives;
        this.offsets = kafka.offsets();
        this.least = config.markInterval().multipliedBy(2);
    }

    private Marks marks(String topic) {
        return targets.of(pipelines.ofTopic(topic)).marks();
    }

    /** A partition and the offset before which all is in its index. */
    public record Place(Standing standing, long done) {}

    /**
     * What the index has of a partition.
     *
     * @throws io.millrace.indexer.generation.SearchAwayException when the search engine does not say
     * @throws org.apache.kafka.common.KafkaException when Kafka does not
     */
    public Standing open(Generation generation, TopicPartition partition) throws InterruptedException {
        var id = offsets.ids(List.of(partition.topic())).getOrDefault(partition.topic(), "");
        return new Standing(generation, id, lives.of(partition), marks(partition.topic()).read(Map.of(partition, generation.uuid())).get(partition), kept(partition.topic()), System.currentTimeMillis());
    }

    /**
     * What is wrong with a pipeline's topic.
     *
     * @param open its partitions here
     * @return null where nothing is
     */
    public String strange(String topic, Map<TopicPartition, Standing> open) throws InterruptedException {
        var id = offsets.ids(List.of(topic)).get(topic);
        if (id == null) {
            return "the topic " + topic + " is not there, so no change arrives; run the provisioner's apply, and have the documents made anew if the topic was deleted: ./millrace recover " + topic;
        }
        var other = open.values().stream().filter(standing -> standing.isOfOtherTopic() || !standing.isOf(id)).findFirst();
        if (other.isPresent()) {
            return "the topic " + topic + " was deleted and made anew (its id is " + id + "), so changes that the deleted one held may be missing in the index " + other.get().generation().index()
                    + ", and documents deleted since may be found; have them made anew, which is written to the index then: ./millrace recover " + topic;
        }
        look(open);
        return shortened(topic, open);
    }

    /** Of the first partition that lacks what it had, null where none does. */
    private String shortened(String topic, Map<TopicPartition, Standing> open) {
        return open.entrySet().stream().filter(e -> e.getValue().gone() != null).findFirst().map(e -> e.getKey() + " is not what it was: " + e.getValue().gone()
                + ". The index may show what the topic does not hold, and an index that is made from the topic may lack documents; " + (e.getValue().isAhead()
                ? "have capture recover where it says that something is missing (./millrace recover SOURCE), then have the documents made anew, which is written to the index then: ./millrace recover " + topic
                : "run the provisioner's apply, then add a later generation of the pipeline, whose topic is whole")).orElse(null);
    }

    private void look(Map<TopicPartition, Standing> open) throws InterruptedException {
        var before = open.entrySet().stream().collect(Collectors.toMap(Map.Entry::getKey, e -> e.getValue().highest()));
        var starts = offsets.starts(open.keySet());
        var ends = offsets.ends(open.keySet());
        open.forEach((partition, standing) -> standing.seen(before.get(partition), starts.get(partition), ends.getOrDefault(partition, starts.get(partition))));
    }

    /** Of these partitions, the largest share of the time for which deletes are kept that has gone by while some stood unread. */
    public double used(Collection<Standing> open) {
        long now = System.currentTimeMillis();
        return open.stream().mapToDouble(standing -> standing.used(now)).max().orElse(0);
    }

    /** Whether the topic was made anew since one of its partitions was opened. */
    public boolean isAnew(String topic, Collection<Standing> open) throws InterruptedException {
        var id = offsets.ids(List.of(topic)).get(topic);
        return id != null && open.stream().anyMatch(standing -> !standing.isOf(id));
    }

    /** Whether the join has put all its documents out anew since one of these partitions was opened. */
    public boolean isOutlived(Map<TopicPartition, Standing> open) {
        return open.entrySet().stream().anyMatch(e -> e.getValue().isOutlivedBy(lives.of(e.getKey())));
    }

    /** Whether one of these partitions has other records by now where it had been read already. */
    public boolean isToBeReadAgain(Collection<Standing> open) {
        return open.stream().anyMatch(Standing::isToBeReadAgain);
    }

    /** Whether one of these partitions has another mark than was left there. */
    public boolean isReplaced(Map<TopicPartition, Standing> open) {
        var there = there(open);
        return open.entrySet().stream().anyMatch(e -> e.getValue().isReplaced(there.get(e.getKey())));
    }

    /** Whether one of these partitions has a mark that knows of less than was left there. */
    public boolean isSetBack(Map<TopicPartition, Standing> open) {
        var there = there(open);
        return open.entrySet().stream().anyMatch(e -> e.getValue().isOlder(there.get(e.getKey())));
    }

    private Map<TopicPartition, Mark> there(Map<TopicPartition, Standing> open) {
        return open.isEmpty() ? Map.of() : marks(open.keySet().iterator().next().topic()).read(open.entrySet().stream().collect(Collectors.toMap(Map.Entry::getKey, e -> e.getValue().generation().uuid())));
    }

    /**
     * Up to which offset an index is known to have all of these partitions, and nothing else; one of which that is not known is not in it: its topic was made anew or is shorter than it was, or the index came
     * from a snapshot, or has to be reconciled first.
     *
     * @param topic that the partitions are of
     */
    public Map<TopicPartition, Long> offsets(IndexState index, String topic, Collection<TopicPartition> partitions) throws InterruptedException {
        var id = offsets.ids(List.of(topic)).get(topic);
        // Deletes may have left the topic since a mark of before that; at rest it is renewed sooner.
        long oldest = System.currentTimeMillis() - Math.max(kept(topic).toMillis(), RENEWED.toMillis());
        return marks(topic).read(partitions.stream().collect(Collectors.toMap(p -> p, p -> index.uuid()))).entrySet().stream().filter(e -> e.getValue().history().equals(index.history()) && e.getValue().topic().equals(id) && e.getValue().ahead() == 0 && e.getValue().wholeAt() >= oldest)
                .collect(Collectors.toMap(Map.Entry::getKey, e -> e.getValue().offset()));
    }

    private Duration kept(String topic) throws InterruptedException {
        var kept = offsets.deletesKept(topic);
        return kept.compareTo(least) < 0 ? least : kept;
    }

    /** Whether deletes may have left the topic before they were read. */
    public boolean owe(String topic, Collection<Standing> open) throws InterruptedException {
        var kept = kept(topic);
        open.forEach(standing -> standing.kept(kept));
        return open.stream().noneMatch(standing -> standing.isOfOtherTopic() || standing.gone() != null) && open.stream().anyMatch(Standing::owes);
    }

    /** Writes those marks that say something new. */
    public void keep(Map<TopicPartition, Place> open, Duration atRest) {
        var due = new HashMap<Generation, Map<TopicPartition, Mark>>();
        open.forEach((partition, place) -> {
            var mark = place.standing().due(place.done(), atRest);
            if (mark != null) {
                due.computeIfAbsent(place.standing().generation(), generation -> new HashMap<>()).put(partition, mark);
            }
        });
        due.forEach((generation, own) -> {
            marks(own.keySet().iterator().next().topic()).write(generation, own);
            own.forEach((partition, mark) -> open.get(partition).standing().written(mark));
        });
    }
}
