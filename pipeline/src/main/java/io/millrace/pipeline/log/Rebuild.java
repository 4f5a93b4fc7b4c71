package io.millrace.pipeline.log;

import io.millrace.pipeline.progress.JoinState;
import io.millrace.pipeline.record.Headers;
import io.millrace.pipeline.topic.Topics;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.concurrent.ExecutionException;
import java.util.stream.Collectors;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.admin.RecordsToDelete;
import org.apache.kafka.clients.consumer.ConsumerConfig;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerConfig;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.KafkaException;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.errors.GroupIdNotFoundException;
import org.apache.kafka.common.errors.UnknownTopicOrPartitionException;
import org.apache.kafka.common.serialization.ByteArrayDeserializer;
import org.apache.kafka.common.serialization.ByteArraySerializer;

/**
 * Has a pipeline's join built anew from its rows, by a person's word or by that of the pipeline's file: {@link #ask} has all instances stop, {@link #clear} takes away
 * what they left and has them begin the next {@link Life}. Each step can be repeated, and a rebuild that ended between two of them is
 * gone on with. Not thread-safe.
 *
 * <p>What is made again from compacted topics could have lower versions than before, because the positions of deleted rows are gone.
 * So no version of the next life is below the highest one that stands in the documents' topic.
 */
public final class Rebuild implements AutoCloseable {

    private static final String CHANGELOG = "-changelog";
    private static final Duration POLL = Duration.ofMillis(500);
    /** Kafka deletes a topic some time after it has said that it will. */
    private static final Duration DELETING = Duration.ofSeconds(60);
    private static final Duration LOOK = Duration.ofMillis(200);
    /** An instance that begins just now has not heard of it, and is no member yet. */
    private static final Duration QUIET = Duration.ofSeconds(15);

    private final Map<String, Object> kafka;
    private final String pipeline;
    private final String group;
    private final String documents;
    private final TopicPartition state;
    private final Admin admin;
    private final Marks marks;
    /** Null before it was {@link #take taken}. */
    private Turn turn;

    /** Hears how far what takes long has come. */
    public interface Listener {

        /** So many of so many offsets are read. */
        void read(long offsets, long of);
    }

    /** @param kafka settings of every client of Kafka */
    public Rebuild(Map<String, Object> kafka, String pipeline) {
        this.kafka = OffsetGuard.own(kafka);
        this.pipeline = pipeline;
        this.group = Topics.joinGroup(pipeline);
        this.documents = Topics.documents(pipeline);
        this.state = new TopicPartition(Topics.joinState(group), 0);
        this.admin = Admin.create(this.kafka);
        this.marks = new Marks(kafka, Topics.joinMarks(group), group);
    }

    /** Those topics that a rebuild needs and that are not there: documents, what the join says of itself, its marks, rows. */
    public List<String> missing() throws InterruptedException {
        var own = missing(List.of(documents, state.topic(), Topics.joinMarks(group)));
        return own.isEmpty() ? missing(rowTopics()) : own;
    }

    private List<String> missing(List<String> needed) throws InterruptedException {
        var there = Look.at(admin, List.of(), needed).topics();
        return needed.stream().filter(topic -> !there.contains(topic)).toList();
    }

    /** What is not whole of that on which the join stands, by partition. */
    public Map<TopicPartition, Gap> gaps() throws InterruptedException {
        marks.read();
        var committed = committed();
        var known = new TreeSet<TopicPartition>((a, b) -> a.topic().equals(b.topic()) ? Integer.compare(a.partition(), b.partition()) : a.topic().compareTo(b.topic()));
        known.addAll(marks.all().keySet());
        known.addAll(committed.keySet());
        var look = Look.at(admin, known, List.of());
        var gaps = new LinkedHashMap<TopicPartition, Gap>();
        known.removeAll(look.silent());
        for (var partition : known) {
            var gap = gap(partition, look.logs().get(partition), committed.get(partition));
            if (gap != null) {
                gaps.put(partition, gap);
            }
        }
        return gaps;
    }

    /** A reading believes its second look; here both are one. */
    private Gap gap(TopicPartition partition, Log log, Long committed) {
        var reading = isRead(partition.topic()) ? Reading.ofGroup(committed) : Reading.ofWriter();
        long now = System.currentTimeMillis();
        reading.open(log, marks.all().get(partition), true, now);
        reading.open(log, marks.all().get(partition), true, now);
        return reading.start() instanceof Start.Held held ? held.gap() : null;
    }

    /**
     * Whether rows are missing that the tables have, so that these have to be read again. What was deleted unread is missing in the join's
     * state alone; requests are in no table that could be read for them.
     */
    public static boolean lacksRows(TopicPartition partition, Gap gap) {
        return partition.topic().startsWith(Topics.ROWS) && !Topics.table(partition.topic()).equals(Topics.OUTBOX) && !(gap instanceof Gap.Stale) && !(gap instanceof Gap.OtherCluster);
    }

    /** Whether a rebuild from the rows as they stand in Kafka mends it, and nothing but that is needed. */
    public static boolean isMendedFromRows(TopicPartition partition, Gap gap) {
        if (gap instanceof Gap.OtherCluster) {
            return false;
        }
        if (partition.topic().startsWith(Topics.ROWS)) {
            return gap instanceof Gap.Stale;
        }
        return !partition.topic().startsWith(Topics.DOCUMENTS) || !(gap instanceof Gap.Expired);
    }

    private boolean isRead(String topic) {
        return topic.startsWith(Topics.ROWS) || topic.equals(Topics.exchange(group));
    }

    private Map<TopicPartition, Long> committed() throws InterruptedException {
        var committed = new HashMap<TopicPartition, Long>();
        Look.get("Asking for the offsets of the group " + group, admin.listConsumerGroupOffsets(group).partitionsToOffsetAndMetadata()).forEach((partition, offset) -> {
            if (offset != null) {
                committed.put(partition, offset.offset());
            }
        });
        return committed;
    }

    /** The topics of rows that the join reads. */
    public List<String> rowTopics() throws InterruptedException {
        marks.read();
        var topics = new TreeSet<String>();
        marks.all().keySet().forEach(partition -> topics.add(partition.topic()));
        committed().keySet().forEach(partition -> topics.add(partition.topic()));
        return topics.stream().filter(topic -> topic.startsWith(Topics.ROWS)).toList();
    }

    /** How many records the join will read. */
    public long rows() throws InterruptedException {
        return logs(rowTopics()).values().stream().mapToLong(log -> log.end() - log.start()).sum();
    }

    private Map<TopicPartition, Log> logs(Collection<String> topics) throws InterruptedException {
        var partitions = new ArrayList<TopicPartition>();
        Look.get("Describing the topics " + topics, admin.describeTopics(topics).allTopicNames()).forEach((name, topic) -> topic.partitions().forEach(p -> partitions.add(new TopicPartition(name, p.partition()))));
        var look = Look.at(admin, partitions, List.of());
        if (!look.silent().isEmpty()) {
            throw new KafkaException("Kafka does not tell where the logs of " + look.silent() + " begin and end; have they a leader?");
        }
        return look.logs();
    }

    /**
     * Has this process alone rebuild the pipeline's join until it is closed, or killed. To be called before whatever changes something.
     *
     * @throws IllegalStateException when another process does; known after 16 seconds
     */
    public void take() throws InterruptedException {
        turn = new Turn(kafka, Topics.joinMarks(group), Topics.recoveryGroup(pipeline));
        turn.take(admin);
    }

    /** The life as it was last read: its number is the time at which it was asked for, in seconds since 1970. */
    public Life life() {
        return marks.life();
    }

    /** Whether the documents of that life were found to be those of the database. */
    public boolean isProven() {
        return marks.isProven();
    }

    /** Has all instances of the join stop, within seconds. They stay stopped until {@link #clear}. */
    public void ask() throws InterruptedException {
        turn.require();
        marks.read();
        marks.write(marks.life().next(System.currentTimeMillis() / 1_000));
        marks.flush();
    }

    /** Whether no instance is a member of the join's group. */
    public boolean isStopped() throws InterruptedException {
        try {
            return admin.describeConsumerGroups(List.of(group)).describedGroups().get(group).get().members().isEmpty();
        } catch (ExecutionException e) {
            if (e.getCause() instanceof GroupIdNotFoundException) {
                return true;
            }
            throw new KafkaException("Describing the group " + group + " failed: " + e.getCause().getMessage(), e.getCause());
        }
    }

    /**
     * Waits until no instance runs, nor one that has begun without having heard that it is to stop.
     *
     * @param patience how long they may take
     * @throws IllegalStateException when some run for longer
     */
    public void awaitStopped(Duration patience) throws InterruptedException {
        long until = System.nanoTime() + patience.toNanos();
        long quiet = System.nanoTime() + QUIET.toNanos();
        while (System.nanoTime() < quiet) {
            if (System.nanoTime() > until) {
                throw new IllegalStateException("the group " + group + " has still members after " + patience.toSeconds() + " s, though they were asked to stop. Are all instances of this version? Stop those that are not");
            }
            Thread.sleep(POLL);
            if (!isStopped()) {
                quiet = System.nanoTime() + QUIET.toNanos();
            }
        }
    }

    /**
     * Takes away what the life before has left, and has the next one begin: with no state, at the first row.
     *
     * @param listener for what is read meanwhile: all documents and rows once, for the highest version
     * @return the life that begins
     * @throws IllegalStateException when nobody has {@link #ask asked}, instances still run, or another process has taken over
     */
    public Life clear(Listener listener) throws InterruptedException {
        turn.require();
        marks.read();
        if (marks.life().begun() || !isStopped()) {
            throw new IllegalStateException("The join of " + pipeline + (marks.life().begun() ? " was not asked to stop" : " still runs"));
        }
        var next = marks.life().begin(highest(listener));
        turn.require();
        delete(Look.get("Listing the topics", admin.listTopics().names()).stream().filter(this::isChangelog).toList());
        // Also of those that were not there any more.
        marks.forget(marks.all().keySet().stream().map(TopicPartition::topic).filter(this::isChangelog).collect(Collectors.toSet()));
        var exchange = Topics.exchange(group);
        if (!Look.at(admin, List.of(), List.of(exchange)).topics().isEmpty()) {
            var ends = new HashMap<TopicPartition, RecordsToDelete>();
            logs(List.of(exchange)).forEach((partition, log) -> ends.put(partition, RecordsToDelete.beforeOffset(log.end())));
            Look.get("Deleting what stands in " + exchange, admin.deleteRecords(ends).all());
            begin(List.of(exchange));
        } else {
            marks.forget(List.of(exchange));
        }
        begin(rowTopics());
        begin(List.of(documents));
        tell(next);
        marks.write(next);
        marks.flush();
        return next;
    }

    /** The state of a store stands in a topic that Streams names. */
    private boolean isChangelog(String topic) {
        return topic.startsWith(group + "-") && topic.endsWith(CHANGELOG);
    }

    private void delete(List<String> topics) throws InterruptedException {
        for (var topic : admin.deleteTopics(topics).topicNameValues().entrySet()) {
            try {
                topic.getValue().get();
            } catch (ExecutionException e) {
                if (!(e.getCause() instanceof UnknownTopicOrPartitionException)) {
                    throw new KafkaException("Deleting the topic " + topic.getKey() + " failed: " + e.getCause().getMessage(), e.getCause());
                }
            }
        }
        long until = System.nanoTime() + DELETING.toNanos();
        while (!Look.at(admin, List.of(), topics).topics().isEmpty()) {
            if (System.nanoTime() > until) {
                throw new KafkaException("Kafka has not deleted " + topics + " within " + DELETING);
            }
            Thread.sleep(LOOK);
        }
    }

    /** What is read begins at its first record, what is written counts as it is. */
    private void begin(List<String> topics) throws InterruptedException {
        long now = System.currentTimeMillis();
        logs(topics).forEach((partition, log) -> marks.write(partition, Mark.begin(log.id(), isRead(partition.topic()) ? log.start() : log.end(), now)));
    }

    /** Whoever waits until the join has put out all its documents waits for those of the next life, and knows where they begin. */
    private void tell(Life next) throws InterruptedException {
        try (var producer = new KafkaProducer<>(writing(), new ByteArraySerializer(), new ByteArraySerializer())) {
            var logs = logs(List.of(documents));
            for (var log : logs.entrySet()) {
                int partition = log.getKey().partition();
                producer.send(said(Integer.toString(partition), JoinState.BUILDING)).get();
                producer.send(said(JoinState.lifeOf(partition), next.number() + " " + log.getValue().end())).get();
            }
        } catch (ExecutionException e) {
            throw new KafkaException("Writing to " + state.topic() + " failed: " + e.getCause().getMessage(), e.getCause());
        }
    }

    private Map<String, Object> writing() {
        var settings = new HashMap<>(kafka);
        settings.put(ProducerConfig.ACKS_CONFIG, "all");
        settings.put(ProducerConfig.DELIVERY_TIMEOUT_MS_CONFIG, 10_000);
        return settings;
    }

    private ProducerRecord<byte[], byte[]> said(String key, String value) {
        return new ProducerRecord<>(state.topic(), state.partition(), key.getBytes(StandardCharsets.UTF_8), value.getBytes(StandardCharsets.UTF_8));
    }

    /** The highest version of a document that stands in the topic, deletes included, and the highest position of a row: the topic may have been made anew. */
    private long highest(Listener listener) throws InterruptedException {
        var topics = new ArrayList<>(rowTopics());
        topics.add(documents);
        var logs = logs(topics);
        long all = logs.values().stream().mapToLong(log -> log.end() - log.start()).sum();
        long highest = 0;
        try (var consumer = reader()) {
            consumer.assign(logs.keySet());
            consumer.seekToBeginning(logs.keySet());
            for (long left = left(consumer, logs); left > 0; left = left(consumer, logs)) {
                listener.read(all - left, all);
                for (var record : consumer.poll(POLL)) {
                    highest = Math.max(highest, version(record));
                }
            }
        }
        listener.read(all, all);
        return highest;
    }

    private static long left(KafkaConsumer<byte[], byte[]> consumer, Map<TopicPartition, Log> logs) {
        return logs.entrySet().stream().mapToLong(log -> Math.max(0, log.getValue().end() - consumer.position(log.getKey()))).sum();
    }

    private long version(ConsumerRecord<byte[], byte[]> record) {
        if (record.topic().equals(documents)) {
            return Headers.number(record.headers(), Headers.VERSION, 0);
        }
        return Headers.bytes(record.headers(), Headers.POSITION) == null ? 0 : Headers.position(record.headers()).commit();
    }

    /** Whether a life has begun whose documents were not compared with the database yet, and nothing is wrong with it. */
    public boolean isUnderWay() throws InterruptedException {
        marks.read();
        return marks.life().begun() && !marks.isProven() && gaps().isEmpty();
    }

    /** The documents of the life that has begun were found to be those of the database, so nothing is left to be done. Comes back when running instances have heard of it, and health says no more that it is. */
    public void prove() throws InterruptedException {
        turn.require();
        marks.read();
        marks.writeProof();
        marks.flush();
        Thread.sleep(OffsetGuard.EVERY.multipliedBy(2));
    }

    /** By partition, what the join is busy with, as long as that is its first build. */
    public Map<Integer, String> building() throws InterruptedException {
        var last = new TreeMap<Integer, String>();
        try (var consumer = reader()) {
            consumer.assign(List.of(state));
            consumer.seekToBeginning(List.of(state));
            long end = consumer.endOffsets(List.of(state)).get(state);
            while (consumer.position(state) < end) {
                for (var record : consumer.poll(POLL)) {
                    var key = new String(record.key(), StandardCharsets.UTF_8);
                    if (key.indexOf(' ') < 0) {
                        last.put(Integer.parseInt(key), new String(record.value(), StandardCharsets.UTF_8));
                    }
                }
            }
        }
        last.values().removeIf(said -> !said.equals(JoinState.BUILDING));
        return last;
    }

    private KafkaConsumer<byte[], byte[]> reader() {
        var settings = new HashMap<>(kafka);
        settings.put(ConsumerConfig.AUTO_OFFSET_RESET_CONFIG, "earliest");
        settings.put(ConsumerConfig.ENABLE_AUTO_COMMIT_CONFIG, false);
        settings.put(ConsumerConfig.ALLOW_AUTO_CREATE_TOPICS_CONFIG, false);
        return new KafkaConsumer<>(settings, new ByteArrayDeserializer(), new ByteArrayDeserializer());
    }

    @Override
    public void close() {
        if (turn != null) {
            turn.close();
        }
        marks.close();
        admin.close(Duration.ofSeconds(2));
    }
}
