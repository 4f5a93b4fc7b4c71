package io.millrace.capture.engine;

import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.EOFException;
import java.sql.SQLException;
import org.junit.jupiter.api.Test;

class PassingTest {

    private static EngineException by(Throwable cause) {
        return new EngineException("it ended", new IllegalStateException(cause));
    }

    @Test
    void troubleOfServersAndConnectionsSaysNothingOfTheLog() {
        for (var state : new String[] {"08006", "53200", "55P03", "57014", "57P01", "58030", "XX000", null}) {
            assertTrue(Passing.is(by(new SQLException("no", state))), state);
        }
        assertTrue(Passing.is(by(new EOFException())));
        assertTrue(Passing.is(by(new StartException("again"))));
    }

    @Test
    void whatAServerCannotReadOfItsOwnMayStayAndAServerThatIsAwayMayNot() {
        for (var state : new String[] {"XX000", "XX001", "58P01", "58030", "55000"}) {
            assertTrue(Passing.mayStay(by(new SQLException("no", state))), state);
        }
        for (var state : new String[] {"08006", "28P01", "40P01", "53200", "55006", "57P01", "", null}) {
            assertFalse(Passing.mayStay(by(new SQLException("no", state))), state);
        }
        assertFalse(Passing.mayStay(by(new EOFException())));
    }

    @Test
    void whatIsWrongWithTheQuestionOrTheValueStays() {
        assertFalse(Passing.is(by(new SQLException("no such column", "42703"))));
        assertFalse(Passing.is(by(new IllegalArgumentException("no date"))));
    }
}
