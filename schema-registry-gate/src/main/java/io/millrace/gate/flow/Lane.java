package io.millrace.gate.flow;

import io.millrace.gate.KafkaClients;
import io.millrace.gate.Table;
import io.millrace.gate.control.Cause;
import io.millrace.gate.control.LaneState;
import io.millrace.gate.control.TableState;
import io.millrace.gate.schema.Refusal;
import io.millrace.gate.schema.RegistryAwayException;
import io.millrace.gate.schema.Verdict;
import io.millrace.pipeline.ledger.Numbering;
import io.millrace.pipeline.ledger.Tally;
import io.millrace.pipeline.liveness.Loop;
import io.millrace.pipeline.liveness.LoopThread;
import io.millrace.pipeline.log.Start;
import io.millrace.pipeline.record.Headers;
import io.millrace.pipeline.retry.Backoff;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Future;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.clients.producer.RecordMetadata;
import org.apache.kafka.common.KafkaException;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.acl.AclOperation;
import org.apache.kafka.common.errors.InterruptException;
import org.apache.kafka.common.errors.RecordTooLargeException;
import org.jboss.logging.Logger;

/**
 * Takes the records of one captured partition to where they belong, one after the other.
 *
 * <p>A lane runs on a thread of its own, so one that waits (for the registry, for a person) holds up no other. It is the only
 * writer of its partition in {@code rows.*} and in the quarantine, and the only one that drains the latter; whatever
 * changes between flowing, parked and draining therefore happens between two records of one thread. What has to survive
 * this process is in the {@link io.millrace.gate.control.ControlLog} before anything is done that relies on it.
 */
final class Lane {

    /** Between attempts. */
    static final Duration FIRST_PAUSE = Duration.ofMillis(100);
    static final Duration LONGEST_PAUSE = Duration.ofSeconds(5);

    private static final Logger LOG = Logger.getLogger(Lane.class);
    private static final Duration POLL = Duration.ofMillis(200);
    /** So often it comes round though nothing happens. */
    private static final Duration ROUND = Duration.ofSeconds(10);
    /** How often it looks whether the group has confirmed what it owns. */
    private static final Duration UNCONFIRMED = Duration.ofMillis(20);
    private static final long NOTHING = -1;
    /** Roughly what a fetched record with its headers takes beside its key and value. */
    private static final int OVERHEAD = 1024;

    private final TopicPartition captured;
    private final Table table;
    /** Its partition of the quarantine. */
    private final TopicPartition parked;
    private final Parts parts;
    private final KafkaProducer<byte[], byte[]> producer;
    private final Meters meters;
    private final Inspector inspector;
    private final Outbound outbound;
    private final RowLog rows;
    private final Numbering numbering = new Numbering();
    private final Tally tally;
    private final long mostHeld;
    private final int chunk;
    private final LoopThread thread;

    private final ReentrantLock lock = new ReentrantLock();
    private final Condition changed = lock.newCondition();
    /** Fetched records that the thread has not taken yet; guarded by lock. */
    private final ArrayDeque<ConsumerRecord<byte[], byte[]>> queue = new ArrayDeque<>();
    /** Bytes of heap that records take from their fetch to their end; guarded by lock. */
    private long held;
    /** The thread waits for records; guarded by lock. */
    private boolean idle;
    /** Something else than the queue changed; guarded by lock. */
    private boolean woken;

    /** The captured offsets of the records that were sent last from {@link #pending}; the thread's own. */
    private final long[] sources;
    /** Records that the thread has taken and not finished; the thread's own. */
    private final ArrayDeque<ConsumerRecord<byte[], byte[]>> pending = new ArrayDeque<>();
    /** The thread's own. */
    private LaneState state;
    /** Why the record at {@link #refusedAt} is parked; the thread's own. */
    private Refusal refusal;
    private long refusedAt = NOTHING;
    /** The last captured offset that was replayed in this drain; the thread's own. */
    private long replayed = NOTHING;

    /** The first of the records that the thread works on, null while it has none. */
    private volatile ConsumerRecord<byte[], byte[]> first;
    private volatile boolean stopping;
    private volatile long finished = NOTHING;
    /** Only the intake's thread uses it. */
    private long begun = NOTHING;
    private volatile String trouble;

    /** @param from the first captured offset that it is given */
    Lane(TopicPartition captured, long from, long mostHeld, Parts parts) {
        this.captured = captured;
        this.table = Table.ofCaptured(captured.topic());
        this.parked = new TopicPartition(table.quarantine(), captured.partition());
        this.mostHeld = mostHeld;
        this.chunk = parts.config.chunk();
        this.sources = new long[chunk];
        this.tally = new Tally(captured, false, from, parts.ledger);
        this.parts = parts;
        this.producer = parts.kafka.producer();
        this.meters = parts.meters(table);
        this.inspector = new Inspector(table, parts.schemas, meters, parts.config.checkText(), parts.config.maxRecordBytes(), parts.holds.of(table));
        this.outbound = new Outbound(table, parts.traces);
        this.rows = new RowLog(new TopicPartition(table.rows(), captured.partition()), parts.kafka);
        this.thread = parts.loops.thread("lane-" + captured, Thread.ofVirtual(), parts.config.silence(), this::run);
    }

    static int size(ConsumerRecord<byte[], byte[]> record) {
        return Math.max(0, record.serializedKeySize()) + Math.max(0, record.serializedValueSize());
    }

    void start() {
        thread.start();
    }

    Table table() {
        return table;
    }

    /** The offset to commit: every record before it is acknowledged where it went. -1 where there is none yet. */
    long finished() {
        return finished;
    }

    /** An offset that may be committed: the finished one, or the first one that came; -1 where nothing came yet. */
    long kept() {
        return finished == NOTHING ? begun : finished;
    }

    /** Where its partition of {@code rows.*} ended when somebody looked. */
    void seen(long end) {
        if (rows.seen(end)) {
            wake();
        }
    }

    /** Why the lane does not advance, null where it does. */
    String trouble() {
        return trouble;
    }

    /** Hands over fetched records. True when no more should be fetched for now. */
    boolean offer(List<ConsumerRecord<byte[], byte[]>> records) {
        if (begun == NOTHING) {
            begun = records.getFirst().offset();
        }
        long cost = (long) records.size() * OVERHEAD;
        for (var record : records) {
            cost += size(record);
        }
        lock.lock();
        try {
            held += cost;
            queue.addAll(records);
            changed.signal();
            return held > mostHeld;
        } finally {
            lock.unlock();
        }
    }

    /** Whether so little waits that more may be fetched. */
    boolean hasRoom() {
        lock.lock();
        try {
            return held <= mostHeld / 2;
        } finally {
            lock.unlock();
        }
    }

    /** Whether nothing waits and nothing is in flight. */
    boolean isIdle() {
        lock.lock();
        try {
            return queue.isEmpty() && idle;
        } finally {
            lock.unlock();
        }
    }

    /** When the oldest record that is not finished was committed, in microseconds; 0 where there is none, and where it is no change but a row that was read. */
    long oldestMicros() {
        var oldest = first;
        if (oldest == null) {
            lock.lock();
            try {
                oldest = queue.peek();
            } finally {
                lock.unlock();
            }
        }
        return oldest == null ? 0 : Headers.changed(oldest.headers(), 0);
    }

    /** Makes the lane look at the state of its table again. */
    void wake() {
        lock.lock();
        try {
            woken = true;
            changed.signal();
        } finally {
            lock.unlock();
        }
    }

    /** Lets the lane finish what is in flight, and no more. */
    void stop() {
        stopping = true;
        thread.release();
        wake();
    }

    /** Waits for a stopped lane. */
    void awaitEnd(Duration most) throws InterruptedException {
        thread.join(most);
    }

    /** Ends what a stopped lane waits for; one that does not end then is left to end by itself. */
    void interrupt() {
        thread.interrupt();
    }

    private void run(Loop loop) throws InterruptedException {
        while (!stopping && !parts.control.awaitCaughtUp(ROUND)) {
            loop.beat();
        }
        state = parts.control.lane(table, captured.partition());
        if (state.queueing()) {
            parts.guard().keep(parked);
        }
        try {
            work(loop);
        } finally {
            parts.guard().release(parked);
        }
    }

    private void work(Loop loop) throws InterruptedException {
        boolean looked = false;
        var backoff = new Backoff(FIRST_PAUSE, LONGEST_PAUSE);
        while (!stopping) {
            loop.beat();
            try {
                if (!looked) {
                    lookForForgotten();
                    looked = true;
                }
                step(loop);
                backoff.reset();
            } catch (InterruptException e) {
                throw new InterruptedException(e.getMessage());
            } catch (KafkaException e) {
                numbering.renew();
                trouble(e.getMessage());
                meters.retried();
                backoff.await();
            } catch (RuntimeException e) {
                numbering.renew();
                LOG.errorf(e, "%s cannot go on, tries again", captured);
                trouble("an unexpected error: " + e);
                backoff.await();
            }
        }
    }

    /** What is replayed or discarded is deleted, so records that stand there are to be replayed, whatever the control log has lost. */
    private void lookForForgotten() throws InterruptedException {
        long end = parts.kafka.ends(List.of(parked)).getOrDefault(parked, 0L);
        if (state.queueing() || end <= state.next()) {
            return;
        }
        long start = parts.kafka.starts(List.of(parked)).getOrDefault(parked, 0L);
        if (Math.max(start, state.next()) < end) {
            LOG.warnf("%s holds records up to offset %d of which the control log says nothing; they are replayed first", parked, end - 1);
            proceed(new LaneState(true, Math.max(start, state.next())));
            parts.guard().renew(parked);
        }
    }

    private void trouble(String what) {
        if (trouble == null) {
            LOG.warnf("%s waits: %s", captured, what);
        }
        trouble = what;
    }

    private void untroubled() {
        if (trouble != null) {
            LOG.infof("%s goes on", captured);
            trouble = null;
        }
    }

    private void step(Loop loop) throws InterruptedException {
        if (parts.breaker.isOpen()) {
            awaitChange();
            return;
        }
        if (!parts.pulse.holds()) {
            Thread.sleep(UNCONFIRMED);
            return;
        }
        if (rows.isDisturbed()) {
            mend(loop);
        }
        var shared = parts.control.table(table);
        if (!shared.parked() && state.queueing()) {
            drain(shared, loop);
        } else if (!take()) {
            // Whatever stood in the way does no more, and of a table at rest no record will say so.
            untroubled();
        } else if (shared.parked()) {
            park();
        } else {
            flow(loop);
        }
    }

    /** Fills {@link #pending}, waiting for records or a change. True when there is something in it. */
    private boolean take() throws InterruptedException {
        if (!pending.isEmpty()) {
            return true;
        }
        lock.lockInterruptibly();
        try {
            if (queue.isEmpty() && !woken && !stopping) {
                idle = true;
                changed.awaitNanos(ROUND.toNanos());
            }
            idle = false;
            woken = false;
            for (int i = 0; i < chunk && !queue.isEmpty(); i++) {
                pending.add(queue.remove());
            }
            first = pending.peek();
        } finally {
            lock.unlock();
        }
        return !pending.isEmpty() && !stopping;
    }

    private void awaitChange() throws InterruptedException {
        lock.lockInterruptibly();
        try {
            if (!woken && !stopping) {
                changed.awaitNanos(ROUND.toNanos());
            }
            woken = false;
        } finally {
            lock.unlock();
        }
    }

    private void flow(Loop loop) throws InterruptedException {
        parts.kafka.ensure(table.rows(), parts.kafka.partitions(captured), KafkaClients.compacted());
        var sent = new ArrayList<Future<RecordMetadata>>(pending.size());
        outbound.begin();
        long began = System.nanoTime();
        var finding = Inspector.Finding.PASSES;
        for (var record : pending) {
            finding = inspector.inspect(record);
            if (finding != Inspector.Finding.PASSES) {
                break;
            }
            sources[sent.size()] = record.offset();
            if (!pass(sent, outbound.passing(record))) {
                break;
            }
        }
        var failure = finish(sent, true);
        if (!sent.isEmpty()) {
            meters.chunk(sent.size(), System.nanoTime() - began);
        }
        if (failure instanceof RecordTooLargeException) {
            refuse(Refusal.of(Refusal.TOO_LARGE, "Kafka does not take it into " + table.rows() + ": " + failure.getMessage()));
        } else if (failure != null) {
            throw unacknowledged(table.rows(), failure);
        } else if (finding == Inspector.Finding.REFUSED) {
            refuse(inspector.refusal());
        } else if (finding == Inspector.Finding.UNKNOWN) {
            var refused = ask(loop);
            if (refused != null) {
                refuse(refused);
            }
        } else {
            untroubled();
        }
    }

    /** Sends a record to its rows, with its number, as {@link #send} does. */
    private boolean pass(List<Future<RecordMetadata>> sent, ProducerRecord<byte[], byte[]> record) {
        return maySend() && isTaken(sent, numbering.numbered(record));
    }

    /**
     * False when no more may be sent for now: the lane is to end, its partition may be another's, or Kafka did not take the record
     * (where it does not know the topic, each attempt would wait as long as the one before).
     */
    private boolean send(List<Future<RecordMetadata>> sent, ProducerRecord<byte[], byte[]> record) {
        return maySend() && isTaken(sent, record);
    }

    private boolean maySend() {
        return !stopping && parts.pulse.holds();
    }

    private boolean isTaken(List<Future<RecordMetadata>> sent, ProducerRecord<byte[], byte[]> record) {
        var acknowledgement = producer.send(record);
        sent.add(acknowledgement);
        return acknowledgement.state() != Future.State.FAILED;
    }

    /** Waits for what was sent of {@link #pending}, takes from it what is acknowledged, and gives what went wrong with the next. */
    private Exception finish(List<Future<RecordMetadata>> sent, boolean passed) throws InterruptedException {
        int done = 0;
        Exception failure = null;
        for (var acknowledgement : sent) {
            failure = passed ? passed(acknowledgement) : failure(acknowledgement);
            if (failure != null) {
                awaitAll(sent);
                break;
            }
            done++;
        }
        if (passed) {
            settled(failure);
        }
        if (done > 0) {
            settle(done, passed);
        }
        return failure;
    }

    /** What was sent again after a failure has other numbers. */
    private void settled(Exception failure) {
        if (failure == null) {
            numbering.settled();
        } else {
            numbering.renew();
        }
    }

    private void settle(int done, boolean passed) throws InterruptedException {
        long bytes = 0;
        int sample = Meters.sample(done);
        long now = Headers.nowMicros();
        for (int i = 0; i < done; i++) {
            var record = pending.remove();
            bytes += size(record);
            if (record.offset() != sources[i]) {
                tally.undone(record);
            }
            tally.of(record);
            if (passed && i % sample == 0) {
                meters.passedAfter(record, now);
            }
            if (i == done - 1) {
                finished = record.offset() + 1;
            }
        }
        first = pending.peek();
        lock.lock();
        try {
            held -= bytes + (long) done * OVERHEAD;
        } finally {
            lock.unlock();
        }
        if (passed) {
            meters.passed(done, bytes);
            parts.breaker.passed(done);
        } else {
            meters.parked(done, bytes);
            parts.breaker.queued(table, done);
        }
    }

    /** The same of a record that went to its rows. */
    private Exception passed(Future<RecordMetadata> acknowledgement) throws InterruptedException {
        try {
            var row = acknowledgement.get();
            if (row.hasOffset()) {
                rows.acknowledged(row.offset());
            }
            return null;
        } catch (ExecutionException e) {
            return cause(e);
        }
    }

    /** Sends again what a late record of an earlier owner hides. */
    private void mend(Loop loop) throws InterruptedException {
        var sent = new ArrayList<Future<RecordMetadata>>();
        for (var row : rows.hidden(loop)) {
            if (!pass(sent, row)) {
                break;
            }
        }
        await(sent);
        if (maySend()) {
            rows.mended();
        }
    }

    /** Waits for records that went to their rows; all of them, also where one fails. */
    private void await(List<Future<RecordMetadata>> sent) throws InterruptedException {
        for (var acknowledgement : sent) {
            var failure = passed(acknowledgement);
            if (failure != null) {
                awaitAll(sent);
                throw unacknowledged(table.rows(), failure);
            }
        }
        numbering.settled();
    }

    private static Exception failure(Future<RecordMetadata> acknowledgement) throws InterruptedException {
        try {
            acknowledgement.get();
            return null;
        } catch (ExecutionException e) {
            return cause(e);
        }
    }

    private static Exception cause(ExecutionException e) {
        return e.getCause() instanceof Exception cause ? cause : e;
    }

    /** Nothing of this chunk may still be on its way when a part of it is sent again. */
    private static void awaitAll(List<Future<RecordMetadata>> sent) throws InterruptedException {
        for (var acknowledgement : sent) {
            failure(acknowledgement);
        }
    }

    private KafkaException unacknowledged(String topic, Exception failure) {
        return new KafkaException("Kafka did not acknowledge a record for " + topic + " (" + parts.kafka.why(failure, AclOperation.WRITE) + "); it is sent again", failure);
    }

    /** Asks the registry for what the inspector needs. Null when that passes or has to be asked again. */
    private Refusal ask(Loop loop) throws InterruptedException {
        var backoff = new Backoff(FIRST_PAUSE, LONGEST_PAUSE);
        while (!stopping) {
            loop.beat();
            try {
                var verdict = parts.schemas.ask(table, inspector.neededSubject(), inspector.neededId());
                untroubled();
                return verdict instanceof Verdict.Refused(var refused) ? refused : null;
            } catch (RegistryAwayException e) {
                trouble("records with schema " + inspector.neededId() + " wait for the registry: " + e.getMessage());
                backoff.await();
            }
        }
        return null;
    }

    /** The next record may not pass: parks the table, unless that opens the breaker. */
    private void refuse(Refusal why) throws InterruptedException {
        var record = pending.element();
        if (!parts.breaker.admits(table, why)) {
            return;
        }
        refusal = why;
        refusedAt = record.offset();
        queueUp();
        parkTable(Cause.of(record, why));
    }

    private void parkTable(Cause why) throws InterruptedException {
        LOG.errorf("%s is parked by the record at %s-%d@%d: %s, %s. Its later records queue behind in order; other tables flow on. See GET /quarantine.",
                table, why.topic(), why.partition(), why.offset(), why.reason(), why.detail());
        parts.control.write(table, parts.control.table(table).parkedBy(why, parts.kafka.partitions(captured)));
    }

    /** From here on nothing passes before the quarantine's partition is drained; durable before the first record stands in it. */
    private void queueUp() throws InterruptedException {
        parts.kafka.ensure(table.quarantine(), parts.kafka.partitions(captured), KafkaClients.kept());
        parts.guard().renew(parked);
        // Everything that stands there now is replayed; a topic that ends before that is another one than it was.
        proceed(new LaneState(true, Math.min(state.next(), parts.kafka.ends(List.of(parked)).getOrDefault(parked, 0L))));
    }

    /** Durably. */
    private void proceed(LaneState to) throws InterruptedException {
        parts.control.write(table, captured.partition(), to);
        state = to;
    }

    private void park() throws InterruptedException {
        if (!state.queueing()) {
            queueUp();
        }
        var cause = parts.control.table(table).cause();
        var behind = Refusal.of(Refusal.QUEUED_BEHIND, "the table is parked: " + cause.reason() + " at " + cause.topic() + "/" + cause.partition() + "/" + cause.offset());
        var sent = new ArrayList<Future<RecordMetadata>>(pending.size());
        for (var record : pending) {
            // What is bad in itself is named as such, so that all of it can be discarded at once.
            var why = record.offset() == refusedAt ? refusal : inspector.inspect(record) == Inspector.Finding.REFUSED ? inspector.refusal() : behind;
            sources[sent.size()] = record.offset();
            if (!send(sent, outbound.parked(record, why))) {
                break;
            }
        }
        var failure = finish(sent, false);
        if (failure != null) {
            throw unacknowledged(table.quarantine(), failure);
        }
        untroubled();
    }

    /** Takes what stands in the quarantine to its rows, until the end, a refusal, or a person's word. */
    private void drain(TableState shared, Loop loop) throws InterruptedException {
        parts.kafka.ensure(table.quarantine(), parts.kafka.partitions(captured), KafkaClients.kept());
        parts.kafka.ensure(table.rows(), parts.kafka.partitions(captured), KafkaClients.compacted());
        if (!isKept()) {
            return;
        }
        try (var consumer = parts.kafka.strictReader()) {
            consumer.assign(List.of(parked));
            if (!isWhole(consumer.beginningOffsets(List.of(parked)).get(parked), shared)) {
                return;
            }
            LOG.infof("%s is drained from offset %d", parked, state.next());
            replayed = NOTHING;
            consumer.seek(parked, state.next());
            long end = consumer.endOffsets(List.of(parked)).get(parked);
            var waiting = new ArrayDeque<ConsumerRecord<byte[], byte[]>>();
            while (!stopping && parts.pulse.holds() && !parts.breaker.isOpen() && parts.control.table(table).equals(shared)) {
                loop.beat();
                if (waiting.isEmpty()) {
                    consumer.poll(POLL).forEach(waiting::add);
                }
                if (!waiting.isEmpty()) {
                    if (!replay(waiting, shared, loop)) {
                        return;
                    }
                } else if (consumer.position(parked) >= end) {
                    proceed(new LaneState(false, consumer.position(parked)));
                    parts.guard().release(parked);
                    untroubled();
                    LOG.infof("%s is drained to offset %d, its records flow again", parked, state.next());
                    return;
                }
            }
        }
    }

    /** Whether the quarantine's partition is the one in which the records were parked, or a person has given up what it lacks; waits a little where not. */
    private boolean isKept() throws InterruptedException {
        switch (parts.guard().start(parked)) {
            case Start.From _ -> {
                return true;
            }
            case Start.Held held -> {
                if (state.next() > 0) {
                    // Its offsets count anew.
                    proceed(new LaneState(true, 0));
                }
                trouble("parked records are gone: " + held.gap().what());
                awaitChange();
            }
            case null, default -> {
                // The lane before this one may have released it after this one began.
                parts.guard().keep(parked);
                Thread.sleep(UNCONFIRMED);
            }
        }
        return false;
    }

    /** Whether all that is to be replayed is there, or given up by a person; parks the table where not: later rows would stand for ones that never came. */
    private boolean isWhole(long start, TableState shared) throws InterruptedException {
        if (start <= state.next()) {
            return true;
        }
        if (!shared.forgoes(captured.partition(), start)) {
            parkTable(Cause.missing(parked, state.next(), start));
            return false;
        }
        proceed(new LaneState(true, start));
        return true;
    }

    /** Replays some of the waiting records. False when the lane has to leave the quarantine alone again. */
    private boolean replay(ArrayDeque<ConsumerRecord<byte[], byte[]>> waiting, TableState shared, Loop loop) throws InterruptedException {
        var sent = new ArrayList<Future<RecordMetadata>>();
        int discarded = 0;
        boolean disordered = false;
        long next = state.next();
        outbound.begin();
        long bytes = 0;
        var finding = Inspector.Finding.PASSES;
        while (!waiting.isEmpty() && sent.size() < chunk) {
            var record = waiting.element();
            if (shared.discards(record)) {
                discarded++;
            } else {
                finding = inspector.inspect(record, shared.waives(captured.partition(), record.offset()), shared.agrees(captured.partition(), record.offset()));
                if (finding != Inspector.Finding.PASSES) {
                    break;
                }
                if (!pass(sent, outbound.passing(record))) {
                    break;
                }
                bytes += size(record);
                long origin = Outbound.origin(record);
                disordered |= origin < replayed;
                replayed = Math.max(replayed, origin);
            }
            next = waiting.remove().offset() + 1;
        }
        await(sent);
        if (disordered && !sent.isEmpty()) {
            rows.doubt(sent.getFirst().resultNow().offset(), sent.getLast().resultNow().offset() + 1);
        }
        meters.passed(sent.size(), bytes);
        meters.discarded(discarded);
        if (next > state.next()) {
            proceed(new LaneState(true, next));
        }
        var refused = switch (finding) {
            case PASSES -> null;
            case UNKNOWN -> ask(loop);
            case REFUSED -> inspector.refusal();
        };
        if (refused == null) {
            untroubled();
            return true;
        }
        parkTable(Cause.of(waiting.element(), refused));
        return false;
    }
}
