package io.millrace.denormalizer.join.render;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.millrace.pipeline.record.Headers;
import io.millrace.pipeline.record.Position;
import org.apache.kafka.common.header.internals.RecordHeaders;
import org.junit.jupiter.api.Test;

class CloudEventsTest {

    private final CloudEvents events = new CloudEvents("monitors");

    @Test
    void aDocumentIsDescribedByWhatItsHeadersTell() {
        var headers = described("1", 900, 1_769_860_800_000_001L, 1_769_860_800_500_000L, false);
        assertEquals("1.0", Headers.text(headers, "ce_specversion"));
        assertEquals("io.millrace.document.changed", Headers.text(headers, "ce_type"));
        assertEquals("/millrace/pipelines/monitors", Headers.text(headers, "ce_source"));
        assertEquals("1", Headers.text(headers, "ce_subject"));
        assertEquals("2026-01-31T12:00:00.000001Z", Headers.text(headers, "ce_time"));
        assertEquals("00000000000000000900", Headers.text(headers, "ce_sequence"));
        assertEquals("application/json", Headers.text(headers, "content-type"));
    }

    @Test
    void aDeleteHasNoContent() {
        var headers = described("1", 900, 1, 2, true);
        assertEquals("io.millrace.document.deleted", Headers.text(headers, "ce_type"));
        assertNull(Headers.text(headers, "content-type"));
    }

    @Test
    void theTimeIsThatOfTheJoinWhereNoCommitIsKnown() {
        var headers = new RecordHeaders();
        headers.add(Headers.JOINED, Headers.bytes(1_769_860_800_000_000L));
        events.describe(headers, "1", new Position(900, 0), false);
        assertEquals("2026-01-31T12:00:00Z", Headers.text(headers, "ce_time"));
    }

    @Test
    void sequencesAreOrderedAsTextAndWhatIsEmittedAgainHasAnotherId() {
        var earlier = described("1", 900, 1, 2, false);
        var later = described("1", 10_000, 1, 2, false);
        var again = described("1", 10_000, 1, 3, false);
        assertTrue(Headers.text(earlier, "ce_sequence").compareTo(Headers.text(later, "ce_sequence")) < 0);
        assertNotEquals(Headers.text(later, "ce_id"), Headers.text(again, "ce_id"));
    }

    private org.apache.kafka.common.header.Headers described(String id, long commit, long committed, long joined, boolean isDelete) {
        var headers = new RecordHeaders();
        headers.add(Headers.COMMITTED, Headers.bytes(committed));
        headers.add(Headers.JOINED, Headers.bytes(joined));
        events.describe(headers, id, new Position(commit, 0), isDelete);
        return headers;
    }
}
