package io.millrace.pipeline.log;

import java.net.InetAddress;
import java.net.UnknownHostException;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Queue;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.stream.Collectors;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.consumer.CloseOptions;
import org.apache.kafka.clients.consumer.ConsumerConfig;
import org.apache.kafka.clients.consumer.CooperativeStickyAssignor;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.clients.consumer.OffsetAndMetadata;
import org.apache.kafka.common.KafkaException;
import org.apache.kafka.common.serialization.ByteArrayDeserializer;

/**
 * Lets one process at a time do something, wherever they run: Kafka gives the one partition of a topic to one member of a group. Who
 * is killed has its turn taken away by the end of its session. Thread-safe.
 */
final class Turn implements AutoCloseable {

    private static final Duration SESSION = Duration.ofSeconds(10);
    /** The session of somebody who was killed just now ends within this time, and then the group has to settle. */
    private static final Duration LONGEST = SESSION.plusSeconds(6);
    private static final Duration POLL = Duration.ofMillis(200);

    private final String group;
    private final KafkaConsumer<byte[], byte[]> consumer;
    private final Thread thread;
    /** What is answered by the thread that polls: whether Kafka still takes this process for the member that has the turn. */
    private final Queue<CompletableFuture<Void>> questions = new ConcurrentLinkedQueue<>();
    private volatile boolean mine;
    private volatile boolean closed;
    /** Why the thread ended, null while it lives. */
    private volatile RuntimeException failure;

    /**
     * Begins to ask for it.
     *
     * @param kafka settings of every client of Kafka
     * @param topic has one partition
     */
    Turn(Map<String, Object> kafka, String topic, String group) {
        this.group = group;
        this.consumer = new KafkaConsumer<>(member(kafka, group), new ByteArrayDeserializer(), new ByteArrayDeserializer());
        consumer.subscribe(List.of(topic));
        this.thread = Thread.ofVirtual().name("turn-" + group).start(this::live);
    }

    private static Map<String, Object> member(Map<String, Object> kafka, String group) {
        var settings = OffsetGuard.own(kafka);
        settings.put(ConsumerConfig.GROUP_ID_CONFIG, group);
        settings.put(ConsumerConfig.CLIENT_ID_CONFIG, "process " + ProcessHandle.current().pid() + " on " + host());
        settings.put(ConsumerConfig.SESSION_TIMEOUT_MS_CONFIG, (int) SESSION.toMillis());
        settings.put(ConsumerConfig.HEARTBEAT_INTERVAL_MS_CONFIG, (int) SESSION.toMillis() / 5);
        // Whoever has it keeps it when another comes.
        settings.put(ConsumerConfig.PARTITION_ASSIGNMENT_STRATEGY_CONFIG, CooperativeStickyAssignor.class.getName());
        settings.put(ConsumerConfig.AUTO_OFFSET_RESET_CONFIG, "latest");
        settings.put(ConsumerConfig.ENABLE_AUTO_COMMIT_CONFIG, false);
        settings.put(ConsumerConfig.ALLOW_AUTO_CREATE_TOPICS_CONFIG, false);
        return settings;
    }

    private static String host() {
        try {
            return InetAddress.getLocalHost().getHostName();
        } catch (UnknownHostException e) {
            return "a host without a name";
        }
    }

    private void live() {
        try {
            while (!closed) {
                consumer.poll(POLL);
                consumer.pause(consumer.assignment());
                mine = !consumer.assignment().isEmpty();
                for (var question = questions.poll(); question != null; question = questions.poll()) {
                    answer(question);
                }
            }
        } catch (RuntimeException e) {
            failure = e;
        } finally {
            mine = false;
            consumer.close(CloseOptions.timeout(Duration.ofSeconds(2)));
        }
    }

    /**
     * Waits for it, for less than half a minute. Who does not get it does not wait any longer.
     *
     * @throws IllegalStateException when another process has it
     * @throws KafkaException where Kafka does not answer
     */
    void take(Admin admin) throws InterruptedException {
        long until = System.nanoTime() + LONGEST.toNanos();
        while (!mine) {
            refuseFailure();
            if (System.nanoTime() > until) {
                var others = members(admin);
                close();
                throw new IllegalStateException("another run of it is under way (" + others + "); let it end, or stop it");
            }
            Thread.sleep(POLL);
        }
    }

    /** Kafka takes a commit of members that it knows only; an assignment that was handed out before a process froze says nothing. */
    private void answer(CompletableFuture<Void> question) {
        try {
            consumer.commitSync(consumer.assignment().stream().collect(Collectors.toMap(partition -> partition, _ -> new OffsetAndMetadata(0))), SESSION);
            question.complete(null);
        } catch (KafkaException e) {
            question.completeExceptionally(e);
        }
    }

    /**
     * Asks Kafka whether it is still this process's.
     *
     * @throws IllegalStateException when it is another process's by now, or Kafka does not say
     */
    void require() throws InterruptedException {
        refuseFailure();
        var question = new CompletableFuture<Void>();
        questions.add(question);
        try {
            question.get(LONGEST.toSeconds(), TimeUnit.SECONDS);
        } catch (ExecutionException | TimeoutException e) {
            throw new IllegalStateException("Kafka did not hear of this run for " + SESSION.toSeconds() + " s, and another may have begun", e);
        }
        if (!mine) {
            throw new IllegalStateException("Kafka did not hear of this run for " + SESSION.toSeconds() + " s, and another has begun");
        }
    }

    private void refuseFailure() {
        if (failure != null) {
            throw new KafkaException("Joining the group " + group + ", of which one member at a time may do this, failed: " + failure.getMessage(), failure);
        }
    }

    private String members(Admin admin) throws InterruptedException {
        try {
            return admin.describeConsumerGroups(List.of(group)).describedGroups().get(group).get().members().stream().filter(member -> !member.assignment().topicPartitions().isEmpty())
                    .map(member -> member.clientId() + ", seen at " + member.host()).collect(Collectors.joining("; "));
        } catch (ExecutionException e) {
            throw new KafkaException("Describing the group " + group + " failed: " + e.getCause().getMessage(), e.getCause());
        }
    }

    @Override
    public void close() {
        closed = true;
        try {
            thread.join(Duration.ofSeconds(5));
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }
}
