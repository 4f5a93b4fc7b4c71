package io.millrace.gate.quarantine;

import io.millrace.gate.KafkaClients;
import io.millrace.gate.Table;
import io.millrace.gate.quarantine.TableState.Discard;
import io.millrace.gate.quarantine.TableState.Which;
import io.millrace.gate.schema.Refusal;
import io.millrace.gate.schema.RegistryAwayException;
import io.millrace.gate.schema.Schemas;
import io.millrace.gate.schema.Verdict;
import io.millrace.pipeline.record.Headers;
import jakarta.enterprise.context.ApplicationScoped;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.ConcurrentHashMap;
import java.util.stream.IntStream;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.common.TopicPartition;

/** What a person can see of the parked tables, and decide about them. Every instance can serve every table. Thread-safe. */
@ApplicationScoped
public class Quarantine {

    /** So many records are looked at to count reasons; a longer queue says so. */
    private static final int MOST_LOOKED_AT = 20_000;
    private static final Duration POLL = Duration.ofMillis(500);

    private final ControlLog control;
    private final KafkaClients kafka;
    private final Schemas schemas;
    private final Audit audit;
    /** The counts that were shown, so that exactly those records are discarded which the person saw. */
    private final Map<Table, Map<Shown, Map<Integer, Long>>> shown = new ConcurrentHashMap<>();

    private record Shown(Which which, long count) {}

    Quarantine(ControlLog control, KafkaClients kafka, Schemas schemas, Audit audit) {
        this.control = control;
        this.kafka = kafka;
        this.schemas = schemas;
        this.audit = audit;
    }

    /**
     * One parked table.
     *
     * @param state {@code parked} or {@code replaying}
     * @param records how many stand in its quarantine
     * @param refused how many of those were refused for what they are; the others queue behind
     * @param reasons how many for each reason, of the first {@code lookedAt} records
     * @param lookedAt how many records were read to count the reasons
     * @param oldest when the oldest of them was committed, or captured where that is unknown; null where there is none
     * @param cause what parked it last
     */
    public record Overview(String table, String state, long records, long refused, Map<String, Long> reasons, long lookedAt, Instant oldest, Cause cause) {}

    /** A call that does not fit the table's state; the message says what does. */
    public static final class NotPossibleException extends Exception {

        private static final long serialVersionUID = 1L;

        NotPossibleException(String message) {
            super(message);
        }
    }

    /** Every table that does not flow in full, by name. */
    public List<Overview> tables() throws InterruptedException {
        control.awaitCaughtUp();
        var overviews = new ArrayList<Overview>();
        for (var table : control.tables().keySet()) {
            if (!flows(table)) {
                overviews.add(look(table));
            }
        }
        return overviews;
    }

    /** One table; null where it was never parked. A table that flows again has no records. */
    public Overview table(Table table) throws InterruptedException {
        control.awaitCaughtUp();
        return control.tables().containsKey(table) ? look(table) : null;
    }

    private boolean flows(Table table) {
        var state = control.table(table);
        return !state.parked() && partitions(table).noneMatch(p -> control.lane(table, p).queueing());
    }

    private IntStream partitions(Table table) {
        return IntStream.range(0, control.table(table).partitions());
    }

    private Overview look(Table table) {
        var state = control.table(table);
        var partitions = partitions(table).mapToObj(p -> new TopicPartition(table.quarantine(), p)).toList();
        var reasons = new TreeMap<String, Long>();
        var refusedBefore = new HashMap<Integer, Long>();
        Map<TopicPartition, Long> ends = Map.of();
        long records = 0;
        long refused = 0;
        long lookedAt = 0;
        Instant oldest = null;
        try (var consumer = kafka.reader()) {
            consumer.assign(partitions);
            ends = consumer.endOffsets(partitions);
            var begins = consumer.beginningOffsets(partitions);
            for (var partition : partitions) {
                long next = Math.max(control.lane(table, partition.partition()).next(), begins.get(partition));
                consumer.seek(partition, Math.min(next, ends.get(partition)));
                records += Math.max(0, ends.get(partition) - next);
            }
            long most = Math.min(records, MOST_LOOKED_AT);
            while (lookedAt < most) {
                var polled = consumer.poll(POLL);
                if (polled.isEmpty()) {
                    break;
                }
                for (var record : polled) {
                    lookedAt++;
                    var reason = Headers.text(record.headers(), Headers.REASON);
                    reasons.merge(reason == null ? "none" : reason, 1L, Long::sum);
                    oldest = earlier(oldest, record);
                    if (state.isRefused(record)) {
                        refused++;
                        refusedBefore.put(record.partition(), record.offset() + 1);
                    }
                }
            }
        }
        remember(table, records, refused, ends, refusedBefore);
        var replaying = !state.parked() && !flows(table);
        return new Overview(table.name(), state.parked() ? "parked" : replaying ? "replaying" : "flowing", records, refused, reasons, lookedAt, oldest, state.cause());
    }

    private void remember(Table table, long records, long refused, Map<TopicPartition, Long> ends, Map<Integer, Long> refusedBefore) {
        var all = new HashMap<Integer, Long>();
        ends.forEach((partition, end) -> all.put(partition.partition(), end));
        var counts = shown.computeIfAbsent(table, t -> new ConcurrentHashMap<>());
        counts.put(new Shown(Which.ALL, records), all);
        counts.put(new Shown(Which.REFUSED, refused), refusedBefore);
    }

    private static Instant earlier(Instant oldest, ConsumerRecord<byte[], byte[]> record) {
        long committed = Headers.number(record.headers(), Headers.COMMITTED, -1);
        var at = committed < 0 ? Instant.ofEpochMilli(record.timestamp()) : Instant.EPOCH.plus(Duration.ofNanos(Math.multiplyExact(committed, 1_000L)));
        return oldest == null || at.isBefore(oldest) ? at : oldest;
    }

    /**
     * Lets pass what parked the table: registers the refused schema with the rule lifted for this one time, or lifts the row
     * rules for the rows that are queued now. The table stays parked until it is replayed.
     *
     * @return what was done, for the caller
     */
    public String accept(Table table, String who, String why) throws NotPossibleException, RegistryAwayException, InterruptedException {
        var cause = parked(table).cause();
        return switch (cause.reason()) {
            case Refusal.SCHEMA_REFUSED -> acceptSchema(table, cause, who, why);
            case Refusal.ROW_RULE -> acceptRows(table, cause, who, why);
            default -> throw new NotPossibleException(table + " is parked for '" + cause.reason() + "', which is neither a refused schema nor a broken row rule; nothing can be accepted. "
                    + "Put right what is wrong and replay, or discard the refused records");
        };
    }

    private String acceptSchema(Table table, Cause cause, String who, String why) throws NotPossibleException, RegistryAwayException, InterruptedException {
        audit.write(new Audit.Entry(Instant.now(), table.name(), "accept", who, why,
                Map.of("subject", cause.subject(), "schemaId", cause.schemaId(), "rule", cause.rule(), "difference", cause.difference(), "against", cause.detail())));
        if (schemas.accept(table, cause.subject(), cause.schemaId()) instanceof Verdict.Refused(var refusal)) {
            throw new NotPossibleException("The registry refuses schema " + cause.schemaId() + " under " + cause.subject() + " even without a rule: " + refusal.detail());
        }
        return "The schema is registered, its rule is in force again.";
    }

    private String acceptRows(Table table, Cause cause, String who, String why) throws InterruptedException {
        var partitions = partitions(table).mapToObj(p -> new TopicPartition(table.quarantine(), p)).toList();
        var before = new HashMap<Integer, Long>();
        long queued = 0;
        try (var consumer = kafka.reader()) {
            for (var end : consumer.endOffsets(partitions).entrySet()) {
                int partition = end.getKey().partition();
                before.put(partition, end.getValue());
                queued += Math.max(0, end.getValue() - control.lane(table, partition).next());
            }
        }
        audit.write(new Audit.Entry(Instant.now(), table.name(), "accept", who, why,
                Map.of("rule", cause.rule(), "difference", cause.difference(), "queued", queued, "before", before)));
        control.write(table, control.table(table).waiving(before));
        return "The " + queued + " rows that are queued now may break the table's row rules; later ones may not.";
    }

    /** Lets the table's partitions drain what they have queued; they flow again when they come to its end. */
    public void replay(Table table, String who, String why) throws NotPossibleException, InterruptedException {
        var state = parked(table);
        audit.write(new Audit.Entry(Instant.now(), table.name(), "replay", who, why, Map.of()));
        control.write(table, state.opened(null));
    }

    /** Parks the table, or interrupts its replay; what is replayed already stays so. */
    public void hold(Table table, String who, String why) throws InterruptedException {
        control.awaitCaughtUp();
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
    public void discard(Table table, Which which, long count, String who, String why) throws NotPossibleException, InterruptedException {
        var state = parked(table);
        var before = shown.getOrDefault(table, Map.of()).get(new Shown(which, count));
        if (before == null) {
            var now = look(table);
            throw new NotPossibleException(table + " has " + (which == Which.ALL ? now.records() + " records" : now.refused() + " refused records")
                    + " in quarantine, not " + count + "; repeat the call with that count if they may all be lost for good");
        }
        audit.write(new Audit.Entry(Instant.now(), table.name(), "discard", who, why, Map.of("which", which, "count", count, "before", before)));
        control.write(table, state.opened(new Discard(which, before)));
        shown.remove(table);
    }

    private TableState parked(Table table) throws NotPossibleException, InterruptedException {
        control.awaitCaughtUp();
        var state = control.table(table);
        if (!state.parked()) {
            throw new NotPossibleException(table + (flows(table) ? " is not parked" : " is being replayed") + "; GET /quarantine names the parked tables");
        }
        return state;
    }
}
