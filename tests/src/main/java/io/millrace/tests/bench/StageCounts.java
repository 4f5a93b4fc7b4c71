package io.millrace.tests.bench;

import io.millrace.pipeline.file.PipelineFile;
import io.millrace.pipeline.topic.Topics;
import io.millrace.tests.stack.DemoStack;
import java.util.Collection;
import java.util.EnumMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.function.Function;
import java.util.stream.Collectors;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.serialization.ByteArrayDeserializer;

/** How much each stage has put out so far, counted where it puts it, and when that changed first and last. Not thread-safe. */
public final class StageCounts implements AutoCloseable {

    /** The stages by what they put out. */
    public enum Point { CAPTURED, GATED, JOINED, INDEXED }

    /** @param first nanoTime of the first output that was seen, 0 while there was none; @param last of the latest */
    public record Progress(long count, long first, long last) {}

    private final DemoStack stack;
    private final KafkaConsumer<byte[], byte[]> consumer;
    private final Map<Point, List<TopicPartition>> partitions = new EnumMap<>(Point.class);
    private final List<String> aliases;
    private final Map<Point, Progress> progress = new EnumMap<>(Point.class);

    public StageCounts(DemoStack stack, List<PipelineFile> files) {
        this.stack = stack;
        this.consumer = new KafkaConsumer<>(Map.of("bootstrap.servers", stack.stack().servers().kafkaBootstrap()), new ByteArrayDeserializer(), new ByteArrayDeserializer());
        this.aliases = files.stream().map(f -> f.pipeline().index().name()).toList();
        // Without Millrace's own tables, whose heartbeat never rests.
        partitions.put(Point.CAPTURED, rows(files, Topics::captured));
        partitions.put(Point.GATED, rows(files, Topics::rows));
        partitions.put(Point.JOINED, partitions(files.stream().map(f -> Topics.documents(f.pipeline().name())).collect(Collectors.toSet())));
    }

    private interface Name {
        String of(String source, io.millrace.pipeline.file.TableName table);
    }

    private List<TopicPartition> rows(List<PipelineFile> files, Name name) {
        var topics = new LinkedHashSet<String>();
        files.forEach(f -> f.pipeline().tableNames().forEach(table -> topics.add(name.of(f.pipeline().source().name(), table))));
        return partitions(topics);
    }

    private List<TopicPartition> partitions(Collection<String> topics) {
        return topics.stream().flatMap(topic -> consumer.partitionsFor(topic).stream().map(p -> new TopicPartition(topic, p.partition()))).toList();
    }

    /** Counts now. */
    public Map<Point, Progress> look() {
        for (var point : Point.values()) {
            long count = point == Point.INDEXED ? aliases.stream().mapToLong(stack.index()::operations).sum()
                    : consumer.endOffsets(partitions.get(point)).values().stream().mapToLong(Long::longValue).sum();
            long now = System.nanoTime();
            var before = progress.getOrDefault(point, new Progress(0, 0, 0));
            progress.put(point, count == before.count() ? before : new Progress(count, before.first() == 0 ? now : before.first(), now));
        }
        return Map.copyOf(progress);
    }

    /** Seconds for which nothing has been put out anywhere. */
    public double quietSeconds() {
        long last = progress.values().stream().mapToLong(Progress::last).max().orElse(System.nanoTime());
        return (System.nanoTime() - last) / (double) TimeUnit.SECONDS.toNanos(1);
    }

    public <T> Map<Point, T> map(Function<Progress, T> of) {
        var result = new EnumMap<Point, T>(Point.class);
        progress.forEach((point, p) -> result.put(point, of.apply(p)));
        return result;
    }

    @Override
    public void close() {
        consumer.close();
    }
}
