package io.millrace.pipeline.progress;

import io.millrace.pipeline.liveness.Loop;
import io.millrace.pipeline.liveness.LoopThread;
import io.millrace.pipeline.liveness.Loops;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.locks.LockSupport;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.common.KafkaException;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.errors.WakeupException;
import org.apache.kafka.common.serialization.ByteArrayDeserializer;

/** Follows a topic of one partition from its first use on and knows each key's last value. Thread-safe. */
public final class Tail implements AutoCloseable {

    private static final Duration POLL = Duration.ofSeconds(1);
    /** A round has its own limits, which are those of the client. */
    private static final Duration SILENCE = Duration.ofMinutes(2);
    private static final Duration AGAIN = Duration.ofSeconds(1);

    private final Map<String, Object> settings;
    private final Loops loops;
    private final TopicPartition partition;
    private final Map<String, String> last = new ConcurrentHashMap<>();
    private volatile long position;
    private volatile String trouble;
    private volatile boolean closed;
    /** Null while there is none. */
    private volatile KafkaConsumer<byte[], byte[]> open;
    /** Guarded by this. */
    private LoopThread thread;

    Tail(Map<String, Object> settings, String topic, Loops loops) {
        this.loops = loops;
        this.settings = settings;
        this.partition = new TopicPartition(topic, 0);
    }

    /** The last value of each key that was read so far; a record without a key has the key "". */
    public Map<String, String> last() {
        follow();
        return last;
    }

    /** Every record before this offset was read. */
    public long position() {
        follow();
        return position;
    }

    public TopicPartition partition() {
        return partition;
    }

    /** Why nothing is read, null where it is. */
    public String trouble() {
        return trouble;
    }

    private synchronized void follow() {
        if (thread == null) {
            thread = loops.thread("tail of " + partition.topic(), Thread.ofVirtual(), SILENCE, this::live).start();
        }
    }

    private void live(Loop loop) {
        while (!closed) {
            loop.beat();
            try (var consumer = new KafkaConsumer<>(settings, new ByteArrayDeserializer(), new ByteArrayDeserializer())) {
                open = consumer;
                consumer.assign(List.of(partition));
                consumer.seekToBeginning(List.of(partition));
                while (!closed) {
                    loop.beat();
                    for (var record : consumer.poll(POLL)) {
                        var key = record.key() == null ? "" : new String(record.key(), StandardCharsets.UTF_8);
                        if (record.value() == null) {
                            last.remove(key);
                        } else {
                            last.put(key, new String(record.value(), StandardCharsets.UTF_8));
                        }
                    }
                    position = consumer.position(partition);
                    trouble = null;
                }
            } catch (WakeupException e) {
                return;
            } catch (KafkaException e) {
                trouble = "the topic " + partition.topic() + " cannot be read: " + e.getMessage();
                LockSupport.parkNanos(AGAIN.toNanos());
            } finally {
                open = null;
            }
        }
    }

    /** Ends the reading soon; a consumer that is interrupted instead would complain of it in the log. */
    @Override
    public synchronized void close() {
        closed = true;
        if (thread != null) {
            thread.release();
        }
        var reading = open;
        if (reading != null) {
            reading.wakeup();
        }
    }
}
