package io.millrace.indexer.intake;

import io.millrace.indexer.bulk.BulkWriter.Applied;
import io.millrace.indexer.generation.Generation;
import io.millrace.indexer.measure.BulkTimes.Bulk;
import org.apache.kafka.common.TopicPartition;

/** Is told of documents as they come to an index. */
interface Arrivals {

    /** For what is not measured. */
    Arrivals UNMEASURED = new Arrivals() {
        @Override
        public void taken(long bytes) {
        }

        @Override
        public void answered(Generation generation, TopicPartition partition, Bulk bulk, Applied last) {
        }
    };

    /** So many bytes of documents came out of Kafka. */
    void taken(long bytes);

    /**
     * A batch was answered for good.
     *
     * @param last what the search engine applied last of it; null where that is a delete or nothing
     */
    void answered(Generation generation, TopicPartition partition, Bulk bulk, Applied last);
}
