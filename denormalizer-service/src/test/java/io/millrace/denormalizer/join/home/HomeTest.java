package io.millrace.denormalizer.join.home;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.millrace.denormalizer.join.lookup.LookupKeys;
import io.millrace.denormalizer.join.message.Message;
import io.millrace.denormalizer.join.state.CommitClock;
import io.millrace.denormalizer.join.state.Graves;
import io.millrace.pipeline.record.Position;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import org.apache.kafka.common.header.internals.RecordHeaders;
import org.apache.kafka.common.utils.Bytes;
import org.apache.kafka.streams.processor.api.MockProcessorContext;
import org.apache.kafka.streams.state.KeyValueStore;
import org.apache.kafka.streams.state.Stores;
import org.junit.jupiter.api.Test;

/** What the home of a reference tells its subscribers. */
class HomeTest {

    private static final byte[] REFERENCE = LookupKeys.reference(3, new byte[] {7, 8});
    private static final RecordHeaders CAUSE = new RecordHeaders();

    private final KeyValueStore<Bytes, byte[]> store = Stores.inMemoryKeyValueStore("s").get();
    private final List<Message> sent = new ArrayList<>();
    private final Home home = new Home(store, new Graves(store, new CommitClock().session(0), Duration.ofMinutes(1)), (to, message, cause) -> sent.add(message));

    HomeTest() {
        store.init(new MockProcessorContext<>().getStateStoreContext(), store);
    }

    private List<Message> sent() {
        var all = List.copyOf(sent);
        sent.clear();
        return all;
    }

    private static Position at(long commit) {
        return new Position(commit, 0);
    }

    @Test
    void aHomeTellsWhoHasSubscribedAndNobodyElse() {
        home.take(REFERENCE, new Message.Indexed(at(3), new byte[] {1}, new byte[0]), CAUSE);
        assertEquals(List.of(), sent());
        home.subscribe(REFERENCE, new Message.Subscribe(5, 10), CAUSE);
        var answer = (Message.Answer) sent().getFirst();
        assertEquals(1, answer.rows().size());
        assertTrue(answer.isLast());
        home.subscribe(REFERENCE, new Message.Subscribe(6, 11), CAUSE);
        home.unsubscribe(REFERENCE, new Message.Unsubscribe(5, 9));
        sent();
        home.take(REFERENCE, new Message.Indexed(at(4), new byte[] {1}, null), CAUSE);
        assertEquals(List.of(5, 6), sent().stream().map(m -> ((Message.Notice) m).partition()).toList());
        home.unsubscribe(REFERENCE, new Message.Unsubscribe(5, 10));
        home.take(REFERENCE, new Message.Indexed(at(4), new byte[] {1}, null), CAUSE);
        assertEquals(List.of(6), sent().stream().map(m -> ((Message.Notice) m).partition()).toList(), "an equal position is told again");
        home.subscribe(REFERENCE, new Message.Subscribe(6, 12), CAUSE);
        answer = (Message.Answer) sent().getFirst();
        assertEquals(List.of(), answer.rows());
        assertEquals(at(4), answer.position(), "what left counts for the version");
    }

    @Test
    void aHomeWithManyRowsAnswersInPiecesOfBoundedSize() {
        for (int i = 0; i < 1_000; i++) {
            home.take(REFERENCE, new Message.Indexed(at(3), new byte[] {1, (byte) (i >> 8), (byte) i}, new byte[1_000]), CAUSE);
        }
        home.subscribe(REFERENCE, new Message.Subscribe(5, 10), CAUSE);
        var pieces = sent().stream().map(m -> (Message.Answer) Message.decode(Message.encode(m))).toList();
        assertTrue(pieces.stream().allMatch(p -> Message.encode(p).length < 80 << 10));
        assertEquals(1_000, pieces.stream().mapToInt(p -> p.rows().size()).sum());
        assertEquals(1, pieces.stream().filter(Message.Answer::isLast).count());
        assertTrue(pieces.getLast().isLast());
    }

    @Test
    void aRowsHomeKeyTellsItsReference() {
        var at = HomeKeys.row(REFERENCE, new byte[] {9, 9});
        assertEquals(Bytes.wrap(REFERENCE), Bytes.wrap(HomeKeys.referenceOf(at)));
        assertEquals(3, LookupKeys.indexOf(REFERENCE));
    }
}
