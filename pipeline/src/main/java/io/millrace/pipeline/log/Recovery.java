package io.millrace.pipeline.log;

import java.time.Duration;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.common.KafkaException;
import org.apache.kafka.common.TopicPartition;

/** What a person decides about offsets that cannot be trusted. A running stage goes by it within seconds. */
public final class Recovery implements AutoCloseable {

    private final Admin admin;
    private final Marks marks;

    /**
     * @param kafka settings of every client of Kafka
     * @param topic where the group's marks are
     */
    public Recovery(Map<String, Object> kafka, String topic, String group) {
        this.admin = Admin.create(OffsetGuard.own(kafka));
        this.marks = new Marks(kafka, topic, group);
    }

    /**
     * Has the group read a topic again from the first record that is there. What is read for the second time changes nothing
     * downstream, since positions and versions decide there.
     *
     * @return how many records each partition holds
     * @throws KafkaException where Kafka does not answer, or there is no such topic
     */
    public Map<TopicPartition, Long> readFromStart(String topic) throws InterruptedException {
        var partitions = new ArrayList<TopicPartition>();
        Look.get("Describing the topic " + topic, admin.describeTopics(List.of(topic)).allTopicNames()).get(topic).partitions().forEach(p -> partitions.add(new TopicPartition(topic, p.partition())));
        var logs = Look.at(admin, partitions, List.of()).logs();
        var records = new TreeMap<TopicPartition, Long>((a, b) -> Integer.compare(a.partition(), b.partition()));
        logs.forEach((partition, log) -> {
            marks.write(partition, Mark.begin(log.id(), log.start(), System.currentTimeMillis()));
            records.put(partition, log.end() - log.start());
        });
        marks.flush();
        return records;
    }

    /**
     * No group is to miss topics any more that were deleted on purpose. Does nothing where the topic of the marks is not there.
     *
     * @param kafka settings of every client of Kafka
     * @param marks where the marks of the groups are
     */
    public static void forget(Map<String, Object> kafka, String marks, Collection<String> deleted) throws InterruptedException {
        try (var admin = Admin.create(OffsetGuard.own(kafka))) {
            if (Look.at(admin, List.of(), List.of(marks)).topics().isEmpty()) {
                return;
            }
        }
        try (var all = new Marks(kafka, marks, null)) {
            all.read();
            all.forget(deleted);
            all.flush();
        }
    }

    @Override
    public void close() {
        marks.close();
        admin.close(Duration.ofSeconds(2));
    }
}
