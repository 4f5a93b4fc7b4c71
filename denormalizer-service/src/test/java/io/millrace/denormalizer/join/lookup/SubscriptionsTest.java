package io.millrace.denormalizer.join.lookup;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.millrace.denormalizer.it.Schema;
import io.millrace.denormalizer.join.message.Change;
import io.millrace.denormalizer.join.message.Message;
import io.millrace.denormalizer.join.state.CommitClock;
import io.millrace.denormalizer.join.state.Floors;
import io.millrace.denormalizer.join.state.Graves;
import io.millrace.denormalizer.join.state.Kind;
import io.millrace.denormalizer.join.state.Stores;
import io.millrace.denormalizer.join.state.Truncated;
import io.millrace.denormalizer.plan.Plan;
import io.millrace.denormalizer.plan.Planner;
import io.millrace.pipeline.file.PipelineFiles;
import io.millrace.pipeline.record.Position;
import io.millrace.values.row.RootKeys;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Random;
import org.apache.kafka.common.header.internals.RecordHeaders;
import org.apache.kafka.common.utils.Bytes;
import org.apache.kafka.streams.processor.api.MockProcessorContext;
import org.apache.kafka.streams.state.KeyValueStore;
import org.junit.jupiter.api.Test;

/** What a partition says to the homes of its references, and what it takes from them. */
class SubscriptionsTest {

    private static final Plan PLAN = Planner.plan(PipelineFiles.load(List.of(Path.of("src/test/resources/it/pipelines/monitors.yaml"))).getFirst().pipeline(),
            new RootKeys(Schema.TABLES.get("monitor").keySchema()).columns());
    private static final byte[] REFERENCE = LookupKeys.reference(3, new byte[] {7, 8});
    private static final byte[] DOCUMENT = {1};
    private static final RecordHeaders CAUSE = new RecordHeaders();

    private final KeyValueStore<Bytes, byte[]> store = org.apache.kafka.streams.state.Stores.inMemoryKeyValueStore("s").get();
    private final CommitClock commits = new CommitClock();
    private final List<Message> sent = new ArrayList<>();
    private long millis = 50_000;
    private long offset = 10;
    private Floors floors;
    private Subscriptions subscriptions;

    SubscriptionsTest() {
        store.init(new MockProcessorContext<>().getStateStoreContext(), store);
        begin();
    }

    private void begin() {
        var clock = commits.session(0);
        floors = new Floors(PLAN, store, Kind::floor);
        subscriptions = new Subscriptions(store, clock, new Graves(store, clock, Duration.ofMinutes(1)), floors, 5, () -> millis, (to, message, cause) -> sent.add(message));
    }

    private Change change() {
        return Change.of(CAUSE, offset);
    }

    private List<Message> sent() {
        var all = List.copyOf(sent);
        sent.clear();
        return all;
    }

    private static Position at(long commit) {
        return new Position(commit, 0);
    }

    private static Message.Answer answer(long nonce, boolean isLast, long mark, Message.Answer.Item... rows) {
        return new Message.Answer(at(mark), 5, nonce, isLast, List.of(rows));
    }

    private static Message.Answer.Item row(int id, long position) {
        return new Message.Answer.Item(at(position), new byte[] {(byte) id}, new byte[0]);
    }

    private static Message.Notice notice(int id, long position, byte[] row) {
        return new Message.Notice(at(position), 5, 10, new byte[] {(byte) id}, row);
    }

    private void hold() {
        store.put(LookupKeys.referrer(REFERENCE, DOCUMENT), Stores.NONE);
        subscriptions.hold(REFERENCE, change());
    }

    private boolean drop(byte[] document) {
        store.delete(LookupKeys.referrer(REFERENCE, document));
        return subscriptions.drop(REFERENCE, document);
    }

    private int rows() {
        int count = 0;
        try (var all = store.prefixScan(LookupKeys.subscribedRows(REFERENCE), Stores.BYTES)) {
            for (; all.hasNext(); all.next()) {
                count++;
            }
        }
        return count;
    }

    @Test
    void aHomeIsAskedOnceAndAnswersInPieces() {
        hold();
        hold();
        assertEquals(List.of(new Message.Subscribe(5, 10)), sent());
        assertNull(subscriptions.mark(REFERENCE));
        assertFalse(subscriptions.answered(REFERENCE, answer(9, true, 4)), "an answer to something else");
        assertFalse(subscriptions.answered(REFERENCE, answer(10, false, 0, row(1, 3))));
        assertNull(subscriptions.mark(REFERENCE), "half an answer is none");
        assertEquals(1, subscriptions.asked());
        assertTrue(subscriptions.answered(REFERENCE, answer(10, true, 4, row(2, 2))));
        assertEquals(at(4), subscriptions.mark(REFERENCE));
        assertEquals(2, rows());
        assertEquals(0, subscriptions.asked());
        assertTrue(subscriptions.answered(REFERENCE, answer(10, true, 4)), "a replayed answer counts: what followed from it may be lost");
    }

    @Test
    void whatIsToldIsTakenInTheOrderOfThePositionsAndRaisesTheMarkWhereARowLeft() {
        hold();
        assertFalse(subscriptions.noticed(REFERENCE, notice(1, 5, new byte[0]), CAUSE), "it is told to the subscription before");
        subscriptions.answered(REFERENCE, answer(10, true, 4));
        assertEquals(0, rows());
        assertTrue(subscriptions.noticed(REFERENCE, notice(1, 6, new byte[0]), CAUSE));
        assertFalse(subscriptions.noticed(REFERENCE, notice(1, 5, null), CAUSE), "older than what is known");
        assertTrue(subscriptions.noticed(REFERENCE, notice(1, 6, new byte[0]), CAUSE), "a replay counts again");
        assertFalse(subscriptions.noticed(REFERENCE, notice(1, 7, new byte[0]), CAUSE), "nothing that anybody shows has changed");
        assertEquals(at(4), subscriptions.mark(REFERENCE));
        assertTrue(subscriptions.noticed(REFERENCE, notice(1, 8, null), CAUSE));
        assertEquals(at(8), subscriptions.mark(REFERENCE));
    }

    @Test
    void whatATruncateTookAwayGoesThoughNobodyTellsAndDoesNotComeBack() {
        hold();
        subscriptions.answered(REFERENCE, answer(10, true, 4, row(1, 3), row(2, 30)));
        var index = PLAN.indexes().get(LookupKeys.indexOf(REFERENCE));
        floors.raiseOwed(index.table(), at(20), new byte[0]);
        assertFalse(subscriptions.noticed(REFERENCE, notice(3, 19, new byte[0]), CAUSE), "a home that has not heard of the truncate tells a row that is gone");
        var gone = subscriptions.older(index, floors.truncated(index.table()), null, 10).entries();
        assertEquals(List.of(LookupKeys.subscribedRow(REFERENCE, new byte[] {1})), gone.stream().map(g -> g.key).toList());
        assertArrayEquals(REFERENCE, subscriptions.takeAway(gone.getFirst().key, at(20)));
        assertEquals(at(20), subscriptions.mark(REFERENCE));
        assertEquals(List.of(2), subscriptions.all(index, REFERENCE, LookupKeys.keyOf(REFERENCE)).stream().map(f -> (int) f.rowId()[0]).toList());
        assertFalse(subscriptions.noticed(REFERENCE, notice(1, 19, new byte[0]), CAUSE));
    }

    @Test
    void aRowThatComesBackAsItWasBeforeTheTruncateTookItAwayIsNews() {
        hold();
        subscriptions.answered(REFERENCE, answer(10, true, 4, row(1, 3)));
        floors.raiseOwed(PLAN.indexes().get(LookupKeys.indexOf(REFERENCE)).table(), at(20), new byte[0]);
        assertTrue(subscriptions.noticed(REFERENCE, notice(1, 21, new byte[0]), CAUSE), "a life before may have shown the document without it");
        assertFalse(subscriptions.noticed(REFERENCE, notice(1, 22, new byte[0]), CAUSE));
    }

    @Test
    void aHomeIsToldOfWhatWasLeftOnceThatIsCommitted() {
        hold();
        subscriptions.answered(REFERENCE, answer(10, true, 4, row(1, 3)));
        sent();
        store.put(LookupKeys.referrer(REFERENCE, new byte[] {2}), Stores.NONE);
        assertFalse(drop(DOCUMENT), "another document holds it");
        assertTrue(drop(new byte[] {2}));
        assertEquals(0, rows());
        assertNull(subscriptions.mark(REFERENCE));
        subscriptions.work();
        assertEquals(List.of(), sent(), "a crash could still bring the subscription back");
        commits.committed(0);
        subscriptions.work();
        assertEquals(List.of(new Message.Unsubscribe(5, 10)), sent());
        commits.committed(0);
        subscriptions.work();
        assertEquals(List.of(), sent());
    }

    @Test
    void whatALifeBeforeLeftIsToldOnceThisOneHasCommittedIt() {
        hold();
        drop(DOCUMENT);
        begin();
        sent();
        subscriptions.work();
        assertEquals(List.of(), sent());
        commits.committed(0);
        subscriptions.work();
        assertEquals(List.of(new Message.Unsubscribe(5, 10)), sent());
    }

    @Test
    void whatIsTakenUpAgainIsAskedForAnewAndItsHomeIsNotToldThatItWasLeft() {
        hold();
        subscriptions.answered(REFERENCE, answer(10, true, 4, row(1, 3)));
        drop(DOCUMENT);
        sent();
        offset = 20;
        hold();
        assertEquals(List.of(new Message.Subscribe(5, 20)), sent());
        commits.committed(0);
        subscriptions.work();
        assertEquals(List.of(), sent());
        assertFalse(subscriptions.answered(REFERENCE, answer(10, true, 4, row(1, 3))), "the answer to what was given up");
        assertTrue(subscriptions.answered(REFERENCE, answer(20, true, 5)));
        assertEquals(0, rows());
    }

    @Test
    void whatIsNotAnsweredIsAskedAgainInANewLifeAndThenMoreAndMoreSeldom() {
        hold();
        sent();
        begin();
        subscriptions.work();
        assertEquals(List.of(new Message.Subscribe(5, 10)), sent());
        int asked = 0;
        for (int second = 0; second < 3_600; second++) {
            millis += 1_000;
            subscriptions.work();
            asked += sent().size();
        }
        assertTrue(asked > 10 && asked < 20, "asked " + asked + " times in an hour");
        subscriptions.answered(REFERENCE, answer(10, true, 4));
        millis += 3_600_000;
        subscriptions.work();
        assertEquals(List.of(), sent());
    }

    @Test
    void everyAskIsRepeatedThoughThereAreManyOfThem() {
        for (int i = 0; i < 3_500; i++) {
            subscriptions.hold(LookupKeys.reference(3, new byte[] {(byte) (i >> 8), (byte) i}), change());
        }
        sent();
        begin();
        for (int i = 0; i < 4; i++) {
            subscriptions.work();
        }
        assertEquals(3_500, sent().size());
    }

    @Test
    void aReferenceIsLeftByTheLastOfThoseThatHeldItInWhateverOrderTheyGo() {
        var random = new Random(3);
        for (int round = 0; round < 20; round++) {
            var holding = new ArrayList<byte[]>();
            for (int i = 50; i < 100; i++) {
                hold(holding, i);
            }
            Collections.shuffle(holding, random);
            while (holding.size() > 25) {
                assertFalse(drop(holding.removeFirst()));
            }
            for (int i = 0; i < 50; i++) {
                hold(holding, i);
            }
            if (round > 0) {
                Collections.shuffle(holding, random);
            }
            while (!holding.isEmpty()) {
                assertEquals(holding.size() == 1, drop(holding.removeFirst()), "with " + holding.size() + " left, round " + round);
            }
        }
    }

    private void hold(List<byte[]> holding, int document) {
        holding.add(new byte[] {(byte) document});
        store.put(LookupKeys.referrer(REFERENCE, holding.getLast()), Stores.NONE);
        subscriptions.hold(REFERENCE, change());
    }

    @Test
    void everyHomeIsToldThoughMoreIsLeftAtOnceThanIsRemembered() {
        for (int i = 0; i < 12_500; i++) {
            var reference = LookupKeys.reference(3, new byte[] {(byte) (i >> 8), (byte) i});
            subscriptions.hold(reference, change());
            subscriptions.drop(reference, DOCUMENT);
        }
        sent();
        for (int i = 0; i < 6; i++) {
            commits.committed(0);
            subscriptions.work();
        }
        assertEquals(12_500, sent().stream().filter(Message.Unsubscribe.class::isInstance).count());
        subscriptions.work();
        assertEquals(List.of(), sent());
    }

    @Test
    void whoIsToldWhatItNeverAskedForSaysSo() {
        assertFalse(subscriptions.noticed(REFERENCE, notice(1, 5, new byte[0]), CAUSE));
        assertEquals(List.of(new Message.Unsubscribe(5, 10)), sent());
    }
}
