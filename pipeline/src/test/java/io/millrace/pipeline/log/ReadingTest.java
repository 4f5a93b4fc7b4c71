package io.millrace.pipeline.log;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertNull;

import java.time.Duration;
import org.junit.jupiter.api.Test;

class ReadingTest {

    private static final LogId ID = new LogId("cluster", "topic");
    private static final long NOW = 1_000_000_000_000L;
    private static final long DAY = Duration.ofDays(1).toMillis();

    private static Log log(long start, long end) {
        return new Log(ID, start, end, false, 3 * DAY);
    }

    private static Log compacted(long end) {
        return new Log(ID, 0, end, true, 7 * DAY);
    }

    private static Mark mark(long offset, long daysAgo) {
        return Mark.at(ID, offset, NOW - daysAgo * DAY);
    }

    /** What two looks come to. */
    private static Start opened(Reading reading, Log log, Mark mark, boolean known) {
        reading.open(log, mark, known, NOW);
        if (reading.start() == null) {
            reading.open(log, mark, known, NOW);
        }
        return reading.start();
    }

    private static long from(Start start) {
        return assertInstanceOf(Start.From.class, start, () -> start instanceof Start.Held held ? held.gap().what() : "nothing").offset();
    }

    private static Gap gap(Start start) {
        return assertInstanceOf(Start.Held.class, start).gap();
    }

    @Test
    void whatIsAsItShouldBeIsRead() {
        assertEquals(0, from(opened(Reading.ofGroup(null), log(0, 0), null, false)), "a new topic");
        assertEquals(0, from(opened(Reading.ofGroup(null), log(0, 9), null, true)), "a new topic of a group that has been there for long");
        assertEquals(4, from(opened(Reading.ofGroup(null), log(4, 9), null, false)), "the first start ever");
        assertEquals(7, from(opened(Reading.ofGroup(7L), log(4, 9), null, true)), "the first start of a version that leaves marks");
        assertEquals(7, from(opened(Reading.ofGroup(7L), log(7, 7), mark(5, 2), true)), "all was read, and its retention is over");
        assertEquals(3, from(opened(Reading.ofGroup(3L), log(0, 9), mark(5, 0), true)), "somebody wants it read again");
        assertEquals(5, from(opened(Reading.ofGroup(3L), log(5, 9), mark(5, 0), true)), "the offsets are older than the mark");
        assertEquals(5, from(opened(Reading.ofGroup(null), log(0, 9), mark(5, 0), true)), "the group's offsets were lost");
        assertEquals(9, from(opened(Reading.ofGroup(9L), compacted(9), mark(9, 30), true)), "away for long, and nothing came");
        assertEquals(5, from(opened(Reading.ofGroup(5L), compacted(9), mark(5, 6), true)), "away for less than deletions are kept");
    }

    @Test
    void whatIsMissingHoldsThePartition() {
        assertEquals(new Gap.Expired(5, 8), gap(opened(Reading.ofGroup(5L), log(8, 9), mark(5, 4), true)));
        assertEquals(new Gap.Expired(5, 8), gap(opened(Reading.ofGroup(null), log(8, 9), mark(5, 4), true)));
        assertEquals(new Gap.Expired(5, 8), gap(opened(Reading.ofGroup(5L), log(8, 9), null, false)), "also without a mark");
        assertEquals(new Gap.Expired(0, 8), gap(opened(Reading.ofGroup(null), log(8, 9), null, true)), "a table that came while the group was away");
        assertEquals(new Gap.Beyond(9, 4), gap(opened(Reading.ofGroup(9L), log(0, 4), null, false)));
        assertEquals(new Gap.Beyond(9, 4), gap(opened(Reading.ofGroup(3L), log(0, 4), mark(9, 0), true)), "offsets and log came back, the mark did not");
        assertEquals(new Gap.OtherTopic("before", "topic", 5), gap(opened(Reading.ofGroup(null), log(0, 4), Mark.at(new LogId("cluster", "before"), 5, NOW), true)));
        assertEquals(new Gap.OtherCluster("before", "cluster", 5), gap(opened(Reading.ofGroup(null), log(0, 4), Mark.at(new LogId("before", "topic"), 5, NOW), true)));
        assertEquals(new Gap.Gone(5), gap(opened(Reading.ofGroup(null), null, mark(5, 0), true)));
        assertInstanceOf(Gap.Stale.class, gap(opened(Reading.ofGroup(5L), compacted(9), mark(5, 8), true)));
    }

    @Test
    void oneLookAloneHoldsNothing() {
        var reading = Reading.ofGroup(9L);
        reading.open(log(0, 4), null, false, NOW);
        assertNull(reading.start());
        reading.open(log(0, 9), null, false, NOW);
        assertEquals(9, from(reading.start()));
        reading.check(null, 9, NOW);
        assertEquals(9, from(reading.start()));
        reading.check(log(0, 9), 9, NOW);
        reading.check(null, 9, NOW);
        assertEquals(9, from(reading.start()), "the looks that agree must follow each other");
        reading.check(null, 9, NOW);
        assertEquals(new Gap.Gone(9), gap(reading.start()));
    }

    @Test
    void aLogThatWentBackIsHeldAlsoWhenItHasGrownAgain() {
        var reading = Reading.ofGroup(9L);
        reading.open(log(0, 9), mark(9, 0), true, NOW);
        reading.check(log(0, 4), 9, NOW);
        reading.check(log(0, 4), 9, NOW);
        var kept = reading.due(NOW, Duration.ZERO, Duration.ZERO);
        assertEquals(new Gap.Beyond(9, 4), gap(opened(Reading.ofGroup(9L), log(0, 20), Mark.parse(kept.text()), true)), "after a restart too");
        reading.open(log(0, 20), kept, true, NOW);
        assertEquals(new Gap.Beyond(9, 4), gap(reading.start()));
        reading.open(log(0, 20), Mark.begin(ID, 0, NOW), true, NOW);
        assertEquals(0, from(reading.start()), "until a person decides");
    }

    @Test
    void aPersonsWordHoldsUntilTheGroupHasCommittedBehindIt() {
        var word = Mark.begin(ID, 8, NOW);
        var reading = Reading.ofGroup(5L);
        assertEquals(8, from(opened(reading, log(8, 9), word, true)));
        assertNull(reading.due(NOW, Duration.ZERO, Duration.ZERO), "the offset from before is still the one that is committed");
        reading.finished(9);
        assertEquals(Mark.at(ID, 9, NOW), reading.due(NOW, Duration.ZERO, Duration.ZERO));
        assertEquals(false, reading.isOverruled(word));
        assertEquals(true, reading.isOverruled(Mark.begin(ID, 8, NOW)));
    }

    @Test
    void theTimeUntilWhichAllIsReadAdvancesWithTheReaderAndTheShareOfTheRetentionFollows() {
        var reading = Reading.ofGroup(5L);
        reading.open(log(0, 9), mark(5, 1), true, NOW);
        reading.check(log(0, 9), 5, NOW);
        assertEquals(1 / 3.0, reading.used(), 0.001);
        reading.finished(9);
        reading.check(log(0, 12), 9, NOW + DAY);
        assertEquals(1 / 3.0, reading.used(), 0.001, "all that stood there at the look before is read");
        reading.finished(12);
        reading.check(log(0, 12), 12, NOW + 2 * DAY);
        assertEquals(0, reading.used());
        assertEquals(Mark.at(ID, 12, NOW + 2 * DAY), reading.due(NOW, Duration.ZERO, Duration.ZERO));
    }

    @Test
    void whatAStageWritesNeverEndsBeforeItsMark() {
        assertEquals(7, from(opened(Reading.ofWriter(), log(0, 7), null, false)));
        assertEquals(9, from(opened(Reading.ofWriter(), log(0, 9), mark(7, 9), true)));
        assertEquals(new Gap.Beyond(7, 3), gap(opened(Reading.ofWriter(), log(0, 3), mark(7, 0), true)));
        assertEquals(new Gap.Gone(7), gap(opened(Reading.ofWriter(), null, mark(7, 0), true)));
    }

    @Test
    void whatWasAcknowledgedSinceTheLastLookIsMissedToo() {
        var reading = Reading.ofWriter();
        reading.open(log(0, 5), null, false, NOW);
        reading.reached(8);
        reading.reached(7);
        reading.check(log(0, 8), 5, NOW);
        assertEquals(8, reading.finished());
        reading.reached(9);
        reading.check(log(0, 5), reading.finished(), NOW);
        reading.check(log(0, 5), reading.finished(), NOW);
        assertEquals(new Gap.Beyond(9, 5), gap(reading.start()));
    }

    @Test
    void aCompactedLogThatDoesNotBeginAtItsBeginLacksRecords() {
        var cut = new Log(ID, 4, 9, true, 7 * DAY);
        assertEquals(new Gap.Expired(0, 4), gap(opened(Reading.ofGroup(null), cut, null, false)), "also at the first start ever");
        assertEquals(new Gap.Expired(0, 4), gap(opened(Reading.ofWriter(), cut, mark(9, 0), true)), "a state that is to be made from it");
        assertEquals(7, from(opened(Reading.ofGroup(7L), cut, mark(7, 0), true)), "who has read it before knows what is gone");
    }

    @Test
    void whoFallsBehindForLongerThanDeletionsAreKeptIsHeldWhileItRuns() {
        var reading = Reading.ofGroup(5L);
        reading.open(compacted(9), mark(5, 0), true, NOW);
        reading.check(compacted(9), 5, NOW + 7 * DAY);
        assertEquals(5, from(reading.start()));
        reading.check(compacted(9), 6, NOW + 7 * DAY + 1);
        assertEquals(new Gap.Stale(6, 9, java.time.Instant.ofEpochMilli(NOW), Duration.ofDays(7)), gap(reading.start()), "at once, for it may have caught up before the next look");
    }

    @Test
    void whatAStageWritesCountsAsItIsOnceItWasSeenTo() {
        var reading = Reading.ofWriterAnew();
        assertInstanceOf(Start.Absent.class, opened(reading, null, mark(7, 0), true));
        assertEquals(2, from(opened(reading, log(0, 2), mark(7, 0), true)));
        assertEquals(Mark.at(ID, 2, NOW), reading.due(NOW, Duration.ZERO, Duration.ZERO), "and after a restart too");
        var cut = new Log(ID, 4, 9, true, 7 * DAY);
        var renewed = Reading.ofWriterAnew();
        opened(renewed, cut, mark(9, 0), true);
        renewed.check(cut, 9, NOW);
        renewed.check(cut, 9, NOW);
        assertEquals(9, from(renewed.start()), "also one whose begin is gone, or it would be seen to for ever");
    }

    @Test
    void aMarkSurvivesItsText() {
        for (var mark : new Mark[] {mark(5, 1), Mark.begin(ID, 8, NOW), Mark.beyond(ID, 9, NOW, 4)}) {
            assertEquals(mark, Mark.parse(mark.text()));
        }
    }
}
