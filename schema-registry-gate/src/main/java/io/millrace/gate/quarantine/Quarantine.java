package io.millrace.gate.quarantine;

import io.millrace.gate.KafkaClients;
import io.millrace.gate.Table;
import io.millrace.gate.control.Audit;
import io.millrace.gate.control.Cause;
import io.millrace.gate.control.ControlLog;
import io.millrace.gate.control.OutdatedException;
import io.millrace.gate.control.TableState;
import io.millrace.gate.control.TableState.Discard;
import io.millrace.gate.control.TableState.Which;
import io.millrace.gate.problem.NotPossibleException;
import io.millrace.gate.schema.FieldChange;
import io.millrace.gate.schema.Refusal;
import io.millrace.gate.schema.RegistryAwayException;
import io.millrace.gate.schema.Schemas;
import io.millrace.gate.schema.Verdict;
import io.millrace.pipeline.record.Headers;
import io.millrace.pipeline.topic.Topics;
import io.millrace.pipeline.wording.Counted;
import jakarta.enterprise.context.ApplicationScoped;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.concurrent.ConcurrentHashMap;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.common.TopicPartition;

/** What a person can see of the parked tables, and decide about them. Every instance can serve every table. Thread-safe. */
@ApplicationScoped
public class Quarantine {

    /** So many records are looked at to count reasons; a longer queue says so. */
    private static final int MOST_LOOKED_AT = 20_000;

    private final ControlLog control;
    private final KafkaClients kafka;
    private final Schemas schemas;
    private final Audit audit;
    /** The counts that were shown, so that exactly those records are discarded which the person saw. */
    private final Map<Table, Map<Shown, Map<Integer, Long>>> shown = new ConcurrentHashMap<>();

    private record Shown(Which which, long count) {}

    /** What the records of a queue are. */
    private static final class Counts {
        private final TableState state;
        private final Map<String, Long> reasons = new TreeMap<>();
        private final Map<Integer, Long> refusedBefore = new HashMap<>();
        private long refused;
        private Instant oldest;

        Counts(TableState state) {
            this.state = state;
        }

        void add(ConsumerRecord<byte[], byte[]> record) {
            var reason = Headers.text(record.headers(), Headers.REASON);
            reasons.merge(reason == null ? "none" : reason, 1L, Long::sum);
            oldest = earlier(oldest, record);
            if (state.isRefused(record)) {
                refused++;
                refusedBefore.put(record.partition(), record.offset() + 1);
            }
        }
    }

    Quarantine(ControlLog control, KafkaClients kafka, Schemas schemas, Audit audit) {
        this.control = control;
        this.kafka = kafka;
        this.schemas = schemas;
        this.audit = audit;
    }

    /**
     * One parked table.
     *
     * @param state {@code parked}, {@code replaying} or {@code flowing}
     * @param records how many stand in its quarantine
     * @param refused how many of those were refused for what they are; the others queue behind
     * @param reasons how many for each reason, of the first {@code lookedAt} records
     * @param lookedAt how many records were read to count the reasons
     * @param oldest when the oldest of them was committed, or captured where that is unknown; null where there is none
     * @param missing how many were gone before they were replayed, which nobody has decided
     * @param gaps where those stood
     * @param undeleted how many are replayed or discarded, and still have to be deleted from the topic
     * @param cause what parked it last
     */
    public record Overview(String table, String state, long records, long refused, Map<String, Long> reasons, long lookedAt, Instant oldest, long missing, List<Gap> gaps, long undeleted, Cause cause) {}

    /**
     * Records that are gone from a partition of a quarantine topic though they were not replayed.
     *
     * @param from the first offset that is missing
     * @param to the first offset that is there
     */
    public record Gap(int partition, long from, long to) {

        private long records() {
            return to - from;
        }
    }

    /**
     * What came of a decision.
     *
     * @param what as a sentence
     * @param oldRows whether rows that the table had before have other values since, which no record of theirs says
     */
    public record Accepted(String what, boolean oldRows) {}

    /** Every table that does not flow in full, by name. */
    public List<Overview> tables() throws OutdatedException, InterruptedException {
        control.refresh();
        var overviews = new ArrayList<Overview>();
        var undeleted = undeleted();
        for (var table : control.tables().keySet()) {
            if (!flows(table) || undeleted.contains(table)) {
                overviews.add(look(table));
            }
        }
        return overviews;
    }

    /** One table; null where it was never parked. A table that flows again has no records. */
    public Overview table(Table table) throws OutdatedException, InterruptedException {
        control.refresh();
        return control.tables().containsKey(table) ? look(table) : null;
    }

    /** Tables of whose quarantine something is left that has to be deleted. */
    private Set<Table> undeleted() throws InterruptedException {
        var used = control.tables().keySet().stream().flatMap(table -> partitions(table).filter(p -> control.lane(table, p).next() > 0).mapToObj(p -> new TopicPartition(table.quarantine(), p))).toList();
        return kafka.starts(used).entrySet().stream().filter(start -> start.getValue() < next(start.getKey())).map(start -> Table.ofQuarantine(start.getKey().topic())).collect(Collectors.toSet());
    }

    private long next(TopicPartition partition) {
        return control.lane(Table.ofQuarantine(partition.topic()), partition.partition()).next();
    }

    /** What is missing at the begin of partitions that queue. */
    private List<Gap> gaps(Table table, Map<TopicPartition, Long> begins) {
        return begins.entrySet().stream().filter(begin -> control.lane(table, begin.getKey().partition()).queueing() && begin.getValue() > next(begin.getKey()))
                .map(begin -> new Gap(begin.getKey().partition(), next(begin.getKey()), begin.getValue())).sorted(Comparator.comparing(Gap::partition)).toList();
    }

    private boolean flows(Table table) {
        var state = control.table(table);
        return !state.parked() && partitions(table).noneMatch(p -> control.lane(table, p).queueing());
    }

    private IntStream partitions(Table table) {
        return IntStream.range(0, control.table(table).partitions());
    }

    private Overview look(Table table) throws OutdatedException, InterruptedException {
        var state = control.table(table);
        var partitions = partitions(table).mapToObj(p -> new TopicPartition(table.quarantine(), p)).toList();
        var counts = new Counts(state);
        Map<TopicPartition, Long> ends;
        Map<TopicPartition, Long> begins;
        long records = 0;
        long lookedAt;
        try (var consumer = kafka.reader()) {
            consumer.assign(partitions);
            ends = consumer.endOffsets(partitions);
            begins = consumer.beginningOffsets(partitions);
            for (var partition : partitions) {
                long next = Math.max(control.lane(table, partition.partition()).next(), begins.get(partition));
                consumer.seek(partition, Math.min(next, ends.get(partition)));
                records += Math.max(0, ends.get(partition) - next);
            }
            lookedAt = new QueueReader(consumer, ends).read(Math.min(records, MOST_LOOKED_AT), counts::add);
        }
        var gaps = gaps(table, begins);
        if (!gaps.isEmpty()) {
            // Unless the lane has come there meanwhile, and what it replayed is deleted.
            control.refresh();
            gaps = gaps(table, begins);
        }
        long missing = gaps.stream().mapToLong(Gap::records).sum();
        long undeleted = begins.entrySet().stream().mapToLong(begin -> Math.max(0, next(begin.getKey()) - begin.getValue())).sum();
        remember(table, records, counts, ends);
        if (!gaps.isEmpty()) {
            shown.get(table).put(new Shown(Which.MISSING, missing), gaps.stream().collect(Collectors.toMap(Gap::partition, Gap::to)));
        }
        var replaying = !state.parked() && !flows(table);
        return new Overview(table.name(), state.parked() ? "parked" : replaying ? "replaying" : "flowing", records, counts.refused, counts.reasons, lookedAt, counts.oldest, missing, gaps, undeleted, state.cause());
    }

    private void remember(Table table, long records, Counts counted, Map<TopicPartition, Long> ends) {
        var all = new HashMap<Integer, Long>();
        ends.forEach((partition, end) -> all.put(partition.partition(), end));
        var counts = shown.computeIfAbsent(table, t -> new ConcurrentHashMap<>());
        counts.put(new Shown(Which.ALL, records), all);
        counts.put(new Shown(Which.REFUSED, counted.refused), counted.refusedBefore);
    }

    private static Instant earlier(Instant oldest, ConsumerRecord<byte[], byte[]> record) {
        long committed = Headers.number(record.headers(), Headers.COMMITTED, -1);
        var at = committed < 0 ? Instant.ofEpochMilli(record.timestamp()) : Instant.EPOCH.plus(Duration.ofNanos(Math.multiplyExact(committed, 1_000L)));
        return oldest == null || at.isBefore(oldest) ? at : oldest;
    }

    /**
     * Lets pass what parked the table: registers the refused schema with the rule lifted for this one time, lifts the row
     * rules for the rows that are queued now, or lets what is queued now take away as many rows as it does. The table stays parked until it is replayed.
     *
     * @return what was done, for the caller
     */
    public Accepted accept(Table table, String who, String why) throws NotPossibleException, RegistryAwayException, OutdatedException, InterruptedException {
        var cause = parked(table).cause();
        return switch (cause.reason()) {
            case Refusal.SCHEMA_REFUSED -> acceptSchema(table, cause, who, why);
            case Refusal.ROW_RULE -> acceptRows(table, cause, who, why);
            case Refusal.TAKES_TOO_MUCH -> agree(table, cause, who, why);
            default -> throw new NotPossibleException(table + " is parked for '" + cause.reason() + "', which is neither a refused schema, nor a broken row rule, nor what takes too much; nothing can be accepted. "
                    + "Put right what is wrong and replay, or discard the refused records");
        };
    }

    private Accepted acceptSchema(Table table, Cause cause, String who, String why) throws NotPossibleException, RegistryAwayException, InterruptedException {
        audit.write(new Audit.Entry(Instant.now(), table.name(), "accept", who, why,
                Map.of("subject", cause.subject(), "schemaId", cause.schemaId(), "rule", cause.rule(), "difference", cause.difference(), "against", cause.detail())));
        if (schemas.accept(table, cause.subject(), cause.schemaId()) instanceof Verdict.Refused(var refusal)) {
            throw new NotPossibleException("The registry refuses schema " + cause.schemaId() + " under " + cause.subject() + " even without a rule: " + refusal.detail());
        }
        boolean oldRows = cause.subject().equals(Topics.keySubject(table.rows())) || cause.difference().stream().anyMatch(FieldChange::altersRows);
        return new Accepted("The schema is registered, its rule is in force again.", oldRows);
    }

    private Accepted acceptRows(Table table, Cause cause, String who, String why) throws InterruptedException {
        var queued = queued(table);
        audit.write(accepted(table, cause, queued, who, why));
        control.write(table, control.table(table).waiving(queued.before));
        return new Accepted(Counted.of(queued.records, "row that is queued", "rows that are queued") + " now may break the table's row rules; later ones may not.", false);
    }

    private Accepted agree(Table table, Cause cause, String who, String why) throws InterruptedException {
        var queued = queued(table);
        audit.write(accepted(table, cause, queued, who, why));
        control.write(table, control.table(table).agreeing(queued.before));
        return new Accepted("What is queued now may take the rows away, however many; replay the table, and they leave the documents. What comes later may not.", false);
    }

    private static Audit.Entry accepted(Table table, Cause cause, Queued queued, String who, String why) {
        return new Audit.Entry(Instant.now(), table.name(), "accept", who, why, Map.of("rule", cause.rule(), "difference", cause.difference(), "queued", queued.records, "before", queued.before));
    }

    /**
     * What stands in a table's quarantine now.
     *
     * @param before for each partition the offset at which the next record will stand
     */
    private record Queued(long records, Map<Integer, Long> before) {}

    private Queued queued(Table table) throws InterruptedException {
        var partitions = partitions(table).mapToObj(p -> new TopicPartition(table.quarantine(), p)).toList();
        var before = new HashMap<Integer, Long>();
        long records = 0;
        try (var consumer = kafka.reader()) {
            for (var end : consumer.endOffsets(partitions).entrySet()) {
                int partition = end.getKey().partition();
                before.put(partition, end.getValue());
                records += Math.max(0, end.getValue() - control.lane(table, partition).next());
            }
        }
        return new Queued(records, before);
    }

    /** Lets the table's partitions drain what they have queued; they flow again when they come to its end. */
    public void replay(Table table, String who, String why) throws NotPossibleException, OutdatedException, InterruptedException {
        var state = parked(table);
        var gaps = look(table).gaps();
        if (!gaps.isEmpty()) {
            throw new NotPossibleException(table + " has lost parked records before they were replayed, " + gaps + "; what stands behind them would be replayed as if they had never been. "
                    + "Read the table anew from the source, then discard what is missing (which: MISSING), which replays the rest");
        }
        audit.write(new Audit.Entry(Instant.now(), table.name(), "replay", who, why, Map.of()));
        control.write(table, state.opened(null));
    }

    /** Parks the table, or interrupts its replay; what is replayed already stays so. */
    public void hold(Table table, String who, String why) throws OutdatedException, InterruptedException {
        control.refresh();
        int partitions = kafka.partitions(new TopicPartition(table.captured(), 0));
        // A parked table is looked at before its first record is parked.
        kafka.ensure(table.quarantine(), partitions, KafkaClients.kept());
        audit.write(new Audit.Entry(Instant.now(), table.name(), "hold", who, why, Map.of()));
        control.write(table, control.table(table).parkedBy(Cause.held(who, why), partitions));
    }

    /**
     * Drops records that a person has seen counted, and replays the rest.
     *
     * @param count how many they are, as {@link #table} or {@link #tables} has shown
     * @throws NotPossibleException when that count was never shown; the message has the present one
     */
    public void discard(Table table, Which which, long count, String who, String why) throws NotPossibleException, OutdatedException, InterruptedException {
        var state = parked(table);
        var before = shown.getOrDefault(table, Map.of()).get(new Shown(which, count));
        if (before == null) {
            var now = look(table);
            var present = switch (which) {
                case ALL -> Counted.of(now.records(), "record") + " in quarantine";
                case REFUSED -> Counted.of(now.refused(), "refused record") + " in quarantine";
                case MISSING -> Counted.of(now.missing(), "record") + " missing from its quarantine";
            };
            throw new NotPossibleException(table + " has " + present + ", not " + count + "; repeat the call with that count if they may all be lost for good");
        }
        audit.write(new Audit.Entry(Instant.now(), table.name(), "discard", who, why, Map.of("which", which, "count", count, "before", before)));
        control.write(table, state.opened(new Discard(which, before)));
        shown.remove(table);
    }

    private TableState parked(Table table) throws NotPossibleException, OutdatedException, InterruptedException {
        control.refresh();
        var state = control.table(table);
        if (!state.parked()) {
            throw new NotPossibleException(table + (flows(table) ? " is not parked" : " is being replayed") + "; GET /quarantine names the parked tables");
        }
        return state;
    }
}
