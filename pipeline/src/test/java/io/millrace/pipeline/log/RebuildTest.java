package io.millrace.pipeline.log;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.stream.Stream;
import org.apache.kafka.common.TopicPartition;
import org.junit.jupiter.api.Test;

class RebuildTest {

    private static final Gap GONE = new Gap.Gone(7);
    private static final Gap ANEW = new Gap.OtherTopic("one", "another", 7);
    private static final Gap BEHIND = new Gap.Expired(7, 9);
    private static final Gap BEYOND = new Gap.Beyond(7, 5);
    private static final Gap STALE = new Gap.Stale(7, 9, Instant.EPOCH, Duration.ofDays(1));
    private static final Gap ELSEWHERE = new Gap.OtherCluster("one", "another", 7);
    private static final List<Gap> ALL = List.of(GONE, ANEW, BEHIND, BEYOND, STALE, ELSEWHERE);

    private static List<Gap> mended(String topic) {
        return ALL.stream().filter(gap -> Rebuild.isMendedFromRows(new TopicPartition(topic, 0), gap)).toList();
    }

    @Test
    void whatAJoinMadeFromItsRowsIsMadeAgainFromThem() {
        Stream.of("millrace-denormalizer-orders-documents-changelog", "millrace-denormalizer-orders-exchange").forEach(topic -> assertEquals(List.of(GONE, ANEW, BEHIND, BEYOND, STALE), mended(topic)));
        assertEquals(List.of(GONE, ANEW, BEYOND, STALE), mended("documents.orders"), "no index can be made of documents that begin later");
    }

    @Test
    void rowsThatAreMissingAreReadFromTheDatabaseAndRequestsAreNowhere() {
        for (var topic : List.of("rows.shop.public.orders", "rows.shop.millrace.outboxevent")) {
            assertEquals(List.of(STALE), mended(topic));
        }
        assertEquals(List.of(GONE, ANEW, BEHIND, BEYOND), ALL.stream().filter(gap -> Rebuild.lacksRows(new TopicPartition("rows.shop.public.orders", 0), gap)).toList());
        assertEquals(List.of(), ALL.stream().filter(gap -> Rebuild.lacksRows(new TopicPartition("rows.shop.millrace.outboxevent", 0), gap)).toList());
    }
}
