package io.millrace.denormalizer.stream;

import java.util.HashMap;
import java.util.Map;
import java.util.concurrent.ExecutionException;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.admin.RecordsToDelete;
import org.apache.kafka.common.TopicPartition;

/** Deletes from a join's exchange what was consumed, which Streams does only for topics of its own. Not thread-safe. */
final class ExchangePurge {

    private final Admin admin;
    private final String exchange;
    /** Before which offset of each partition all is deleted. */
    private final Map<TopicPartition, Long> deleted = new HashMap<>();

    ExchangePurge(Admin admin, String exchange) {
        this.admin = admin;
        this.exchange = exchange;
    }

    /**
     * Asks Kafka for nothing where nothing was consumed since.
     *
     * @param over by partition, also of other topics, before which offset nothing is read again
     * @throws ExecutionException where Kafka does not answer or refuses; it is asked again at the next call
     */
    void upTo(Map<TopicPartition, Long> over) throws ExecutionException, InterruptedException {
        var due = new HashMap<TopicPartition, Long>();
        over.forEach((partition, offset) -> {
            if (partition.topic().equals(exchange) && !offset.equals(deleted.get(partition))) {
                due.put(partition, offset);
            }
        });
        if (due.isEmpty()) {
            return;
        }
        var before = new HashMap<TopicPartition, RecordsToDelete>();
        due.forEach((partition, offset) -> before.put(partition, RecordsToDelete.beforeOffset(offset)));
        admin.deleteRecords(before).all().get();
        deleted.putAll(due);
    }
}
