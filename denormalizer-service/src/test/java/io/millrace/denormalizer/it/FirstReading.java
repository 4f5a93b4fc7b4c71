package io.millrace.denormalizer.it;

import io.millrace.pipeline.file.TableName;
import io.millrace.pipeline.topic.Topics;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ExecutionException;
import java.util.stream.Collectors;
import org.apache.kafka.clients.admin.NewTopic;
import org.apache.kafka.clients.admin.OffsetSpec;
import org.apache.kafka.clients.consumer.OffsetAndMetadata;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.TopicPartition;

/** The marks that capture and the gate leave in Kafka while a source is read for the first time. */
final class FirstReading {

    private static final String GATE = "millrace-gate";

    private final Stack stack;
    private final String source;
    private final List<TableName> tables;
    private final List<TopicPartition> written;

    FirstReading(Stack stack, String source, List<TableName> tables) {
        this.stack = stack;
        this.source = source;
        this.tables = tables;
        this.written = tables.stream().map(t -> new TopicPartition(Topics.captured(source, t), 0)).toList();
    }

    /** Capture has made its topic and said of no table that it was read. */
    void begins() throws ExecutionException, InterruptedException {
        stack.topics(tables.stream().map(t -> Topics.captured(source, t)).toList());
        stack.admin().createTopics(List.of(new NewTopic(Topics.tablesRead(source), 1, (short) 1).configs(Map.of("cleanup.policy", "compact")))).all().get();
    }

    /** Capture says that all are read, and what it wrote last of each has not gone through the gate. */
    void ends() throws ExecutionException, InterruptedException {
        for (var last : written) {
            stack.producer().send(new ProducerRecord<>(last.topic(), last.partition(), new byte[] {1}, new byte[] {1})).get();
        }
        var read = tables.stream().map(TableName::toString).collect(Collectors.joining("\n"));
        stack.producer().send(new ProducerRecord<>(Topics.tablesRead(source), 0, "tables".getBytes(StandardCharsets.UTF_8), read.getBytes(StandardCharsets.UTF_8))).get();
    }

    /** The gate commits them. */
    void isPassed() throws ExecutionException, InterruptedException {
        stack.admin().alterConsumerGroupOffsets(GATE, written.stream().collect(Collectors.toMap(p -> p, _ -> new OffsetAndMetadata(1)))).all().get();
    }

    boolean isConsumedBy(String group) throws ExecutionException, InterruptedException {
        var committed = stack.admin().listConsumerGroupOffsets(group).partitionsToOffsetAndMetadata().get();
        var rows = committed.keySet().stream().filter(p -> p.topic().startsWith(Topics.ROWS)).collect(Collectors.toMap(p -> p, p -> OffsetSpec.latest()));
        return !rows.isEmpty() && stack.admin().listOffsets(rows).all().get().entrySet().stream().allMatch(e -> committed.get(e.getKey()).offset() >= e.getValue().offset());
    }
}
