package io.millrace.indexer.quarantine;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.millrace.pipeline.record.Headers;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Set;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.junit.jupiter.api.Test;

class ShelfTest {

    private static final String INDEX = "monitors-000001";

    private long next;

    private ConsumerRecord<byte[], byte[]> record(String id, String value) {
        var record = new ConsumerRecord<>("quarantine.documents.monitors", 0, next++, id.getBytes(StandardCharsets.UTF_8), value == null ? null : value.getBytes(StandardCharsets.UTF_8));
        record.headers().add(Quarantine.INDEX, Headers.bytes(INDEX));
        return record;
    }

    private ConsumerRecord<byte[], byte[]> parked(String id) {
        var record = record(id, "{}");
        record.headers().add(Quarantine.ORIGIN, Headers.bytes("0:7"));
        record.headers().add(Headers.VERSION, Headers.bytes(1L));
        return record;
    }

    private ConsumerRecord<byte[], byte[]> about(String id, long place, String header, String says) {
        var record = record(id, null);
        record.headers().add(header, Headers.bytes(says));
        record.headers().add(Quarantine.PLACE, Headers.bytes(Long.toString(place)));
        return record;
    }

    private static List<String> ids(Shelf shelf) {
        return shelf.places().stream().map(place -> place.id() + (place.asked() ? " asked" : "")).toList();
    }

    @Test
    void aDocumentStandsThereUntilItIsSettled() {
        var shelf = new Shelf(10, Set.of());
        shelf.take(parked("a"));
        shelf.take(parked("b"));
        shelf.take(about("a", 0, Quarantine.DECISION, "replay"));
        assertEquals(List.of("a asked", "b"), ids(shelf));
        shelf.take(about("a", 0, Quarantine.SETTLED, "REPLAYED"));
        assertEquals(List.of("b"), ids(shelf));
    }

    @Test
    void whatWasDecidedAboutOneThatStoodThereBeforeIsNotAboutTheOneOfNow() {
        var shelf = new Shelf(10, Set.of());
        shelf.take(parked("a"));
        shelf.take(about("a", 0, Quarantine.DECISION, "replay"));
        shelf.take(parked("a"));
        assertEquals(List.of("a"), ids(shelf), "it was refused again");
        shelf.take(about("a", 0, Quarantine.SETTLED, "REFUSED"));
        shelf.take(about("a", 0, Quarantine.DECISION, "replay"));
        assertEquals(List.of("a"), ids(shelf));
        shelf.take(about("a", 2, Quarantine.SETTLED, "DISCARDED"));
        assertEquals(List.of(), ids(shelf));
    }

    @Test
    void noMoreThanSoManyAreRememberedAndThatIsSaid() {
        var shelf = new Shelf(2, Set.of());
        for (int i = 0; i < 1_000; i++) {
            shelf.take(parked("d" + i));
        }
        assertEquals(List.of("d0", "d1"), ids(shelf));
        assertTrue(shelf.isMore());
        var one = new Shelf(2, Set.of("d7"));
        for (int i = 0; i < 1_000; i++) {
            one.take(parked("d" + i));
        }
        assertEquals(List.of("d7"), ids(one));
        assertFalse(one.isMore());
    }

    @Test
    void whatTheTopicHasNoMoreStandsThereNoMore() {
        var shelf = new Shelf(10, Set.of());
        shelf.take(parked("a"));
        shelf.take(parked("b"));
        shelf.take(parked("c"));
        shelf.forget(1, 9);
        assertEquals(3, shelf.size(), "that was another partition");
        shelf.forget(0, 2);
        assertEquals(List.of("c"), ids(shelf));
        assertEquals(1, shelf.size());
    }
}
