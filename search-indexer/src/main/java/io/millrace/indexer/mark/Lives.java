package io.millrace.indexer.mark;

import io.millrace.indexer.Pipelines;
import io.millrace.pipeline.file.Pipeline;
import io.millrace.pipeline.progress.JoinState;
import io.millrace.pipeline.progress.KafkaWatch;
import io.millrace.pipeline.topic.Topics;
import io.smallrye.common.annotation.Identifier;
import jakarta.inject.Singleton;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import org.apache.kafka.clients.consumer.ConsumerConfig;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.serialization.ByteArrayDeserializer;

/** In which life each pipeline's join is, once that has put all its documents out; read from what the joins say of themselves. One thread looks, anybody asks. */
@Singleton
public final class Lives {

    private static final Duration POLL = Duration.ofMillis(100);
    /** What a join says while it is busy is read in several looks. */
    private static final int MOST_POLLS = 20;

    private final Pipelines pipelines;
    private final KafkaWatch watch;
    private final Map<String, Object> kafka;
    /** By partition of documents. */
    private final Map<TopicPartition, Life> lives = new ConcurrentHashMap<>();
    /** What each join has said last, by its pipeline and by what it is about; only for the thread that looks. */
    private final Map<String, Map<String, String>> said = new HashMap<>();
    /** Only for the thread that looks; null before. */
    private KafkaConsumer<byte[], byte[]> consumer;

    Lives(Pipelines pipelines, KafkaWatch watch, @Identifier("default-kafka-broker") Map<String, Object> kafka) {
        this.pipelines = pipelines;
        this.watch = watch;
        this.kafka = kafka;
    }

    Life of(TopicPartition documents) {
        return lives.getOrDefault(documents, Life.FIRST);
    }

    /**
     * Looks what the joins say.
     *
     * @throws org.apache.kafka.common.KafkaException when Kafka does not answer
     */
    public void look() throws InterruptedException {
        var byTopic = new HashMap<String, Pipeline>();
        pipelines.all().forEach(pipeline -> byTopic.put(Topics.joinState(Topics.joinGroup(pipeline.name())), pipeline));
        var there = watch.offsets().ids(byTopic.keySet()).keySet().stream().map(topic -> new TopicPartition(topic, 0)).toList();
        if (there.isEmpty()) {
            return;
        }
        var reading = consumer();
        if (!reading.assignment().equals(java.util.Set.copyOf(there))) {
            reading.assign(there);
            reading.seekToBeginning(there);
        }
        for (int i = 0; i < MOST_POLLS; i++) {
            for (var record : reading.poll(POLL)) {
                said.computeIfAbsent(byTopic.get(record.topic()).name(), p -> new HashMap<>()).put(new String(record.key(), StandardCharsets.UTF_8), new String(record.value(), StandardCharsets.UTF_8));
            }
            if (there.stream().allMatch(partition -> reading.currentLag(partition).orElse(1) == 0)) {
                break;
            }
        }
        said.forEach(this::take);
    }

    private void take(String pipeline, Map<String, String> said) {
        var begun = said.entrySet().stream().filter(e -> e.getKey().endsWith(JoinState.lifeOf(0).substring(1))).toList();
        if (begun.isEmpty() || said.containsValue(JoinState.BUILDING) || said.containsValue(JoinState.ASKING)) {
            return;
        }
        for (var one : begun) {
            int partition = Integer.parseInt(one.getKey().substring(0, one.getKey().indexOf(' ')));
            var words = one.getValue().split(" ");
            lives.put(new TopicPartition(Topics.documents(pipeline), partition), new Life(Long.parseLong(words[0]), Long.parseLong(words[1])));
        }
    }

    private KafkaConsumer<byte[], byte[]> consumer() {
        if (consumer == null) {
            var settings = new HashMap<>(kafka);
            settings.remove(ConsumerConfig.GROUP_ID_CONFIG);
            settings.put(ConsumerConfig.ENABLE_AUTO_COMMIT_CONFIG, false);
            settings.put(ConsumerConfig.AUTO_OFFSET_RESET_CONFIG, "earliest");
            settings.put(ConsumerConfig.ALLOW_AUTO_CREATE_TOPICS_CONFIG, false);
            consumer = new KafkaConsumer<>(settings, new ByteArrayDeserializer(), new ByteArrayDeserializer());
        }
        return consumer;
    }

    /** Only for the thread that looks, at its end. */
    public void close() {
        if (consumer != null) {
            consumer.close(org.apache.kafka.clients.consumer.CloseOptions.timeout(Duration.ZERO));
        }
    }
}
