package io.millrace.capture.engine;

import static org.junit.jupiter.api.Assertions.assertEquals;

import io.millrace.pipeline.file.TableName;
import java.util.Set;
import org.junit.jupiter.api.Test;

class LeftOutTest {

    private static final TableName TABLE = new TableName("public", "thing");

    private final LeftOut tables = new LeftOut();

    @Test
    void aTableIsTriedAgainOnceTheStreamIsPastWhatCouldNotBeRead() {
        tables.add(TABLE, "no", 100);
        assertEquals(Set.of(), tables.passed(100));
        assertEquals(Set.of(TABLE), tables.passed(101));
        assertEquals(Set.of(TABLE), tables.all());
        tables.takeBack(Set.of(TABLE));
        assertEquals(Set.of(), tables.passed(101));
    }

    @Test
    void oneThatFailsAnewWaitsBeforeItIsTriedByItself() {
        tables.add(TABLE, "no", 100);
        tables.takeBack(Set.of(TABLE));
        tables.add(TABLE, "no", 200);
        assertEquals(Set.of(), tables.passed(201));
        assertEquals(Set.of(TABLE), tables.all(), "a person need not wait");
    }
}
