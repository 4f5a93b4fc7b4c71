package io.millrace.gate.flow;

import io.millrace.gate.GateConfig;
import io.millrace.gate.KafkaClients;
import io.millrace.gate.Table;
import io.millrace.gate.control.ControlLog;
import io.millrace.gate.control.LaneState;
import io.millrace.pipeline.liveness.Loop;
import io.millrace.pipeline.liveness.LoopThread;
import io.millrace.pipeline.liveness.Loops;
import jakarta.enterprise.context.ApplicationScoped;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import java.util.function.Predicate;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.apache.kafka.clients.admin.AlterConfigOp;
import org.apache.kafka.clients.admin.ConfigEntry;
import org.apache.kafka.clients.admin.RecordsToDelete;
import org.apache.kafka.common.KafkaException;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.acl.AclOperation;
import org.apache.kafka.common.config.ConfigResource;
import org.apache.kafka.common.config.TopicConfig;
import org.jboss.logging.Logger;

/**
 * Holds the quarantine's partitions of this instance to what their lanes say in the control log: what stands before a lane's next
 * offset is replayed or discarded and has to go, since parked rows are copies of people's data; what stands from there on has to
 * be there. Nobody else deletes records of a quarantine.
 */
@ApplicationScoped
public class Keeper {

    private static final Logger LOG = Logger.getLogger(Keeper.class);
    private static final Duration ROUND = Duration.ofSeconds(5);
    /** Between two rounds, however much happens. */
    private static final Duration REST = Duration.ofMillis(200);
    private static final Duration CATCH_UP = Duration.ofSeconds(10);
    private static final long SETTINGS_EVERY_NANOS = Duration.ofMinutes(1).toNanos();
    private static final String FOR_EVER = "-1";

    private final KafkaClients kafka;
    private final ControlLog control;
    private final Lanes lanes;
    private final LoopThread thread;
    private final Semaphore called = new Semaphore(0);
    /** Up to where a partition is known to be deleted; the thread's own. */
    private final Map<TopicPartition, Long> deleted = new HashMap<>();
    /** The thread's own. */
    private long roundAt = System.nanoTime();
    /** When a topic's settings were last looked at; the thread's own. */
    private final Map<String, Long> settingsLookedAt = new HashMap<>();
    private final Map<TopicPartition, String> missing = new ConcurrentHashMap<>();
    private final Map<TopicPartition, String> undeleted = new ConcurrentHashMap<>();
    private final Map<String, String> expiring = new ConcurrentHashMap<>();
    private volatile String trouble;

    Keeper(KafkaClients kafka, ControlLog control, Lanes lanes, GateConfig config, Loops loops) {
        this.kafka = kafka;
        this.control = control;
        this.lanes = lanes;
        this.thread = loops.thread("quarantine-keeper", Thread.ofVirtual(), config.silence(), this::keepForEver);
    }

    public void start() {
        control.onChange(called::release);
        thread.start();
    }

    public void stop() {
        thread.interrupt();
    }

    /** What is missing from a quarantine, or could not be deleted from it, by partition. */
    public Map<String, String> troubles() {
        var troubles = new TreeMap<String, String>();
        undeleted.forEach((partition, what) -> troubles.put(partition.toString(), what));
        missing.forEach((partition, what) -> troubles.put(partition.toString(), what));
        if (trouble != null) {
            troubles.put("quarantine", trouble);
        }
        return troubles;
    }

    /** Topics that would lose parked records by time or size, with what to do. */
    public Map<String, String> warnings() {
        return new TreeMap<>(expiring);
    }

    private void keepForEver(Loop loop) throws InterruptedException {
        while (true) {
            loop.beat();
            if (called.tryAcquire(ROUND.toMillis(), TimeUnit.MILLISECONDS)) {
                called.drainPermits();
            }
            try {
                if (System.nanoTime() - roundAt >= ROUND.toNanos()) {
                    roundAt = System.nanoTime();
                    lookAtRows();
                    lookAtQuarantine(this::isOpen);
                    lookAtSettings();
                } else {
                    // Somebody waits for what is drained to be gone; the rest has time.
                    lookAtQuarantine(partition -> isOpen(partition) && !lane(partition).queueing());
                }
                trouble = null;
            } catch (RuntimeException e) {
                LOG.debugf(e, "The quarantine could not be looked after");
                trouble = "whether the quarantine is whole, and whether what was replayed is deleted from it, could not be asked: " + e.getMessage() + "; trying again";
            }
            Thread.sleep(REST);
        }
    }

    /** Records of an earlier owner that come late are noticed also where the lane sends nothing itself. */
    private void lookAtRows() throws InterruptedException {
        var rows = lanes.rows();
        kafka.ends(rows.keySet()).forEach((partition, end) -> lanes.seen(rows.get(partition), end));
    }

    private Set<TopicPartition> owned() {
        return lanes.partitions().stream().map(p -> new TopicPartition(Table.ofCaptured(p.topic()).quarantine(), p.partition())).collect(Collectors.toSet());
    }

    private void lookAtQuarantine(Predicate<TopicPartition> which) throws InterruptedException {
        var owned = owned();
        missing.keySet().retainAll(owned);
        undeleted.keySet().retainAll(owned);
        deleted.keySet().retainAll(owned);
        var open = owned.stream().filter(which).toList();
        if (open.isEmpty()) {
            return;
        }
        // In this order: a start that another instance has made is explained by what it wrote before.
        var starts = kafka.starts(open);
        if (!control.awaitCaughtUp(CATCH_UP)) {
            throw new KafkaException("the control topic was not read to its end within " + CATCH_UP.toSeconds() + " s");
        }
        var due = new HashMap<TopicPartition, RecordsToDelete>();
        starts.forEach((partition, start) -> {
            var lane = lane(partition);
            if (start < lane.next()) {
                due.put(partition, RecordsToDelete.beforeOffset(lane.next()));
            } else {
                gone(partition, start);
            }
            if (lane.queueing() && start > lane.next()) {
                miss(partition, lane.next(), start);
            } else {
                missing.remove(partition);
            }
        });
        delete(due);
    }

    /** Whether there is something to be asked about it. */
    private boolean isOpen(TopicPartition partition) {
        var lane = lane(partition);
        return lane.queueing() || lane.next() > deleted.getOrDefault(partition, 0L);
    }

    private LaneState lane(TopicPartition partition) {
        return control.lane(Table.ofQuarantine(partition.topic()), partition.partition());
    }

    private void miss(TopicPartition partition, long from, long to) {
        var what = "the parked records " + from + " to " + (to - 1) + " are gone from " + partition + ": deleted before they were replayed. The rows that they held are not downstream; "
                + "see GET /quarantine/" + Table.ofQuarantine(partition.topic()) + " and the gate's README";
        if (!what.equals(missing.put(partition, what))) {
            LOG.error(what);
        }
    }

    private void delete(Map<TopicPartition, RecordsToDelete> due) throws InterruptedException {
        for (var result : kafka.admin().deleteRecords(due).lowWatermarks().entrySet()) {
            var partition = result.getKey();
            try {
                gone(partition, kafka.get("Deleting the replayed records of " + partition + " before offset " + due.get(partition).beforeOffset(), AclOperation.DELETE, result.getValue()).lowWatermark());
            } catch (KafkaException e) {
                var what = e.getMessage() + "; copies of rows stay there until it succeeds, it is tried again";
                if (!what.equals(undeleted.put(partition, what))) {
                    LOG.warn(what);
                }
            }
        }
    }

    private void gone(TopicPartition partition, long before) {
        deleted.put(partition, before);
        undeleted.remove(partition);
    }

    /** Whether the topic could be told to drop nothing by itself from now on. */
    private boolean isKeptNow(ConfigResource topic, String was) {
        var forEver = Stream.of(TopicConfig.RETENTION_MS_CONFIG, TopicConfig.RETENTION_BYTES_CONFIG).map(name -> new AlterConfigOp(new ConfigEntry(name, FOR_EVER), AlterConfigOp.OpType.SET)).toList();
        try {
            kafka.admin().incrementalAlterConfigs(Map.of(topic, forEver)).all().get();
            LOG.warnf("%s would have dropped parked records by itself (%s); it keeps them now until a person decides", topic.name(), was);
            return true;
        } catch (ExecutionException e) {
            LOG.debugf("The settings of %s stay: %s", topic.name(), e.getCause().getMessage());
            return false;
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            return false;
        }
    }

    /** Parked records stay until a person has decided about them: no topic may drop them by time or size. */
    private void lookAtSettings() throws InterruptedException {
        long now = System.nanoTime();
        var queueing = owned().stream().filter(partition -> lane(partition).queueing()).map(TopicPartition::topic).collect(Collectors.toSet());
        expiring.keySet().retainAll(queueing);
        settingsLookedAt.keySet().retainAll(queueing);
        var topics = new ArrayList<ConfigResource>();
        for (var topic : queueing) {
            if (now - settingsLookedAt.getOrDefault(topic, now - SETTINGS_EVERY_NANOS) >= SETTINGS_EVERY_NANOS) {
                topics.add(new ConfigResource(ConfigResource.Type.TOPIC, topic));
            }
        }
        if (topics.isEmpty()) {
            return;
        }
        var found = kafka.get("Reading the settings of " + topics, AclOperation.DESCRIBE_CONFIGS, kafka.admin().describeConfigs(topics).all());
        found.forEach((topic, settings) -> {
            settingsLookedAt.put(topic.name(), now);
            var kept = Stream.of(TopicConfig.RETENTION_MS_CONFIG, TopicConfig.RETENTION_BYTES_CONFIG).filter(name -> !FOR_EVER.equals(settings.get(name).value()))
                    .map(name -> name + "=" + settings.get(name).value()).collect(Collectors.joining(", "));
            if (kept.isEmpty() || isKeptNow(topic, kept)) {
                expiring.remove(topic.name());
            } else if (expiring.put(topic.name(), "it drops records by itself (" + kept + "), also parked ones that nobody has decided about; ./millrace apply sets both to -1") == null) {
                LOG.warnf("%s: %s", topic.name(), expiring.get(topic.name()));
            }
        });
    }
}
