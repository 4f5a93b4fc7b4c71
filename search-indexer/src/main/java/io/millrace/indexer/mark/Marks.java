package io.millrace.indexer.mark;

import io.millrace.indexer.generation.Generation;
import java.util.Collection;
import java.util.Map;
import org.apache.kafka.common.TopicPartition;

/** The marks of a target's indexes, kept beside them. Thread-safe. */
public interface Marks {

    /**
     * What stands there now; a partition without a mark is not in it.
     *
     * @param asked the target's id of the index that is meant, by partition
     * @throws io.millrace.indexer.generation.SearchAwayException when the target does not say
     */
    Map<TopicPartition, Mark> read(Map<TopicPartition, String> asked);

    /**
     * Leaves what one index has.
     *
     * @param generation as those who say it have opened it
     * @throws io.millrace.indexer.generation.SearchAwayException when the target does not take them; some may have been taken
     */
    void write(Generation generation, Map<TopicPartition, Mark> marks);

    /**
     * Deletes what an index had, which is gone itself; marks that are not there are no fault.
     *
     * @param index the target's id of it
     * @throws io.millrace.indexer.generation.SearchAwayException when the target does not do it; some may be gone
     */
    void forget(Collection<TopicPartition> partitions, String index);
}
