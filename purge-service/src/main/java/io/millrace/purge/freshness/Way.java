package io.millrace.purge.freshness;

import io.millrace.pipeline.file.Pipeline;
import io.millrace.pipeline.file.TableName;
import io.millrace.pipeline.file.Target;
import io.millrace.pipeline.progress.Exchange;
import io.millrace.pipeline.progress.JoinState;
import io.millrace.pipeline.progress.KafkaWatch;
import io.millrace.pipeline.progress.Offsets;
import io.millrace.pipeline.progress.Tail;
import io.millrace.pipeline.record.Position;
import io.millrace.pipeline.topic.Topics;
import io.millrace.pipeline.wording.Counted;
import io.millrace.purge.PurgeConfig;
import io.millrace.purge.search.SearchEngine;
import java.io.IOException;
import java.sql.SQLException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.function.Function;
import java.util.stream.Collectors;
import org.apache.kafka.clients.consumer.OffsetAndMetadata;
import org.apache.kafka.common.TopicPartition;

/**
 * The way of one pipeline's changes from the log to a search, walked step by step. Each step looks only after the one
 * before was seen done, so that at the end nothing of what was in the log at the beginning can be anywhere but in the index.
 * Not thread-safe.
 */
final class Way {

    private static final Duration BEAT_AGAIN = Duration.ofMillis(500);

    private final Pipeline pipeline;
    private final PurgeConfig.Freshness config;
    private final Offsets offsets;
    private final Log log;
    private final SearchEngine search;
    private final ShownTables shown;
    private final Tail reached;
    private final Parked inQuarantine;
    private final Incomplete incomplete;
    private final List<TableName> tables;
    private final JoinState joinState;
    private final String joinGroup;
    private final List<String> captured;
    private final List<String> rows;
    private final List<String> quarantines;
    private final List<Step> steps;
    private int at;
    /** What the step waits to see committed; null before it has looked. */
    private Map<TopicPartition, Long> goal;
    /** Where the join's exchange ended when all that is on the walk had gone through it for the last time. */
    private Map<TopicPartition, Long> exchanged = Map.of();
    private long through;
    private long wanted;
    private long beatAt;
    private long beatFor;

    /** Gives what the step waits for, null where it is done. */
    private interface Step {
        String look() throws InterruptedException, SQLException, IOException;
    }

    Way(Pipeline pipeline, PurgeConfig.Freshness config, KafkaWatch kafka, Log log, SearchEngine search, ShownTables shown, Tail reached, Parked inQuarantine, Incomplete incomplete) {
        this.pipeline = pipeline;
        this.config = config;
        this.offsets = kafka.offsets();
        this.log = log;
        this.search = search;
        this.shown = shown;
        this.reached = reached;
        this.inQuarantine = inQuarantine;
        this.incomplete = incomplete;
        this.joinGroup = Topics.joinGroup(pipeline.name());
        this.joinState = new JoinState(kafka, pipeline.name());
        this.tables = new ArrayList<>(pipeline.tableNames());
        tables.add(Topics.OUTBOX);
        this.captured = named(tables, t -> Topics.captured(pipeline.source().name(), t));
        this.rows = named(tables, t -> Topics.rows(pipeline.source().name(), t));
        this.quarantines = named(tables, t -> Topics.quarantine(pipeline.source().name(), t));
        this.steps = steps();
    }

    private static List<String> named(List<TableName> tables, Function<TableName, String> topic) {
        return tables.stream().map(topic).toList();
    }

    private List<Step> steps() {
        var all = new ArrayList<Step>();
        all.add(this::captured);
        all.add(this::reread);
        all.add(() -> committed("the gate", config.gateGroup(), captured));
        all.add(this::parked);
        all.add(() -> committed("the join", joinGroup, rows));
        for (int hop = 0; hop < Exchange.hops(pipeline); hop++) {
            all.add(this::exchanged);
        }
        all.add(this::joined);
        all.add(this::indexed);
        all.add(this::searchable);
        return List.copyOf(all);
    }

    /** Begins anew for whatever is in the log now. */
    void begin() {
        at = 0;
        goal = null;
    }

    /** Where the log had been captured when the walk passed there; every change up to it is on this walk. */
    long through() {
        return through;
    }

    /**
     * Goes as far as it gets now.
     *
     * @param lsn what must be on the walk if it has not begun yet
     * @return what it waits for, null when it is at the end
     */
    String advance(long lsn) throws InterruptedException, SQLException, IOException {
        wanted = lsn;
        while (at < steps.size()) {
            var waits = steps.get(at).look();
            if (waits != null) {
                return waits;
            }
            at++;
            goal = null;
        }
        return null;
    }

    /** The name of the stage at which the walk stands. */
    String stage() {
        int fromEnd = steps.size() - at;
        return at <= 1 ? "capture" : at <= 3 ? "gate" : fromEnd > 2 ? "join" : fromEnd == 2 ? "index" : "search";
    }

    private String captured() throws SQLException, InterruptedException {
        var last = reached.last().get("");
        through = last == null ? 0 : Position.parseLsn(last);
        if (Long.compareUnsigned(through, wanted) >= 0) {
            return incomplete();
        }
        if (Long.compareUnsigned(beatFor, wanted) < 0 || System.nanoTime() - beatAt > BEAT_AGAIN.toNanos()) {
            long end = log.beat();
            beatAt = System.nanoTime();
            beatFor = wanted;
            if (Long.compareUnsigned(end, wanted) < 0) {
                return "the database's log ends at " + Position.lsnText(end) + ", before the position asked for; take it from the database that the pipeline replicates, after the commit";
            }
        }
        var trouble = reached.trouble();
        return trouble != null ? trouble : last == null
                ? "capture has not said yet how far it is; it does with its first heartbeat, after the tables are read"
                : "capture has brought the log up to " + last + " into Kafka";
    }

    private String incomplete() throws InterruptedException {
        var waits = incomplete.waits();
        var missing = waits == null ? incomplete.of(tables).missing() : List.<String>of();
        return waits != null ? waits : missing.isEmpty() ? null : String.join("; ", missing);
    }

    /** What an order about a subject has capture read again comes behind all that was in the log with the order. Capture remembers it before it says that it has come so far. */
    private String reread() throws InterruptedException {
        if (goal == null) {
            goal = incomplete.end();
        }
        return incomplete.erasing(goal, tables);
    }

    /** What rows of its tables hold old values, each as a sentence without its full stop. */
    List<String> oldRows() {
        return incomplete.of(tables).old();
    }

    private String committed(String who, String group, List<String> topics) throws InterruptedException {
        if (goal == null) {
            goal = offsets.ends(offsets.partitions(topics));
        }
        return behind(who, offsets.committed(group));
    }

    private String behind(String who, Map<TopicPartition, OffsetAndMetadata> committed) {
        var missing = goal.entrySet().stream().filter(g -> !committed.containsKey(g.getKey()) || committed.get(g.getKey()).offset() < g.getValue())
                .map(g -> g.getKey().toString()).sorted().toList();
        return missing.isEmpty() ? null : who + " has not finished what stood in " + (missing.size() > 3 ? Counted.of(missing.size(), "partition") + ", such as " + missing.getFirst() : String.join(", ", missing));
    }

    /** Whatever the gate took is in the rows or in quarantine, and its control log says what of that is drained. */
    private String parked() throws InterruptedException {
        var waits = inQuarantine.waits();
        if (waits != null) {
            return waits;
        }
        var parked = inQuarantine.records(quarantines).entrySet().stream().map(q -> q.getKey() + " (" + Counted.of(q.getValue(), "record") + ")").collect(Collectors.joining(", "));
        return parked.isEmpty() ? null : "parked in the quarantine: " + parked + "; see GET /quarantine on the gate, put it right and replay";
    }

    private String exchanged() throws InterruptedException {
        var waits = committed("the join", joinGroup, List.of(Topics.exchange(joinGroup)));
        exchanged = goal;
        return waits;
    }

    private String joined() throws InterruptedException {
        if (goal == null) {
            goal = Map.of();
            joinState.begin();
        }
        return joinState.untilOut(exchanged);
    }

    /** The committed offset bears the id of the index it was committed for: an index that was made anew is not filled by it. */
    private String indexed() throws InterruptedException, IOException {
        if (goal == null) {
            goal = offsets.ends(offsets.partitions(List.of(Topics.documents(pipeline.name()))));
        }
        var committed = offsets.committed(config.indexerGroup());
        var behind = behind("the indexer", committed);
        if (behind != null) {
            return behind;
        }
        var name = pipeline.index().name();
        boolean table = pipeline.target() == Target.POSTGRES;
        var uuid = table ? shown.uuid(name) : search.uuid(name);
        var what = table ? "table" : "index";
        return goal.keySet().stream().allMatch(p -> committed.get(p).metadata().equals(uuid)) ? null
                : uuid.isEmpty() ? "there is no " + what + " " + name : "the " + what + " behind " + name + " is another one than this pipeline has filled: it was made anew, or another generation has the " + (table ? "view" : "alias");
    }

    private String searchable() throws IOException, InterruptedException {
        if (pipeline.target() == Target.OPENSEARCH) {
            search.refresh(pipeline.index().name());
        }
        return null;
    }

    /** Where its documents go, as a sentence has it. */
    String place() {
        return pipeline.target() == Target.POSTGRES ? "the database of the tables" : "the search engine";
    }

    void close() {
        joinState.close();
    }
}
