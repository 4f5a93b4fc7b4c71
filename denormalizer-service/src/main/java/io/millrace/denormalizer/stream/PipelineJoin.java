package io.millrace.denormalizer.stream;

import io.micrometer.core.instrument.MeterRegistry;
import io.millrace.denormalizer.DenormalizerConfig;
import io.millrace.denormalizer.foundation.CatchUp;
import io.millrace.denormalizer.foundation.FirstRead;
import io.millrace.denormalizer.foundation.Foundation;
import io.millrace.denormalizer.foundation.NotReadyException;
import io.millrace.denormalizer.foundation.PipelineTopics;
import io.millrace.denormalizer.join.JoinSettings;
import io.millrace.denormalizer.join.JoinTopics;
import io.millrace.denormalizer.join.JoinTopology;
import io.millrace.denormalizer.join.measure.Stage;
import io.millrace.denormalizer.join.render.DocumentSteps;
import io.millrace.denormalizer.join.state.CommitClock;
import io.millrace.denormalizer.join.state.IncompatibleStateException;
import io.millrace.denormalizer.plan.Plan;
import io.millrace.denormalizer.plan.Planner;
import io.millrace.denormalizer.registry.Registry;
import io.millrace.denormalizer.registry.RegistryAwayException;
import io.millrace.pipeline.file.Pipeline;
import io.millrace.pipeline.file.PipelineFile;
import io.millrace.pipeline.file.Source;
import io.millrace.pipeline.kafka.KafkaTrouble;
import io.millrace.pipeline.ledger.Ledger;
import io.millrace.pipeline.liveness.Loop;
import io.millrace.pipeline.liveness.LoopThread;
import io.millrace.pipeline.liveness.Loops;
import io.millrace.pipeline.log.Life;
import io.millrace.pipeline.progress.Exchange;
import io.millrace.pipeline.progress.Offsets;
import io.millrace.pipeline.record.Position;
import io.millrace.pipeline.retry.Backoff;
import io.millrace.pipeline.shape.ShapeChange;
import io.millrace.pipeline.topic.Topics;
import io.millrace.values.row.RootKeys;
import io.opentelemetry.api.trace.Tracer;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Properties;
import java.util.Set;
import java.util.concurrent.ExecutionException;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.admin.AdminClientConfig;
import org.apache.kafka.clients.consumer.ConsumerConfig;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.clients.producer.ProducerConfig;
import org.apache.kafka.common.KafkaException;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.errors.AuthenticationException;
import org.apache.kafka.common.errors.AuthorizationException;
import org.apache.kafka.common.serialization.ByteArrayDeserializer;
import org.apache.kafka.streams.KafkaStreams;
import org.apache.kafka.streams.StreamsConfig;
import org.apache.kafka.streams.errors.StreamsException;
import org.apache.kafka.streams.errors.StreamsUncaughtExceptionHandler.StreamThreadExceptionResponse;
import org.jboss.logging.Logger;
import org.rocksdb.RocksDBException;
import org.rocksdb.Status;

/**
 * The life of one pipeline's join: waits for what it needs, runs the Streams application, and starts it again when it
 * ended with a failure. One thread of its own does all of it.
 */
final class PipelineJoin {

    private static final Logger LOG = Logger.getLogger(PipelineJoin.class);
    private static final Duration BEAT = Duration.ofMillis(100);
    /** While all is built and the stream threads have nothing to do. */
    private static final Duration REST = Duration.ofMillis(300);
    private static final Duration PURGE = Duration.ofSeconds(5);
    /** While the tables are read and pass the gate, whose group commits every half second. */
    private static final Duration CATCH_UP = Duration.ofMillis(250);
    private static final Duration FIRST_PAUSE = Duration.ofSeconds(1);
    private static final Duration LONGEST_PAUSE = Duration.ofSeconds(30);
    private static final Duration SHORTEST_LEFT = Duration.ofSeconds(1);
    private static final Duration LONGEST_LEFT = Duration.ofMinutes(10);
    private static final Duration CLOSING = Duration.ofSeconds(20);
    /** So long may a thread be in one place before it counts as stuck. */
    private static final Duration SILENCE = Duration.ofMinutes(2);
    /** What a stream thread may need beside its patience with the registry. */
    private static final Duration WORK = Duration.ofMinutes(1);
    private static final Set<String> STATE_SIZES = Set.of("total-sst-files-size", "size-all-mem-tables");

    private final PipelineFile file;
    private final Pipeline pipeline;
    private final int pipelines;
    private final String memberId;
    private final DenormalizerConfig config;
    private final Map<String, String> kafka;
    private final String bootstrap;
    private final Registry registry;
    private final StoreMemory memory;
    private final MeterRegistry meters;
    private final Tracer tracer;
    private final DocumentSteps steps;
    private final Set<String> erasedAs;
    private final Loops loops = new Loops();
    private final Ledger ledger = new Ledger(PipelineJoin::advice);
    private final LoopThread thread;
    private volatile String trouble = "starting";
    /** What ended the Streams application, null while it runs. */
    private volatile String failed;
    private volatile String note;
    private volatile String near;
    /** What is still to be done about a life that was begun, null where nothing is. */
    private volatile String unproven;
    /** Made at the first run and kept, for meters are registered once. Only for the join's own thread. */
    private Stage made;
    /** Null while the join does not run. */
    private volatile Stage stage;
    private volatile boolean fatal;
    /** Null before the join knew its topics. Made by the join's own thread. */
    private volatile Foundation foundation;
    /** Null where the file leaves it to a person. */
    private final AutomaticRecovery recovery;

    /**
     * @param pipelines how many share the memory that the configuration gives
     * @param memberId names this instance in consumer groups, over restarts
     * @param kafka settings of every client of Kafka
     * @param erasedAs the pipelines whose erasures count here
     */
    PipelineJoin(PipelineFile file, int pipelines, String memberId, DenormalizerConfig config, Map<String, String> kafka, Registry registry, StoreMemory memory, MeterRegistry meters, Tracer tracer, DocumentSteps steps, Set<String> erasedAs) {
        this.file = file;
        this.pipeline = file.pipeline();
        this.pipelines = pipelines;
        this.memberId = memberId;
        this.config = config;
        this.kafka = kafka;
        this.bootstrap = kafka.get(AdminClientConfig.BOOTSTRAP_SERVERS_CONFIG);
        this.registry = registry;
        this.memory = memory;
        this.meters = meters;
        this.tracer = tracer;
        this.steps = steps;
        this.erasedAs = erasedAs;
        this.thread = loops.thread("join-" + pipeline.name(), Thread.ofPlatform(), SILENCE, this::live);
        this.recovery = isAutomatic() ? new AutomaticRecovery(kafka, pipeline.name(), this::damage, loops) : null;
    }

    String name() {
        return pipeline.name();
    }

    /** Why documents are not up to date, null where nothing stands in the way. */
    String trouble() {
        var stuck = loops.troubles();
        if (!stuck.isEmpty()) {
            return stuck.stream().map(t -> "the thread " + t.loop() + ": " + t).collect(Collectors.joining("; "));
        }
        if (trouble != null) {
            var hindrance = recovery == null ? null : recovery.hindrance();
            return hindrance == null ? trouble : trouble + ". It was not done by itself: " + hindrance;
        }
        return ledger.isEven() ? unproven : ledger.says().entrySet().stream().map(says -> says.getKey() + ": " + says.getValue()).collect(Collectors.joining("; "));
    }

    private static String advice(String rows) {
        var table = rows.substring(Topics.ROWS.length());
        return "Changes of the table " + table + " may be missing from the documents; rows flow on. Have capture read the table anew, whose end puts this right: ./millrace resnapshot " + table.replaceFirst("\\.", " ");
    }

    /** Which of its threads have ended unseen or are stuck. */
    Loops threads() {
        return loops;
    }

    /** What is worth knowing though nothing is wrong, null where there is nothing. */
    String note() {
        return near != null ? near : note;
    }

    /** For each partition here, how far its first build is. */
    Map<Integer, String> phases() {
        var running = stage;
        return running == null ? Map.of() : running.phases();
    }

    private boolean isAutomatic() {
        return pipeline.recovery() == Source.Recovery.AUTOMATIC;
    }

    private AutomaticRecovery.Damage damage() {
        var standsOn = foundation;
        return standsOn == null || !standsOn.isDamaged() ? null : new AutomaticRecovery.Damage(standsOn.isStateless(), standsOn.lifeNumber());
    }

    void start() {
        thread.start();
        if (recovery != null) {
            recovery.start();
        }
    }

    /** Ends the join: what is in flight is finished and committed. */
    void stop() throws InterruptedException {
        if (recovery != null) {
            recovery.stop();
        }
        thread.interrupt();
        thread.join(CLOSING.plusSeconds(5));
    }

    private void live(Loop loop) {
        try {
            var backoff = new Backoff(FIRST_PAUSE, LONGEST_PAUSE);
            while (!Thread.currentThread().isInterrupted()) {
                long began = System.nanoTime();
                tried(loop);
                if (fatal) {
                    LOG.errorf("The join of the pipeline %s stays stopped", pipeline.name());
                    // Health says why, and no restart mends it.
                    thread.release();
                    return;
                }
                if (System.nanoTime() - began > LONGEST_PAUSE.toNanos()) {
                    backoff.reset();
                }
                loop.waits(LONGEST_PAUSE);
                backoff.await();
            }
        } catch (InterruptedException e) {
            LOG.infof("The join of the pipeline %s has ended", pipeline.name());
        } finally {
            if (foundation != null) {
                foundation.close();
            }
        }
    }

    /** Whatever ends an attempt, an Error included, is this pipeline's trouble alone, and another attempt follows. */
    private void tried(Loop loop) throws InterruptedException {
        try (var admin = admin()) {
            attempt(admin, loop);
        } catch (NotReadyException | RegistryAwayException e) {
            say(e.getMessage());
        } catch (StreamsException e) {
            sayFailed(e);
        } catch (ExecutionException | KafkaException e) {
            say("Kafka at " + bootstrap + " cannot be asked: " + reason(e) + "; " + KafkaTrouble.advice(e, kafka) + ". The join waits for it");
        } catch (RuntimeException | Error e) {
            sayFailed(e);
        }
    }

    private static String reason(Exception e) {
        return e instanceof ExecutionException ? e.getCause().getMessage() : e.getMessage();
    }

    private void sayFailed(Throwable e) {
        LOG.errorf(e, "The join of the pipeline %s failed and is started again", pipeline.name());
        say("The join failed: " + e + refused(e) + ". It is started again; the log says more");
    }

    /** What to do where Kafka does not let the join in or do something; empty where it does. */
    private String refused(Throwable failure) {
        for (var cause = failure; cause != null; cause = cause.getCause()) {
            if (cause instanceof AuthenticationException || cause instanceof AuthorizationException) {
                return "; " + KafkaTrouble.advice(cause, kafka);
            }
        }
        return "";
    }

    private void say(String reason) {
        if (!reason.equals(trouble)) {
            LOG.warnf("%s: %s", pipeline.name(), reason);
        }
        trouble = reason;
    }

    private Admin admin() {
        var settings = new HashMap<String, Object>(kafka);
        settings.putAll(Map.of(
                AdminClientConfig.CLIENT_ID_CONFIG, "millrace-denormalizer-" + pipeline.name() + "-watch",
                AdminClientConfig.DEFAULT_API_TIMEOUT_MS_CONFIG, 15_000,
                AdminClientConfig.REQUEST_TIMEOUT_MS_CONFIG, 10_000));
        return Admin.create(settings);
    }

    private void attempt(Admin admin, Loop loop) throws ExecutionException, InterruptedException, NotReadyException {
        var rootKeys = rootKeys(loop);
        if (rootKeys == null) {
            return;
        }
        var plan = Planner.plan(pipeline, rootKeys.columns(), steps.fingerprint());
        var topics = JoinTopics.of(plan);
        var sources = JoinTopology.sourceTopics(plan);
        int partitions = PipelineTopics.prepare(admin, sources, topics, config.replicationFactor());
        try (var firstRead = new FirstRead(admin, new KafkaConsumer<>(new HashMap<>(kafka), new ByteArrayDeserializer(), new ByteArrayDeserializer()), pipeline, config.gateGroup())) {
            var catchUp = new CatchUp(new Offsets(admin), firstRead, topics.application(), partitionsOf(sources, partitions), partitionsOf(List.of(topics.exchange()), partitions), Exchange.hops(pipeline));
            var read = new ArrayList<>(partitionsOf(sources, partitions));
            read.addAll(partitionsOf(List.of(topics.exchange()), partitions));
            var life = foundation(topics).life(loop);
            foundation.require(admin, read, partitions, loop);
            run(admin, plan, rootKeys, topics, catchUp, partitions, life, loop);
        }
    }

    private Foundation foundation(JoinTopics topics) {
        if (foundation == null) {
            foundation = new Foundation(kafka, pipeline.name(), topics, isAutomatic(), config.replicationFactor(), meters, loops);
        }
        return foundation;
    }

    /** The first row of the root table brings the schema of its key; without one there is no document to make. */
    private RootKeys rootKeys(Loop loop) throws InterruptedException {
        var subject = Topics.keySubject(Topics.rows(pipeline.source().name(), pipeline.document().table()));
        while (true) {
            loop.beat();
            var schema = registry.latest(subject);
            if (schema != null) {
                note = null;
                return new RootKeys(schema);
            }
            note = "no row of the root table " + pipeline.document().table() + " has passed the gate yet, so there are no documents";
            trouble = null;
            Thread.sleep(BEAT);
        }
    }

    private static List<TopicPartition> partitionsOf(List<String> topics, int partitions) {
        return topics.stream().flatMap(t -> IntStream.range(0, partitions).mapToObj(p -> new TopicPartition(t, p))).toList();
    }

    private void run(Admin admin, Plan plan, RootKeys rootKeys, JoinTopics topics, CatchUp catchUp, int partitions, Life life, Loop loop) throws InterruptedException, ExecutionException {
        var commits = new CommitClock();
        if (made == null) {
            made = new Stage(plan, meters, tracer, ledger);
        }
        var running = made;
        stage = running;
        var pace = new FanOutPace(new Offsets(admin), config.indexerGroup(), partitionsOf(List.of(topics.documents()), partitions));
        var settings = new JoinSettings(catchUp::isDone, catchUp::isNear, config.keepRemoved(), PipelineTopics.documentBytes(admin, topics, config.maxDocumentBytes()), config.lookupCacheBytes() / pipelines / partitions, pace, steps, erasedAs, new Position(life.floor(), 0));
        var topology = JoinTopology.of(plan, topics, rootKeys, registry, commits, settings, running);
        var kept = PipelineTopics.deletionsKept(admin, topics);
        var age = new StateAge(config.stateFolder().resolve(topics.application()));
        failed = null;
        try (var clients = new WatchedClients(loops, streamSilence(), made::rests, () -> age.isOld(kept, Instant.now()), topics.documents()); var streams = new KafkaStreams(topology, properties(topics, commits, kept), clients)) {
            streams.setUncaughtExceptionHandler(this::answer);
            new StateLife(config.stateFolder(), topics.application()).begin(life.number(), streams::cleanUp);
            takeAwayOld(age, kept);
            streams.setGlobalStateRestoreListener(age);
            streams.start();
            watch(admin, streams, topics, catchUp, pace, running, age, loop);
        } finally {
            stage = null;
        }
    }

    private void takeAwayOld(StateAge age, Duration kept) {
        var gone = age.takeAway(kept, Instant.now());
        if (!gone.isEmpty()) {
            LOG.infof("%s: the state of the tasks %s on this disk may lack deletions, which its changelogs keep for %s, so it is restored as a whole", pipeline.name(), String.join(", ", gone), kept);
        }
    }

    /** A record may wait for the registry as long as the configuration says. */
    private Duration streamSilence() {
        var patient = config.registryPatience().plus(WORK);
        return patient.compareTo(SILENCE) > 0 ? patient : SILENCE;
    }

    private void watch(Admin admin, KafkaStreams streams, JoinTopics topics, CatchUp catchUp, FanOutPace pace, Stage running, StateAge age, Loop loop) throws InterruptedException, ExecutionException {
        var purge = new ExchangePurge(admin, topics.exchange());
        long purged = System.nanoTime() - PURGE.toNanos();
        long caughtUp = System.nanoTime() - CATCH_UP.toNanos();
        try {
            while (streams.state() != KafkaStreams.State.ERROR && streams.state() != KafkaStreams.State.NOT_RUNNING) {
                loop.beat();
                Thread.sleep(catchUp.isDone() && running.rests() ? REST : BEAT);
                if (foundation.isLost()) {
                    say(foundation.wrong() == null ? "the group begins elsewhere, or the join begins anew, as was decided" : foundation.wrong());
                    return;
                }
                unproven = foundation.unproven();
                try {
                    if (!catchUp.isDone() && (catchUp.waits() == null || System.nanoTime() - caughtUp > CATCH_UP.toNanos())) {
                        catchUp.check();
                        note = catchUp.waits();
                        caughtUp = System.nanoTime();
                    }
                    if (running.pendingFanOuts() > 0) {
                        pace.check();
                    }
                    if (System.nanoTime() - purged > PURGE.toNanos()) {
                        var committed = catchUp.committed();
                        purge.upTo(foundation.finished(committed));
                        near = foundation.warning();
                        foundation.prove(running.proven());
                        running.lag(catchUp.lag(committed));
                        running.state(stateBytes(streams));
                        age.keep();
                        // Only now: while Kafka does not answer it is asked at every beat, and the trouble stays reported.
                        purged = System.nanoTime();
                    }
                    report(streams.state());
                } catch (ExecutionException | KafkaException e) {
                    say("Kafka at " + bootstrap + " does not answer: " + reason(e) + "; " + KafkaTrouble.advice(e, kafka) + ". The join waits for it");
                }
            }
        } finally {
            boolean interrupted = Thread.interrupted();
            if (!streams.close(new KafkaStreams.CloseOptions().timeout(CLOSING).leaveGroup(config.leaveOnStop()))) {
                LOG.warnf("The join of the pipeline %s did not end within %s; what was not committed is done again", pipeline.name(), CLOSING);
            }
            age.keep();
            if (interrupted) {
                Thread.currentThread().interrupt();
            }
        }
    }

    private static long stateBytes(KafkaStreams streams) {
        return streams.metrics().values().stream().filter(m -> STATE_SIZES.contains(m.metricName().name()))
                .mapToLong(m -> m.metricValue() instanceof Number size ? size.longValue() : 0).sum();
    }

    private void report(KafkaStreams.State state) {
        if (failed != null) {
            return;
        }
        var away = registry.trouble();
        if (state == KafkaStreams.State.RUNNING) {
            if (trouble != null && away == null) {
                LOG.infof("The join of the pipeline %s runs", pipeline.name());
            }
            trouble = away;
        } else if (state == KafkaStreams.State.REBALANCING) {
            trouble = "the join is rebalancing: partitions are assigned, or state is restored";
        }
    }

    private Properties properties(JoinTopics topics, CommitClock commits, Duration kept) {
        var p = new Properties();
        p.putAll(kafka);
        p.put(StreamsConfig.APPLICATION_ID_CONFIG, topics.application());
        p.put(StreamsConfig.STATE_DIR_CONFIG, config.stateFolder().toString());
        p.put(StreamsConfig.NUM_STREAM_THREADS_CONFIG, config.threads());
        p.put(StreamsConfig.PROCESSING_GUARANTEE_CONFIG, StreamsConfig.AT_LEAST_ONCE);
        p.put(StreamsConfig.COMMIT_INTERVAL_MS_CONFIG, config.commitInterval().toMillis());
        p.put(StreamsConfig.POLL_MS_CONFIG, 20);
        // State of a partition that is another's for longer is not taken up again.
        p.put(StreamsConfig.STATE_CLEANUP_DELAY_MS_CONFIG, Math.clamp(kept.toMillis() / 4, SHORTEST_LEFT.toMillis(), LONGEST_LEFT.toMillis()));
        // The join is right in whatever order the tables' rows come, so no table waits until the others are fetched.
        p.put(StreamsConfig.MAX_TASK_IDLE_MS_CONFIG, StreamsConfig.MAX_TASK_IDLE_MS_DISABLED);
        // Streams registers a metric with each iterator that it opens; telling JMX of it, or naming it for a broker that wants metrics, costs more than the iterator.
        p.put(StreamsConfig.METRIC_REPORTER_CLASSES_CONFIG, "");
        p.put(StreamsConfig.ENABLE_METRICS_PUSH_CONFIG, false);
        p.put(StreamsConfig.STATESTORE_CACHE_MAX_BYTES_CONFIG, 0);
        p.put(StreamsConfig.NUM_STANDBY_REPLICAS_CONFIG, config.standbyReplicas());
        p.put(StreamsConfig.REPLICATION_FACTOR_CONFIG, (int) config.replicationFactor());
        p.put(StreamsConfig.ROCKSDB_CONFIG_SETTER_CLASS_CONFIG, StoreMemory.Setter.class);
        p.put(StoreMemory.MEMORY, memory);
        p.put(StreamsConfig.mainConsumerPrefix(ConsumerConfig.INTERCEPTOR_CLASSES_CONFIG), CommitInterceptor.class.getName());
        p.put(StreamsConfig.mainConsumerPrefix(CommitInterceptor.CLOCK), commits);
        // Who comes back after a crash is the member that it was: the others need not wait for its old session to time out.
        p.put(StreamsConfig.mainConsumerPrefix(ConsumerConfig.GROUP_INSTANCE_ID_CONFIG), memberId);
        p.put(StreamsConfig.consumerPrefix(ConsumerConfig.AUTO_OFFSET_RESET_CONFIG), "none");
        p.put(StreamsConfig.consumerPrefix(ConsumerConfig.METADATA_MAX_AGE_CONFIG), 30_000);
        p.put(StreamsConfig.consumerPrefix(ConsumerConfig.SESSION_TIMEOUT_MS_CONFIG), (int) config.sessionTimeout().toMillis());
        p.put(StreamsConfig.consumerPrefix(ConsumerConfig.HEARTBEAT_INTERVAL_MS_CONFIG), (int) config.sessionTimeout().toMillis() / 5);
        p.put(StreamsConfig.consumerPrefix(ConsumerConfig.MAX_PARTITION_FETCH_BYTES_CONFIG), 1 << 20);
        // All that is fetched at once is decoded before more is fetched: with large rows this is what bounds the heap.
        p.put(StreamsConfig.consumerPrefix(ConsumerConfig.FETCH_MAX_BYTES_CONFIG), 16 << 20);
        p.put(StreamsConfig.PRODUCTION_EXCEPTION_HANDLER_CLASS_CONFIG, OversizeHandler.class);
        p.put(OversizeHandler.DOCUMENTS, topics.documents());
        p.put(OversizeHandler.QUARANTINE, topics.quarantine());
        p.put(OversizeHandler.PARKED, (Runnable) made::parked);
        p.put(StreamsConfig.producerPrefix(ProducerConfig.ACKS_CONFIG), "all");
        p.put(StreamsConfig.producerPrefix(ProducerConfig.LINGER_MS_CONFIG), 2);
        p.put(StreamsConfig.producerPrefix(ProducerConfig.BATCH_SIZE_CONFIG), 64 << 10);
        p.put(StreamsConfig.producerPrefix(ProducerConfig.MAX_REQUEST_SIZE_CONFIG), Math.max(16 << 20, config.maxDocumentBytes() + (1 << 20)));
        return p;
    }

    /** Whether the state store could not be written. */
    private static boolean isDisk(Throwable failure) {
        for (var cause = failure; cause != null; cause = cause.getCause()) {
            if (cause instanceof RocksDBException store && store.getStatus() != null && store.getStatus().getCode() == Status.Code.IOError) {
                return true;
            }
        }
        return false;
    }

    private static String innermost(Throwable failure) {
        var cause = failure;
        while (cause.getCause() != null) {
            cause = cause.getCause();
        }
        return cause.getMessage();
    }

    /** A failure ends the Streams application, and {@link #live} starts it again: as it is the same member, nobody waits for it. */
    private StreamThreadExceptionResponse answer(Throwable failure) {
        var running = stage;
        if (running != null) {
            running.retried();
        }
        for (var cause = failure; cause != null; cause = cause.getCause()) {
            if (cause instanceof IncompatibleStateException || cause instanceof RegistryAwayException) {
                fatal |= cause instanceof IncompatibleStateException;
                failed(cause instanceof IncompatibleStateException incompatible ? described(incompatible) : cause.getMessage());
                return StreamThreadExceptionResponse.SHUTDOWN_CLIENT;
            }
        }
        LOG.errorf(failure, "A stream thread of the pipeline %s failed", pipeline.name());
        failed(isDisk(failure)
                ? "Writing the state under " + config.stateFolder().toAbsolutePath() + " failed: " + innermost(failure) + ", with " + (config.stateFolder().toFile().getUsableSpace() >> 20)
                        + " MiB free there. The join is stopped and started again until it can be written; no row is lost. Make room, or move the folder to a larger disk"
                : "A stream thread failed: " + failure + refused(failure) + ". The join is started again; the log says more");
        return StreamThreadExceptionResponse.SHUTDOWN_CLIENT;
    }

    /** With each difference and where it stands in the file. */
    private String described(IncompatibleStateException refused) {
        if (refused.changes().isEmpty()) {
            return refused.getMessage();
        }
        return refused.getMessage() + ": " + refused.changes().stream().map(change -> file.problem(change.at(), change.says()).toString()).collect(Collectors.joining("; ")) + ". "
                + ShapeChange.advice(pipeline.name(), pipeline.index().name());
    }

    /** Stands until another attempt begins: the application still says that it runs while it is shutting down. */
    private void failed(String reason) {
        failed = reason;
        say(reason);
    }
}
