package io.millrace.capture.send;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.core.type.TypeReference;
import com.fasterxml.jackson.databind.DeserializationFeature;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.millrace.capture.continuity.Known;
import io.millrace.capture.continuity.Loaded;
import io.millrace.capture.continuity.Mark;
import io.millrace.capture.continuity.Memory;
import io.millrace.capture.continuity.Point;
import io.millrace.capture.continuity.Resnapshot;
import io.millrace.capture.source.LockLostException;
import io.millrace.capture.source.SourceLock;
import io.millrace.capture.source.TableForm;
import io.millrace.pipeline.file.TableName;
import io.millrace.pipeline.liveness.Loops;
import io.millrace.pipeline.record.Headers;
import io.millrace.pipeline.record.Position;
import io.millrace.pipeline.topic.Topics;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ExecutionException;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.admin.NewTopic;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.common.KafkaException;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.errors.InvalidTopicException;
import org.apache.kafka.common.errors.TopicExistsException;
import org.apache.kafka.common.errors.UnknownTopicOrPartitionException;
import org.apache.kafka.common.serialization.ByteArrayDeserializer;
import org.jboss.logging.Logger;

/**
 * What capture remembers in Kafka, and what it asks Kafka about topics.
 *
 * <p>Where the stream begins is not kept here: the slot itself says it. This says what the slot cannot: which tables stand in
 * Kafka, and how far the source is there, so that a slot that was lost, moved or made anew is noticed. Thread-safe.
 */
public final class Progress implements AutoCloseable {

    private static final Logger LOG = Logger.getLogger(Progress.class);

    private static final String TABLES = "tables";
    private static final String MARK = "mark";
    private static final String RESNAPSHOTS = "resnapshots";
    /** With a table's name behind it. */
    private static final String FORM = "form ";
    /** With a table's name behind it. */
    private static final String LOADED = "loaded ";
    private static final ObjectMapper JSON = new ObjectMapper().disable(DeserializationFeature.FAIL_ON_UNKNOWN_PROPERTIES);

    private final KafkaSettings kafka;
    private final TopicClaim claim;
    private final StateTopic read;
    private final StateTopic state;
    private final StateTopic reached;
    /** Why Kafka did not take what was reached last, null where it did. */
    private volatile String unsaid;
    /** What was reached last. */
    private volatile long last;
    /** Those that Kafka has. */
    private final Map<TableName, TableForm> forms = new ConcurrentHashMap<>();

    /**
     * @param lock is asked before anything is remembered; what a process without it knows may be old
     * @param logs is told where what is remembered stands
     */
    public Progress(KafkaSettings kafka, String source, SourceLock lock, CapturedLogs logs, Loops loops) {
        this.kafka = kafka;
        this.read = new StateTopic(kafka, Topics.tablesRead(source), Map.of("cleanup.policy", "compact"));
        this.state = new StateTopic(kafka, Topics.captureState(source), Map.of("cleanup.policy", "compact", "segment.bytes", "16777216"), false, logs::acknowledged);
        this.claim = new TopicClaim(state, lock, source, loops);
        this.reached = new StateTopic(kafka, Topics.reached(source), Map.of("cleanup.policy", "delete", "retention.ms", "3600000", "segment.ms", "3600000", "segment.bytes", "16777216"), true, _ -> {});
    }

    /** Keeps other processes away from what this one writes. */
    public TopicClaim claim() {
        return claim;
    }

    /**
     * Makes the topics that are not there.
     *
     * @throws SendException when Kafka cannot be asked
     */
    public void create() throws InterruptedException {
        read.create();
        state.create();
        reached.create();
    }

    /**
     * The tables that were read whole.
     *
     * @throws SendException when Kafka cannot be asked
     */
    public Set<TableName> tables() {
        var text = read.read().getOrDefault(TABLES, "");
        return text.isEmpty() ? Set.of() : text.lines().map(TableName::parse).collect(Collectors.toCollection(TreeSet::new));
    }

    /**
     * Remembers them, for whoever waits for a table to be whole. The topic is made again where it takes nothing: it was deleted, then.
     *
     * @throws SendException when Kafka does not take it
     */
    public void save(Collection<TableName> tables) throws InterruptedException {
        claim.check();
        try {
            read.write(TABLES, tables.stream().sorted().map(TableName::toString).collect(Collectors.joining("\n")));
        } catch (SendException e) {
            read.create();
            throw e;
        }
    }

    /**
     * What is remembered of the source.
     *
     * @throws SendException when Kafka cannot be asked
     */
    public Memory memory() {
        var values = state.read();
        try {
            var tables = new TreeMap<TableName, Known>();
            if (values.containsKey(TABLES)) {
                for (var known : JSON.readValue(values.get(TABLES), new TypeReference<Map<String, Known>>() {}).entrySet()) {
                    var table = TableName.parse(known.getKey());
                    var form = values.get(FORM + known.getKey());
                    if (form != null) {
                        forms.put(table, JSON.readValue(form, TableForm.class));
                    }
                    tables.put(table, known.getValue().in(forms.get(table)));
                }
            }
            return new Memory(values.containsKey(MARK) ? JSON.readValue(values.get(MARK), Mark.class) : null, tables);
        } catch (JsonProcessingException e) {
            throw new IllegalStateException("What capture remembers of its source cannot be read, a newer version may have written it: " + e.getOriginalMessage(), e);
        }
    }

    /**
     * Remembers what is known of the tables. What a new form has made of a table's rows is remembered before the form.
     *
     * @throws SendException when Kafka does not take it
     */
    public void remember(Map<TableName, Known> tables) throws InterruptedException {
        claim.check();
        var gaps = new TreeMap<String, Known>();
        tables.forEach((table, known) -> gaps.put(table.toString(), known));
        state.write(TABLES, json(gaps));
        var other = new TreeMap<TableName, TableForm>();
        tables.forEach((table, known) -> {
            if (known.form() != null && !known.form().equals(forms.get(table))) {
                other.put(table, known.form());
            }
        });
        var named = new TreeMap<String, String>();
        other.forEach((table, form) -> named.put(FORM + table, json(form)));
        state.write(named);
        forms.putAll(other);
    }

    /**
     * Remembers how far the source is captured.
     *
     * @throws SendException when Kafka does not take it
     */
    public void remember(Mark mark) throws InterruptedException {
        claim.check();
        state.write(MARK, json(mark));
        // Before Postgres is told: what is confirmed there must be what this process remembers.
        claim.settle();
    }

    /**
     * The tables that are to be read while the stream goes on, and how far each is.
     *
     * @throws SendException when Kafka cannot be asked
     */
    public List<Resnapshot> resnapshots() {
        var remembered = state.read().get(RESNAPSHOTS);
        try {
            return remembered == null ? List.of() : JSON.readValue(remembered, new TypeReference<List<Resnapshot>>() {});
        } catch (JsonProcessingException e) {
            throw new IllegalStateException("What capture remembers of the tables that it reads again cannot be read, a newer version may have written it: " + e.getOriginalMessage(), e);
        }
    }

    /**
     * Remembers them.
     *
     * @throws SendException when Kafka does not take it
     */
    public void remember(List<Resnapshot> resnapshots) throws InterruptedException {
        claim.check();
        state.write(RESNAPSHOTS, json(resnapshots));
    }

    /**
     * The tables whose reading before the stream has not ended, and how far each is.
     *
     * @throws SendException when Kafka cannot be asked
     */
    public Map<TableName, Loaded> loads() {
        var loads = new TreeMap<TableName, Loaded>();
        try {
            for (var value : state.read().entrySet()) {
                if (value.getKey().startsWith(LOADED)) {
                    loads.put(TableName.parse(value.getKey().substring(LOADED.length())), JSON.readValue(value.getValue(), Loaded.class));
                }
            }
            return loads;
        } catch (JsonProcessingException e) {
            throw new IllegalStateException("What capture remembers of the tables that it has begun to read cannot be read, a newer version may have written it: " + e.getOriginalMessage(), e);
        }
    }

    /**
     * Remembers them.
     *
     * @param loads null for one whose reading has ended
     * @throws SendException when Kafka does not take it
     */
    public void rememberLoads(Map<TableName, Loaded> loads) throws InterruptedException {
        claim.check();
        var named = new TreeMap<String, String>();
        loads.forEach((table, one) -> named.put(LOADED + table, one == null ? null : json(one)));
        state.write(named);
    }

    private static String json(Object value) {
        try {
            return JSON.writeValueAsString(value);
        } catch (JsonProcessingException e) {
            throw new IllegalStateException(e);
        }
    }

    /**
     * Says that every change committed up to an LSN is in Kafka. Waits for nothing, also where the topic is gone, and is not repeated: the next
     * heartbeat says more.
     */
    public void reached(long lsn) {
        claim.checkKnown();
        last = lsn;
        reached.send(null, Position.lsnText(lsn), (_, failure) -> unsaid = failure == null ? null : failure.getMessage());
    }

    /** Says again what is reached, where the topic did not take it, and makes the topic before. Returns why it does not take it now, null where it has all. */
    public synchronized String mendReached() throws InterruptedException {
        if (unsaid == null) {
            return null;
        }
        try {
            claim.check();
            reached.create();
            reached.write(null, Position.lsnText(last));
            unsaid = null;
            return null;
        } catch (SendException | LockLostException e) {
            return e.getMessage();
        }
    }

    /**
     * Says that nothing is reached any more: LSNs that were said before mean something else now.
     *
     * @throws SendException when Kafka does not take it
     */
    public synchronized void forgetReached() throws InterruptedException {
        claim.check();
        reached.write(null, Position.lsnText(0));
        unsaid = null;
    }

    @Override
    public void close() {
        claim.close();
        read.close();
        state.close();
        reached.close();
    }

    /**
     * The highest number in the positions that stand at the ends of topics, 0 where none does.
     *
     * @throws SendException when Kafka cannot be asked
     */
    public long highest(Collection<String> topics) throws InterruptedException {
        return lasts(topics, Map.of()).stream().map(Progress::position).filter(Objects::nonNull).mapToLong(Progress::highest).max().orElse(0);
    }

    private static Position position(ConsumerRecord<byte[], byte[]> record) {
        var bytes = Headers.bytes(record.headers(), Headers.POSITION);
        return bytes == null ? null : Position.of(bytes);
    }

    /** What takes rows away after a reading has no LSN of its own. */
    private static long highest(Position position) {
        return position.lsn() == Long.MAX_VALUE ? position.commit() : Math.max(position.commit(), position.lsn());
    }

    /**
     * Up to where a topic has every change at least, by the last record of each of its partitions; null where it has none.
     *
     * @param base of the positions
     * @param kept of partitions that lost records, the offset before which they are as they were. What was written behind it came later than what was lost; these partitions alone count
     * @throws SendException when Kafka cannot be asked
     */
    public Point last(String topic, long base, Map<TopicPartition, Long> kept) throws InterruptedException {
        var lasts = lasts(List.of(topic), kept);
        if (!lasts.stream().map(record -> new TopicPartition(record.topic(), record.partition())).collect(Collectors.toSet()).containsAll(kept.keySet())) {
            return null;
        }
        return lasts.stream().filter(record -> kept.isEmpty() || kept.containsKey(new TopicPartition(record.topic(), record.partition()))).filter(record -> position(record) != null)
                .map(record -> new Point(Math.max(0, position(record).commit() - base), Headers.number(record.headers(), Headers.COMMITTED, 0)))
                .min(Comparator.comparingLong(Point::lsn)).orElse(null);
    }

    /** The last record of each partition that has one, before an offset where one is given. */
    private List<ConsumerRecord<byte[], byte[]>> lasts(Collection<String> topics, Map<TopicPartition, Long> before) throws InterruptedException {
        var partitions = partitions(topics).entrySet().stream()
                .flatMap(t -> IntStream.range(0, t.getValue()).mapToObj(p -> new TopicPartition(t.getKey(), p))).toList();
        var lasts = new ArrayList<ConsumerRecord<byte[], byte[]>>();
        try (var consumer = new KafkaConsumer<>(kafka.client(), new ByteArrayDeserializer(), new ByteArrayDeserializer())) {
            var begins = consumer.beginningOffsets(partitions);
            var ends = new HashMap<>(consumer.endOffsets(partitions));
            before.forEach((partition, offset) -> ends.computeIfPresent(partition, (_, end) -> Math.min(end, offset)));
            ends.entrySet().removeIf(end -> end.getValue() <= begins.get(end.getKey()));
            consumer.assign(ends.keySet());
            ends.forEach((partition, end) -> consumer.seek(partition, end - 1));
            while (ends.entrySet().stream().anyMatch(end -> consumer.position(end.getKey()) < end.getValue())) {
                for (var record : consumer.poll(Duration.ofMillis(500))) {
                    if (record.offset() < ends.get(new TopicPartition(record.topic(), record.partition()))) {
                        lasts.add(record);
                    }
                }
            }
            return lasts;
        } catch (KafkaException e) {
            throw kafka.away("Reading the ends of the captured topics", e);
        }
    }

    /**
     * Makes a topic where it is not there, with the cluster's own partition count and settings.
     *
     * @throws SendException when Kafka does not make it
     * @throws IllegalArgumentException when it never makes one of this name
     */
    public void make(String topic) throws InterruptedException {
        try (var admin = Admin.create(kafka.client())) {
            admin.createTopics(List.of(new NewTopic(topic, Optional.empty(), Optional.empty()))).all().get();
            LOG.infof("Made the topic %s", topic);
        } catch (ExecutionException e) {
            if (e.getCause() instanceof InvalidTopicException) {
                throw new IllegalArgumentException("Kafka makes no topic " + topic + " (" + e.getCause().getMessage() + ")", e);
            }
            if (!(e.getCause() instanceof TopicExistsException)) {
                throw kafka.away("Making the topic " + topic, e);
            }
        } catch (KafkaException e) {
            throw kafka.away("Making the topic " + topic, e);
        }
    }

    /**
     * The partition counts of topics; a topic that does not exist is not in the answer.
     *
     * @throws SendException when Kafka cannot be asked
     */
    public Map<String, Integer> partitions(Collection<String> topics) throws InterruptedException {
        try (var admin = Admin.create(kafka.client())) {
            var counts = new HashMap<String, Integer>();
            for (var entry : admin.describeTopics(topics).topicNameValues().entrySet()) {
                try {
                    counts.put(entry.getKey(), entry.getValue().get().partitions().size());
                } catch (ExecutionException e) {
                    if (!(e.getCause() instanceof UnknownTopicOrPartitionException)) {
                        throw e;
                    }
                }
            }
            return counts;
        } catch (ExecutionException | KafkaException e) {
            throw kafka.away("Asking for topics", e);
        }
    }
}
