package io.millrace.denormalizer.join;

import io.millrace.denormalizer.plan.LookupIndex;
import io.millrace.denormalizer.plan.Plan;
import io.millrace.denormalizer.plan.SpineNode;
import io.millrace.denormalizer.plan.TablePlan;
import io.millrace.pipeline.progress.JoinState;
import io.millrace.pipeline.record.Headers;
import io.millrace.pipeline.record.Position;
import io.millrace.values.bytes.ByteWriter;
import io.millrace.values.row.KeyEncoding;
import io.millrace.values.row.Row;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashSet;
import java.util.TreeSet;
import org.apache.kafka.common.header.internals.RecordHeaders;
import org.apache.kafka.common.utils.Bytes;
import org.apache.kafka.streams.processor.PunctuationType;
import org.apache.kafka.streams.processor.api.Processor;
import org.apache.kafka.streams.processor.api.ProcessorContext;
import org.apache.kafka.streams.processor.api.Record;
import org.apache.kafka.streams.state.KeyValueStore;

/** Keeps the documents of one partition and emits each when something in it changed. */
final class Joiner implements Processor<byte[], byte[], byte[], byte[]> {

    private static final Duration TICK = Duration.ofMillis(20);
    private static final long MILLI = 1_000_000;
    private static final long TELL_AGAIN = 100 * MILLI;
    private static final Bytes FINGERPRINT = Keys.meta("fingerprint");
    private static final Bytes LIVE = Keys.meta("live");

    private final Plan plan;
    private final JoinSettings settings;
    private final CommitClock commits;
    private final Stage stage;
    private final ThreadLocal<ThreadShare> shares;
    private final ByteWriter scratch = new ByteWriter(256);
    private ProcessorContext<byte[], byte[]> context;
    private KeyValueStore<Bytes, byte[]> documents;
    private KeyValueStore<Bytes, byte[]> store;
    private CommitClock.Session clock;
    private Lookups lookups;
    private Home home;
    private Subscriptions subscriptions;
    private WaitingDocuments waiting;
    private Placement placement;
    private FanOut fanOut;
    private HeavyDocuments heavy;
    private StoredDocument document;
    private ThreadShare share;
    private Graves graves;
    private Graves lookupGraves;
    private DocumentBuilder builder;
    private Phase phase;
    /** The root key that the scan emitted last. */
    private byte[] scanned;
    private long scanEnded;
    private boolean isQuiet;
    private boolean isMarked;
    /** What {@link Sinks#STATE} was told last; null before the first word. */
    private String told;
    /** Before which record all documents are out and committed, as {@link Sinks#STATE} was told last; negative before the first word. */
    private long toldOut = -1;
    private long toldOutAt = System.nanoTime();
    private byte[] partitionKey;
    /** Of the record that is worked on; negative where it is none. */
    private long offset = -1;
    /** The offset of the oldest record for which documents are shown now; 0 where it is not known. */
    private long since;

    /** @param shares of each stream thread */
    Joiner(Plan plan, JoinSettings settings, CommitClock commits, Stage stage, ThreadLocal<ThreadShare> shares) {
        this.plan = plan;
        this.settings = settings;
        this.commits = commits;
        this.stage = stage;
        this.shares = shares;
    }

    /** How far the first build is. */
    private enum Phase {
        /** Rows are taken in, nothing is emitted. */
        HELD,
        /** Every document is emitted once, in the order of the root keys; changes of those already emitted are too. */
        SCAN,
        /** As LIVE, but not known to be committed: a restart would scan again. */
        SCANNED,
        /** Each change is emitted. */
        LIVE
    }

    @Override
    public void init(ProcessorContext<byte[], byte[]> processorContext) {
        context = processorContext;
        documents = context.getStateStore(Stores.DOCUMENTS);
        store = context.getStateStore(Stores.LOOKUPS);
        partitionKey = Integer.toString(context.taskId().partition()).getBytes(StandardCharsets.US_ASCII);
        clock = commits.session(context.taskId().partition());
        graves = new Graves(documents, clock, settings.keepRemoved());
        lookupGraves = new Graves(store, clock, settings.keepRemoved());
        home = new Home(store, lookupGraves, this::send);
        subscriptions = new Subscriptions(store, clock, lookupGraves, context.taskId().partition(), context::currentSystemTimeMs, () -> offset, this::send);
        waiting = new WaitingDocuments(store, clock, subscriptions, this::showSince);
        lookups = new Lookups(store, clock, lookupGraves, subscriptions, settings.lookupCacheBytes());
        placement = new Placement(documents, clock, graves);
        document = new StoredDocument(documents);
        builder = new DocumentBuilder(plan, document, lookups);
        fanOut = new FanOut(store, clock, context.taskId().partition(), settings.fanOutPace(), this::showSince);
        heavy = new HeavyDocuments(store, clock, this::showSince);
        share = shares.get();
        phase = store.get(LIVE) == null ? Phase.HELD : Phase.LIVE;
        refuseOtherPlan();
        stage.phase(context.taskId().partition(), phase.name());
        context.schedule(TICK, PunctuationType.WALL_CLOCK_TIME, now -> tick());
    }

    private void refuseOtherPlan() {
        var stored = store.get(FINGERPRINT);
        isMarked = stored != null;
        if (isMarked && !new String(stored, StandardCharsets.US_ASCII).equals(plan.fingerprint())) {
            throw new IncompatibleStateException("The state of the pipeline " + plan.pipeline() + " was built for another shape of its documents ("
                    + new String(stored, StandardCharsets.US_ASCII) + ", the file now asks for " + plan.fingerprint()
                    + "). Documents of two shapes must not be mixed: put the file's document back, and describe the new shape in a second file under a new name with 'replaces: ["
                    + plan.pipeline() + "]', which is built beside this one");
        }
    }

    private void mark() {
        if (!isMarked) {
            store.put(FINGERPRINT, plan.fingerprint().getBytes(StandardCharsets.US_ASCII));
            isMarked = true;
        }
    }

    @Override
    public void process(Record<byte[], byte[]> record) {
        long began = System.nanoTime();
        isQuiet = false;
        share.busy();
        mark();
        offset = context.recordMetadata().orElseThrow().offset();
        since = offset;
        apply(record.key(), Message.decode(record.value()), record.headers());
        since = 0;
        offset = -1;
        tell();
        stage.processed(System.nanoTime() - began);
    }

    private void apply(byte[] key, Message message, org.apache.kafka.common.header.Headers cause) {
        switch (message) {
            case Message.Root root -> root(key, root, cause);
            case Message.Child child -> child(key, child, cause);
            case Message.Placed placed -> placement.place(plan.spine().get(placed.node()), key, placed, (to, m) -> send(to, m, cause));
            case Message.Located located -> placement.locate(plan.spine().get(located.node()), key, located, (to, m) -> send(to, m, cause));
            case Message.Lookup lookup -> lookup(lookup, cause);
            case Message.Indexed indexed -> indexed(key, indexed, cause);
            case Message.Subscribe subscribe -> home.subscribe(key, subscribe, cause);
            case Message.Unsubscribe unsubscribe -> home.unsubscribe(key, unsubscribe);
            case Message.Answer answer -> changed(key, subscriptions.answered(key, answer), cause);
            case Message.Notice notice -> changed(key, subscriptions.noticed(key, notice, cause), cause);
            case Message.Floor floor -> floor(floor, cause);
            case Message.Erase erase -> erase(key, erase, cause);
        }
    }

    private void send(byte[] to, Message message, org.apache.kafka.common.header.Headers cause) {
        context.forward(new Record<>(to, Message.encode(message), context.currentSystemTimeMs(), cause), Sinks.EXCHANGE);
    }

    private void root(byte[] rootKey, Message.Root message, org.apache.kafka.common.header.Headers cause) {
        var head = head(rootKey);
        boolean isGone = message.row() != null && message.position().isBefore(lookups.floor(plan.root().table()));
        if (message.position().isBefore(head.root) || isGone) {
            stage.superseded();
            return;
        }
        if (head.row != null && loses(plan.root(), head.row, message.row())) {
            absorb(rootKey, head);
        }
        head.root = message.position();
        head.row = message.row();
        head.documentId = message.documentId();
        if (message.isNew()) {
            head.renewed = head.renewed.max(message.position());
        }
        put(rootKey, head);
        try {
            if (isWanted(head)) {
                show(rootKey, cause);
            } else if (head.row == null || head.isVisible()) {
                hide(rootKey, cause);
            }
        } catch (UndecidedException e) {
            unbuildable(head, cause, e);
        }
    }

    private void erase(byte[] rootKey, Message.Erase message, org.apache.kafka.common.header.Headers cause) {
        var head = head(rootKey);
        if (message.position().isBefore(head.erased)) {
            return;
        }
        head.erased = message.position();
        head.mark = head.mark.max(message.position());
        if (head.documentId.isEmpty()) {
            head.documentId = message.documentId();
        }
        put(rootKey, head);
        if (!head.isVisible()) {
            hide(rootKey, cause);
        }
    }

    private void child(byte[] rootKey, Message.Child message, org.apache.kafka.common.header.Headers cause) {
        var node = plan.spine().get(message.node());
        var at = Keys.entry(rootKey, node.id(), message.parentKey(), message.rowId());
        var stored = documents.get(at);
        if (stored != null && message.position().isBefore(Entry.read(stored).position())
                || node.isDirect() && message.row() != null && message.position().isBefore(lookups.floor(node.table()))) {
            stage.superseded();
            return;
        }
        var before = stored == null ? null : Entry.read(stored).row();
        var entry = new Entry(message.position(), message.row()).toBytes();
        documents.put(at, entry);
        boolean loses = before != null && loses(node, before, message.row());
        if (loses || message.row() == null) {
            var head = head(rootKey);
            if (loses) {
                absorb(rootKey, head);
            }
            if (message.row() == null) {
                graves.add(at, entry);
                head.mark = head.mark.max(message.position());
            }
            put(rootKey, head);
        }
        show(rootKey, cause);
    }

    /** Whether rows below this one are no longer reached from it, before they are told to leave. */
    private boolean loses(SpineNode node, byte[] old, byte[] row) {
        for (var child : node.children()) {
            if (!child.isDirect() && (row == null || !Arrays.equals(key(node, old, child), key(node, row, child)))) {
                return true;
            }
        }
        return false;
    }

    private byte[] key(SpineNode node, byte[] row, SpineNode child) {
        return KeyEncoding.key(new Row(row, node.table().columns().size()), child.here(), scratch);
    }

    /** Takes the position of every row of the document's arrays into the mark. */
    private void absorb(byte[] rootKey, Head head) {
        document.read(rootKey);
        for (var entry : document.entries(Keys.entries(rootKey))) {
            head.mark = head.mark.max(Entry.read(entry.value).position());
        }
    }

    private void lookup(Message.Lookup message, org.apache.kafka.common.header.Headers cause) {
        for (var reference : lookups.apply(plan.tables().get(message.table()), message.rowId(), message.position(), message.row())) {
            if (phase != Phase.HELD) {
                fanOut.start(reference, cause, offset);
            }
        }
    }

    private void indexed(byte[] reference, Message.Indexed message, org.apache.kafka.common.header.Headers cause) {
        boolean isGone = message.row() != null && message.position().isBefore(lookups.floor(index(reference).table()));
        if (isGone) {
            stage.superseded();
        } else {
            home.take(reference, message, cause);
        }
    }

    private LookupIndex index(byte[] reference) {
        return plan.indexes().get(Keys.indexOf(reference));
    }

    /** @param seen whether documents may be other than before */
    private void changed(byte[] key, boolean seen, org.apache.kafka.common.header.Headers cause) {
        var reference = Bytes.wrap(key);
        lookups.forget(reference);
        if (seen && phase != Phase.HELD) {
            fanOut.start(reference, cause, offset);
        }
    }

    /**
     * Says in Kafka whether documents are to come that no record waits for. It goes out before the offset of what caused it
     * is committed, so whoever sees that offset committed sees this too.
     */
    private void tell() {
        var now = phase != Phase.LIVE ? JoinState.BUILDING : !waiting.isIdle() ? JoinState.ASKING : !fanOut.isIdle() ? "spreading" : heavy.isIdle() ? JoinState.IDLE : "holding heavy documents";
        if (!now.equals(told)) {
            told = now;
            context.forward(new Record<>(partitionKey, now.getBytes(StandardCharsets.US_ASCII), context.currentSystemTimeMs()), Sinks.STATE);
        }
    }

    /** Says now and then how far it is while it is not idle: where look-ups change all the time, it never is. */
    private void tellOut(long now) {
        if (phase != Phase.LIVE || told.equals(JoinState.IDLE) || now - toldOutAt < TELL_AGAIN) {
            return;
        }
        long out = Math.min(fanOut.oldest(), Math.min(waiting.oldest(), heavy.oldest()));
        if (out != Causes.NONE && out != toldOut) {
            toldOut = out;
            toldOutAt = now;
            context.forward(new Record<>(JoinState.outOf(context.taskId().partition()).getBytes(StandardCharsets.US_ASCII),
                    Long.toString(out).getBytes(StandardCharsets.US_ASCII), context.currentSystemTimeMs()), Sinks.STATE);
        }
    }

    private void floor(Message.Floor message, org.apache.kafka.common.header.Headers cause) {
        var table = plan.tables().get(message.table());
        var position = message.position();
        if (position.isBefore(lookups.floor(table))) {
            return;
        }
        lookups.raiseFloor(table, position);
        if (table.isSubscribed()) {
            table.indexes().forEach(index -> home.truncate(index, position, cause));
        }
        if (table.isBroadcast()) {
            for (var rowId : lookups.olderThan(table, position)) {
                lookup(new Message.Lookup(position, table.id(), rowId, null), cause);
            }
        }
        if (plan.root().table() == table) {
            removeRoots(position, cause);
        }
        if (table.nodes().stream().anyMatch(n -> n.isDirect())) {
            removeEntries(table, position, cause);
        }
    }

    private void removeRoots(Position position, org.apache.kafka.common.header.Headers cause) {
        var roots = new ArrayList<byte[]>();
        try (var all = documents.range(Keys.documents(), Keys.behindDocuments())) {
            while (document.readNext(all)) {
                var head = document.head();
                if (head.row != null && head.root.isBefore(position) || head.root.equals(position)) {
                    roots.add(document.rootKey());
                }
            }
        }
        for (var rootKey : roots) {
            root(rootKey, new Message.Root(position, true, head(rootKey).documentId, null), cause);
        }
    }

    private void removeEntries(TablePlan table, Position position, org.apache.kafka.common.header.Headers cause) {
        record Gone(byte[] rootKey, int node, byte[] rowId) {}
        var gone = new ArrayList<Gone>();
        try (var all = documents.range(Keys.documents(), Keys.behindDocuments())) {
            while (document.readNext(all)) {
                var rootKey = document.rootKey();
                for (var next : document.entries(Keys.entries(rootKey))) {
                    var entry = Entry.read(next.value);
                    var node = plan.spine().get(Keys.nodeOf(next.key, rootKey));
                    if (node.isDirect() && node.table() == table && (entry.row() != null && entry.position().isBefore(position) || entry.position().equals(position))) {
                        gone.add(new Gone(rootKey, node.id(), Keys.behindNode(next.key, rootKey)));
                    }
                }
            }
        }
        for (var row : gone) {
            child(row.rootKey, new Message.Child(position, row.node, Stores.NONE, row.rowId, null), cause);
        }
    }

    private Head head(byte[] rootKey) {
        return Head.read(documents.get(Keys.head(rootKey)));
    }

    private void put(byte[] rootKey, Head head) {
        documents.put(Keys.head(rootKey), head.toBytes());
    }

    /** Whether a change of this document is emitted now, and not by the scan to come. */
    private boolean isShown(byte[] rootKey) {
        return switch (phase) {
            case HELD -> false;
            case SCAN -> scanned != null && Keys.head(rootKey).compareTo(Keys.head(scanned)) <= 0;
            case SCANNED, LIVE -> true;
        };
    }

    private void showSince(byte[] rootKey, org.apache.kafka.common.header.Headers cause, long oldest) {
        long outer = since;
        since = oldest;
        show(rootKey, cause);
        since = outer;
    }

    /** Emits the document as it is now, if it is to be seen; a heavy one perhaps later. */
    private void show(byte[] rootKey, org.apache.kafka.common.header.Headers cause) {
        if (!isShown(rootKey) || waiting.holds(rootKey, since) || heavy.holds(rootKey, cause, since)) {
            return;
        }
        long begin = System.nanoTime();
        document.read(rootKey);
        var head = document.head();
        try {
            if (isWanted(head)) {
                emit(rootKey, head, cause);
                heavy.rendered(rootKey, document.size(), System.nanoTime() - begin);
            } else {
                waiting.remove(rootKey);
            }
        } catch (UndecidedException e) {
            unbuildable(head, cause, e);
            waiting.remove(rootKey);
        }
    }

    /** Whether the document is to be seen and its root row passes the filter. */
    private boolean isWanted(Head head) throws UndecidedException {
        if (!head.isVisible() || plan.filter() == null) {
            return head.isVisible();
        }
        try {
            return plan.filter().accepts(new Row(head.row, plan.root().table().columns().size()));
        } catch (IllegalArgumentException e) {
            throw new UndecidedException(e);
        }
    }

    /** It cannot be told whether a root row passes the filter. */
    private static final class UndecidedException extends Exception {

        private static final long serialVersionUID = 1L;

        UndecidedException(IllegalArgumentException cause) {
            super(cause.getMessage(), cause);
        }
    }

    private void unbuildable(Head head, org.apache.kafka.common.header.Headers cause, Exception why) {
        quarantine(head, cause, "document-unbuildable", "Building the document " + head.documentId + " failed: " + why.getMessage()
                + ". The index keeps the document's last good state; correct the row, and it is built again");
    }

    private void hide(byte[] rootKey, org.apache.kafka.common.header.Headers cause) {
        if (isShown(rootKey)) {
            document.read(rootKey);
            remove(rootKey, document.head(), cause);
        }
    }

    /** For the document that was read last. */
    private void emit(byte[] rootKey, Head head, org.apache.kafka.common.header.Headers change) {
        var cause = waiting.cause(rootKey, change);
        byte[] built = null;
        IllegalArgumentException mistake = null;
        try {
            built = builder.build(head);
        } catch (IllegalArgumentException e) {
            mistake = e;
        }
        if (!builder.unanswered().isEmpty()) {
            await(rootKey, head, cause);
            return;
        }
        waiting.remove(rootKey);
        if (mistake != null) {
            // What it referred to so far may be where the mistake is: its correction must lead here.
            builder.keepReferences(document.references());
            refer(rootKey, head, builder.references(), builder.position());
            unbuildable(head, cause, mistake);
            return;
        }
        var position = refer(rootKey, head, builder.references(), builder.position());
        byte[] content;
        try {
            content = settings.steps().apply(head.documentId, built);
        } catch (DocumentSteps.StepFailedException e) {
            quarantine(head, cause, "document-step-failed", "Finishing the document " + head.documentId + " failed: " + e.getMessage()
                    + ". The index keeps the document's last good state; correct the step, raise its version and build a new generation (a file that replaces this one), or change a row of the document");
            return;
        }
        if (content == null) {
            forward(head.documentId, null, position, cause);
            stage.deleted(cause);
            return;
        }
        if (content.length > settings.maxDocumentBytes()) {
            quarantine(head, cause, "document-too-large", "The document " + head.documentId + " has " + content.length + " bytes, more than the "
                    + settings.maxDocumentBytes() + " of millrace.denormalizer.max-document-bytes; raise it together with the topic's max.message.bytes, or take fewer fields");
            return;
        }
        forward(head.documentId, content, position, cause);
        stage.written(cause, content.length);
    }

    /** The document stays as it is until it is known what it refers to. What it referred to before it holds on to, for it may do so again. */
    private void await(byte[] rootKey, Head head, org.apache.kafka.common.header.Headers cause) {
        var before = new HashSet<Bytes>();
        DocumentBuilder.references(document.references()).forEach(r -> before.add(Bytes.wrap(r)));
        builder.keepReferences(document.references());
        refer(rootKey, head, builder.references(), builder.position());
        for (var reference : builder.unanswered()) {
            if (before.contains(reference)) {
                // Whatever a crash left of the reverse index, the answer must lead here.
                store.put(Keys.referrer(reference.get(), rootKey), Stores.NONE);
            }
            subscriptions.hold(reference.get(), cause);
        }
        waiting.add(rootKey, builder.unanswered().getLast(), cause, since);
    }

    private void quarantine(Head head, org.apache.kafka.common.header.Headers cause, String reason, String detail) {
        stage.parked();
        context.forward(new Record<>(head.documentId.getBytes(StandardCharsets.UTF_8), null, context.currentSystemTimeMs(), Quarantine.headers(cause, reason, detail)), Sinks.QUARANTINE);
    }

    /** Deletes the document that was read last; its head and the rows of its arrays stay, for the row may come back. */
    private void remove(byte[] rootKey, Head head, org.apache.kafka.common.header.Headers cause) {
        waiting.remove(rootKey);
        absorb(rootKey, head);
        put(rootKey, head);
        var position = refer(rootKey, head, Stores.NONE, head.mark.max(head.root));
        forward(head.documentId, null, position, cause);
        stage.deleted(cause);
    }

    /**
     * Replaces what the document that was read last refers to.
     *
     * @return the position of the document, which is not lower than that of any reference that is dropped
     */
    private Position refer(byte[] rootKey, Head head, byte[] references, Position position) {
        var stored = document.references();
        if (Arrays.equals(stored, references)) {
            return position;
        }
        var old = new TreeSet<Bytes>();
        DocumentBuilder.references(stored).forEach(r -> old.add(Bytes.wrap(r)));
        for (var reference : DocumentBuilder.references(references)) {
            if (!old.remove(Bytes.wrap(reference))) {
                store.put(Keys.referrer(reference, rootKey), Stores.NONE);
            }
        }
        var highest = position;
        for (var dropped : old) {
            var index = index(dropped.get());
            highest = highest.max(lookups.behind(dropped.get(), index));
            store.delete(Keys.referrer(dropped.get(), rootKey));
            if (index.table().isSubscribed() && subscriptions.drop(dropped.get(), rootKey)) {
                lookups.forget(dropped);
            }
        }
        documents.put(Keys.references(rootKey), references);
        if (!old.isEmpty() && head.mark.isBefore(highest)) {
            head.mark = highest;
            put(rootKey, head);
        }
        return highest;
    }

    private void forward(String documentId, byte[] document, Position position, org.apache.kafka.common.header.Headers cause) {
        var headers = new RecordHeaders();
        headers.add(Headers.POSITION, position.toBytes());
        headers.add(Headers.VERSION, Headers.bytes(position.commit()));
        copy(cause, headers, Headers.COMMITTED);
        copy(cause, headers, Headers.CAPTURED);
        copy(cause, headers, Headers.GATED);
        headers.add(Headers.JOINED, Headers.bytes(Headers.nowMicros()));
        stage.trace(cause, headers, documentId);
        context.forward(new Record<>(documentId.getBytes(StandardCharsets.UTF_8), document, context.currentSystemTimeMs(), headers), Sinks.DOCUMENTS);
    }

    private static void copy(org.apache.kafka.common.header.Headers from, org.apache.kafka.common.header.Headers to, String name) {
        var value = Headers.bytes(from, name);
        if (value != null) {
            to.add(name, value);
        }
    }

    private void tick() {
        mark();
        long now = System.nanoTime();
        graves.clear();
        lookupGraves.clear();
        switch (phase) {
            case HELD -> {
                if (settings.isCaughtUp().getAsBoolean()) {
                    enter(Phase.SCAN);
                }
            }
            case SCAN -> scan(now + (isQuiet ? 200 : 50) * MILLI);
            case SCANNED -> {
                if (clock.isCommitted(scanEnded)) {
                    store.put(LIVE, new byte[] {1});
                    enter(Phase.LIVE);
                }
            }
            case LIVE -> { }
        }
        heavy.work();
        subscriptions.work();
        waiting.clear();
        if (phase == Phase.SCANNED || phase == Phase.LIVE) {
            waiting.work();
        }
        fanOut(System.nanoTime());
        isQuiet = true;
    }

    private void fanOut(long now) {
        long granted = fanOut.isIdle() ? 0 : share.grant(now);
        if (granted > 0) {
            fanOut.work(now + granted);
            share.spent(System.nanoTime() - now);
        }
        tell();
        tellOut(now);
        stage.fanOuts(context.taskId().partition(), fanOut.pending());
        stage.asked(context.taskId().partition(), subscriptions.asked());
    }

    private void enter(Phase next) {
        phase = next;
        stage.phase(context.taskId().partition(), next.name());
    }

    /** Emits every document that has not been emitted, until the time is up or too much is asked for at once. */
    private void scan(long untilNanos) {
        var from = scanned == null ? Keys.documents() : Keys.behindDocument(scanned);
        var noCause = new RecordHeaders();
        try (var all = documents.range(from, Keys.behindDocuments())) {
            while (subscriptions.asked() < WaitingDocuments.MOST) {
                if (!document.readNext(all)) {
                    scanEnded = clock.stamp();
                    enter(Phase.SCANNED);
                    return;
                }
                var rootKey = document.rootKey();
                scanned = rootKey;
                var head = document.head();
                try {
                    if (isWanted(head)) {
                        emit(rootKey, head, noCause);
                    } else if (!head.documentId.isEmpty()) {
                        remove(rootKey, head, noCause);
                    }
                } catch (UndecidedException e) {
                    unbuildable(head, noCause, e);
                }
                if (System.nanoTime() > untilNanos) {
                    return;
                }
            }
        }
    }
}
