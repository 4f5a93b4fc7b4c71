package io.millrace.denormalizer.join;

import io.millrace.denormalizer.join.document.Documents;
import io.millrace.denormalizer.join.document.References;
import io.millrace.denormalizer.join.document.RootFilter;
import io.millrace.denormalizer.join.document.StoredDocument;
import io.millrace.denormalizer.join.home.Home;
import io.millrace.denormalizer.join.lookup.Broadcast;
import io.millrace.denormalizer.join.lookup.LookupKeys;
import io.millrace.denormalizer.join.lookup.Lookups;
import io.millrace.denormalizer.join.lookup.Subscriptions;
import io.millrace.denormalizer.join.measure.Stage;
import io.millrace.denormalizer.join.message.Change;
import io.millrace.denormalizer.join.message.Message;
import io.millrace.denormalizer.join.message.Sinks;
import io.millrace.denormalizer.join.owed.FanOut;
import io.millrace.denormalizer.join.owed.HeldDocuments;
import io.millrace.denormalizer.join.owed.Progress;
import io.millrace.denormalizer.join.owed.Retirements;
import io.millrace.denormalizer.join.owed.Truncates;
import io.millrace.denormalizer.join.pay.FirstBuild;
import io.millrace.denormalizer.join.pay.Payer;
import io.millrace.denormalizer.join.pay.Payments;
import io.millrace.denormalizer.join.pay.Report;
import io.millrace.denormalizer.join.pay.Reshaping;
import io.millrace.denormalizer.join.pay.ThreadShare;
import io.millrace.denormalizer.join.place.Placement;
import io.millrace.denormalizer.join.render.DocumentBuilder;
import io.millrace.denormalizer.join.render.Emission;
import io.millrace.denormalizer.join.render.Outlet;
import io.millrace.denormalizer.join.retain.Orders;
import io.millrace.denormalizer.join.retain.Retained;
import io.millrace.denormalizer.join.route.Announcements;
import io.millrace.denormalizer.join.state.CommitClock;
import io.millrace.denormalizer.join.state.Continuation;
import io.millrace.denormalizer.join.state.Floors;
import io.millrace.denormalizer.join.state.Graves;
import io.millrace.denormalizer.join.state.Kind;
import io.millrace.denormalizer.join.state.StoredShape;
import io.millrace.denormalizer.join.state.Stores;
import io.millrace.denormalizer.plan.Plan;
import io.millrace.denormalizer.plan.SpineNode;
import io.millrace.pipeline.shape.DocumentShape;
import java.time.Duration;
import org.apache.kafka.common.header.Headers;
import org.apache.kafka.common.header.internals.RecordHeaders;
import org.apache.kafka.common.utils.Bytes;
import org.apache.kafka.streams.processor.Cancellable;
import org.apache.kafka.streams.processor.PunctuationType;
import org.apache.kafka.streams.processor.api.Processor;
import org.apache.kafka.streams.processor.api.ProcessorContext;
import org.apache.kafka.streams.processor.api.Record;
import org.apache.kafka.streams.state.KeyValueStore;

/** Hands each record of the exchange to who keeps what it is about, and what follows for documents to who emits them. */
final class Joiner implements Processor<byte[], byte[], byte[], byte[]> {

    private static final Duration TICK = Duration.ofMillis(20);
    /** After each tick Streams commits every partition that the task reads. So a partition that rests ticks only to clear away. */
    private static final Duration TICK_AT_REST = Duration.ofSeconds(10);
    /** So many ticks without a record make a partition rest. */
    private static final int UNTIL_REST = 50;
    /** So many ticks from one commit that is asked for to the next. */
    private static final int UNTIL_COMMIT = 5;

    /** The file's as it is without state. */
    private final Plan fresh;
    private final JoinSettings settings;
    private final CommitClock commits;
    private final Stage stage;
    private final ThreadLocal<ThreadShare> shares;
    private ProcessorContext<byte[], byte[]> context;
    private KeyValueStore<Bytes, byte[]> store;
    private StoredShape shape;
    private Plan plan;
    private DocumentShape base;
    /** Whether documents may be out in another shape. */
    private boolean isReshaped;
    private Graves[] graves;
    private Floors floors;
    private Lookups lookups;
    private Home home;
    private Subscriptions subscriptions;
    private Placement placement;
    private Documents documents;
    private Payer payer;
    private Payments payments;
    private Report report;
    private Stage.Partition told;
    private ThreadShare share;
    private Cancellable ticking;
    /** Ticks since the last record; negative at rest. */
    private int quietTicks;
    private int ticksToCommit;
    private boolean isMarked;
    /** Whether this life of the task has taken in a record, or one is on its way to it. */
    private boolean isFed;

    /** @param shares of each stream thread */
    Joiner(Plan plan, JoinSettings settings, CommitClock commits, Stage stage, ThreadLocal<ThreadShare> shares) {
        this.fresh = plan;
        this.settings = settings;
        this.commits = commits;
        this.stage = stage;
        this.shares = shares;
    }

    @Override
    public void init(ProcessorContext<byte[], byte[]> processorContext) {
        context = processorContext;
        store = context.getStateStore(Stores.LOOKUPS);
        goOn();
        share = shares.get();
        told = stage.partition(context.taskId().partition());
        furnish(commits.session(context.taskId().partition()), context.getStateStore(Stores.ROWS), context.getStateStore(Stores.DOCUMENTS));
        quietTicks = 0;
        tickEvery(TICK);
    }

    private void tickEvery(Duration interval) {
        if (ticking != null) {
            ticking.cancel();
        }
        ticking = context.schedule(interval, PunctuationType.WALL_CLOCK_TIME, now -> tick());
    }

    private void furnish(CommitClock.Session clock, KeyValueStore<Bytes, byte[]> rows, KeyValueStore<Bytes, byte[]> documentStore) {
        int partition = context.taskId().partition();
        var rowGraves = new Graves(rows, clock, settings.keepRemoved());
        var documentGraves = new Graves(documentStore, clock, settings.keepRemoved());
        var lookupGraves = new Graves(store, clock, settings.keepRemoved());
        graves = new Graves[] {rowGraves, documentGraves, lookupGraves};
        floors = new Floors(plan, store, Kind::floor);
        home = new Home(store, lookupGraves, this::send);
        subscriptions = new Subscriptions(store, clock, lookupGraves, floors, partition, context::currentSystemTimeMs, this::send);
        lookups = new Lookups(new Broadcast(store, clock, lookupGraves, floors), subscriptions, settings.lookupCacheBytes());
        placement = new Placement(documentStore, clock, documentGraves);
        var document = new StoredDocument(documentStore);
        var orders = new Orders(plan, store);
        var filter = new RootFilter(plan, new Retained(orders, lookups));
        documents = new Documents(plan, documentStore, document, filter, orders, floors, settings.floor(), documentGraves, lookups);
        var emission = new Emission(document, filter, new DocumentBuilder(plan, document, lookups), documents,
                new References(plan, documentStore, store, lookups, subscriptions), subscriptions, settings, new Outlet(context, plan, base, stage));
        var progress = FirstBuild.progress(store);
        var held = new HeldDocuments(store, clock, subscriptions);
        payer = new Payer(progress, held, emission, document, stage);
        var firstBuild = new FirstBuild(documentStore, store, clock, progress, document, subscriptions, told, payer, settings.isCaughtUp());
        var truncates = new Truncates(plan, documentStore, clock, floors, document, documents, new Announcements(rows, clock, rowGraves, this::send), lookups, home);
        payments = new Payments(partition, settings.fanOutPace(), share, progress, firstBuild, new FanOut(store, clock), truncates, new Retirements(documentStore, clock, orders, document, documents), held,
                reshaping(documentStore, clock, progress, document), payer);
        report = new Report(context, payments, progress);
    }

    private void goOn() {
        shape = new StoredShape(store);
        var continuation = Continuation.of(fresh, shape);
        plan = continuation.plan();
        base = continuation.base();
        isReshaped = continuation.isReshaped();
        isMarked = false;
        isFed = false;
    }

    /** Before the first build has ended for good, a restart emits every document anyway. */
    private Reshaping reshaping(KeyValueStore<Bytes, byte[]> documentStore, CommitClock.Session clock, Progress progress, StoredDocument document) {
        isReshaped &= progress.isBuilt();
        var reshaping = new Reshaping(documentStore, shape, clock, document, told, payer, isReshaped);
        if (isReshaped && shape.shapes().getLast().equals(plan.fingerprint().shape())) {
            reshaping.resume();
        }
        return reshaping;
    }

    private void mark() {
        if (!isMarked) {
            shape.begin(plan.fingerprint().text(), base, plan.fingerprint().shape(), isReshaped);
            report.tellShape(base, plan.fingerprint().shape());
            isMarked = true;
        }
    }

    @Override
    public void process(Record<byte[], byte[]> record) {
        long began = System.nanoTime();
        wake();
        share.busy();
        mark();
        isFed = true;
        long offset = context.recordMetadata().orElseThrow().offset();
        apply(record.key(), Message.decode(record.value()), Change.of(record.headers(), offset));
        payments.taken(offset);
        report.tell();
        stage.processed(System.nanoTime() - began);
    }

    private void wake() {
        if (quietTicks < 0) {
            tickEvery(TICK);
            told.rests(false);
        }
        quietTicks = 0;
    }

    private void apply(byte[] key, Message message, Change change) {
        switch (message) {
            case Message.Root root -> payer.pay(key, documents.take(key, root), change);
            case Message.Child child -> payer.pay(key, documents.take(key, child), change);
            case Message.Erase erase -> payer.pay(key, documents.take(key, erase), change);
            case Message.Repair repair -> payer.pay(key, documents.take(key, repair), change);
            case Message.Retain retain -> payments.retain(retain, change);
            case Message.Placed placed -> placement.place(node(placed.node()), key, placed, (to, m) -> send(to, m, change.cause()));
            case Message.Located located -> placement.locate(node(located.node()), key, located, (to, m) -> send(to, m, change.cause()));
            case Message.Lookup lookup -> lookups.take(plan.tables().get(lookup.table()), lookup.rowId(), lookup.position(), lookup.row()).forEach(r -> payments.lookUp(r, change));
            case Message.Indexed indexed -> indexed(key, indexed, change);
            case Message.Subscribe subscribe -> home.subscribe(key, subscribe, change.cause());
            case Message.Unsubscribe unsubscribe -> home.unsubscribe(key, unsubscribe);
            case Message.Answer answer -> told(key, subscriptions.answered(key, answer), change);
            case Message.Notice notice -> told(key, subscriptions.noticed(key, notice, change.cause()), change);
            case Message.Floor floor -> payments.truncate(plan.tables().get(floor.table()), floor.position(), change);
        }
    }

    private SpineNode node(int id) {
        return plan.spine().get(id);
    }

    private void indexed(byte[] reference, Message.Indexed message, Change change) {
        if (message.row() != null && floors.isBelow(LookupKeys.indexOf(reference), message.position())) {
            stage.superseded();
        } else {
            home.take(reference, message, change.cause());
        }
    }

    /** @param isNews whether documents may be other than before */
    private void told(byte[] key, boolean isNews, Change change) {
        var reference = Bytes.wrap(key);
        lookups.forget(reference);
        if (isNews) {
            payments.lookUp(reference, change);
        }
    }

    private void send(byte[] to, Message message, Headers cause) {
        context.forward(new Record<>(to, Message.encode(message), context.currentSystemTimeMs(), cause), Sinks.EXCHANGE);
    }

    private void tick() {
        mark();
        commitSoon();
        feed();
        for (var some : graves) {
            some.clear();
        }
        subscriptions.work();
        payments.pay(quietTicks != 0);
        report.tell();
        report.tellOut();
        told.fanOuts(payments.pending());
        told.walked(payments.walked());
        told.asked(subscriptions.asked());
        restIfDone();
    }

    /** A first build that waits for commits alone would wait for one of the interval's at each hop of the exchange. */
    private void commitSoon() {
        if (settings.awaitsCommit().getAsBoolean() && ++ticksToCommit >= UNTIL_COMMIT) {
            ticksToCommit = 0;
            context.commit();
        }
    }

    /** A task that has consumed nothing commits nothing, and without a commit it never learns that what it owed is out. */
    private void feed() {
        if (!isFed && payments.isOwed()) {
            isFed = true;
            send(Stores.NONE, Message.nothing(context.taskId().partition()), new RecordHeaders());
        }
    }

    private void restIfDone() {
        if (quietTicks >= 0 && ++quietTicks >= UNTIL_REST && payments.isSettled() && subscriptions.isSettled()) {
            quietTicks = -1;
            tickEvery(TICK_AT_REST);
            told.rests(true);
        }
    }

    @Override
    public void close() {
        if (told != null) {
            told.leave();
        }
    }
}
