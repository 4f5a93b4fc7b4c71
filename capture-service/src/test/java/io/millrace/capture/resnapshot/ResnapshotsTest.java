package io.millrace.capture.resnapshot;

import static org.junit.jupiter.api.Assertions.assertEquals;

import io.millrace.capture.continuity.Resnapshot;
import io.millrace.capture.subject.Reading;
import io.millrace.pipeline.file.TableName;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.junit.jupiter.api.Test;

class ResnapshotsTest {

    private static final TableName NOTE = new TableName("public", "note");
    private static final Resnapshot ERASING = Resnapshot.of(new Reading(NOTE, "person", "author_id", 7));

    @Test
    void aReadingOfTheWholeTableDoesNotStandForOneOfAnErasure() {
        var whole = Resnapshot.of(NOTE, null, true, 100, 0).begun(110, 6_000).with(List.of("50"), 50);
        assertEquals(List.of(whole, ERASING), Resnapshots.next(List.of(whole, ERASING), Map.of(NOTE, 100L), Set.of(), Set.of(NOTE), all -> true), "it may be past the rows");
        assertEquals(List.of(ERASING), Resnapshots.next(List.of(ERASING), Map.of(), Set.of(), Set.of(NOTE), all -> true));
        assertEquals(List.of(ERASING, Resnapshot.of(NOTE, null, true, 100, 0)), Resnapshots.next(List.of(ERASING), Map.of(NOTE, 100L), Set.of(), Set.of(NOTE), all -> true));
    }

    @Test
    void aTableThatIsReadBeforeTheStreamOrIsNotStreamedIsNotReadForAnErasure() {
        assertEquals(List.of(), Resnapshots.next(List.of(ERASING), Map.of(), Set.of(NOTE), Set.of(NOTE), all -> true));
        assertEquals(List.of(), Resnapshots.next(List.of(ERASING), Map.of(), Set.of(), Set.of(), all -> true));
        assertEquals(List.of(), Resnapshots.next(List.of(ERASING), Map.of(), Set.of(), Set.of(NOTE), none -> false), "no file names the place any more");
    }
}
