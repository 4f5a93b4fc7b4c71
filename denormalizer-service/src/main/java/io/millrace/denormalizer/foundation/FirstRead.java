package io.millrace.denormalizer.foundation;

import io.millrace.pipeline.file.Pipeline;
import io.millrace.pipeline.file.TableName;
import io.millrace.pipeline.progress.Offsets;
import io.millrace.pipeline.topic.Topics;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.concurrent.ExecutionException;
import java.util.stream.Collectors;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.consumer.Consumer;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.errors.UnknownTopicOrPartitionException;

/**
 * Tells when the tables of a pipeline stand whole on their row topics: capture has read them, and the gate has passed or
 * parked what capture wrote until then. A first build that began before would emit documents of which rows are still to
 * come, and each of them again with every such row.
 *
 * <p>Where no capture of this source has ever begun, the rows come from elsewhere and nothing is waited for. A row of the
 * root table must have been seen before this is asked: capture leaves its mark before the first row.
 */
public final class FirstRead implements AutoCloseable {

    private final Admin admin;
    private final Consumer<byte[], byte[]> consumer;
    private final Pipeline pipeline;
    private final String gateGroup;
    private final TopicPartition progress;
    private boolean opened;
    private Set<TableName> read = Set.of();
    private Map<TopicPartition, Long> goal;

    /** @param consumer only for this, closed with it */
    public FirstRead(Admin admin, Consumer<byte[], byte[]> consumer, Pipeline pipeline, String gateGroup) {
        this.admin = admin;
        this.consumer = consumer;
        this.pipeline = pipeline;
        this.gateGroup = gateGroup;
        this.progress = new TopicPartition(Topics.tablesRead(pipeline.source().name()), 0);
    }

    /** What is waited for, null once the tables are there. */
    String waits() throws ExecutionException, InterruptedException {
        if (goal == null) {
            if (!opened && !exists()) {
                return null;
            }
            var missing = missing();
            if (!missing.isEmpty()) {
                return "capture is still reading " + missing.stream().map(TableName::toString).collect(Collectors.joining(", ")) + ", so the first build waits";
            }
            goal = new Offsets(admin).ends(captured());
        }
        var passed = new Offsets(admin).positions(gateGroup);
        return Offsets.isReached(goal, passed) ? null : "the gate (group " + gateGroup + ") has not passed all rows that capture read, so the first build waits";
    }

    private boolean exists() throws ExecutionException, InterruptedException {
        try {
            admin.describeTopics(List.of(progress.topic())).allTopicNames().get();
            return true;
        } catch (ExecutionException e) {
            if (e.getCause() instanceof UnknownTopicOrPartitionException) {
                return false;
            }
            throw e;
        }
    }

    private Set<TableName> missing() {
        if (!opened) {
            consumer.assign(List.of(progress));
            consumer.seekToBeginning(List.of(progress));
            opened = true;
        }
        for (var record : consumer.poll(Duration.ofMillis(50))) {
            read = record.value() == null ? Set.of() : new String(record.value(), StandardCharsets.UTF_8).lines().map(TableName::parse).collect(Collectors.toSet());
        }
        var missing = new TreeSet<>(pipeline.tableNames());
        missing.removeAll(read);
        return missing;
    }

    private List<TopicPartition> captured() throws ExecutionException, InterruptedException {
        var topics = pipeline.tableNames().stream().map(t -> Topics.captured(pipeline.source().name(), t)).toList();
        return admin.describeTopics(topics).allTopicNames().get().values().stream()
                .flatMap(t -> t.partitions().stream().map(p -> new TopicPartition(t.name(), p.partition()))).toList();
    }

    @Override
    public void close() {
        consumer.close(org.apache.kafka.clients.consumer.CloseOptions.timeout(Duration.ZERO));
    }
}
