package io.millrace.console.live;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.util.Map;
import java.util.Set;
import org.junit.jupiter.api.Test;

class MatrixTest {

    private static final float NONE = Float.NaN;
    private static final Grid GRID = new Grid(100, 10, 4);
    private static final Question STAGES = new Question("x", "stage", Map.of("gate", "rate.gate", "join", "rate.join"));

    @Test
    void eachValueStandsAtItsPointAndWhatIsNotGivenIsAGap() throws IOException {
        var read = read(STAGES, series("{\"stage\":\"gate\"}", "[100,\"1.5\"],[120,\"0\"],[130,\"NaN\"]") + "," + series("{\"stage\":\"join\"}", "[110,\"+Inf\"],[130,\"1e3\"]"));
        assertEquals(Set.of("rate.gate", "rate.join"), read.keySet());
        assertArrayEquals(new float[] {1.5f, NONE, 0, NONE}, read.get("rate.gate"));
        assertArrayEquals(new float[] {NONE, NONE, NONE, 1000}, read.get("rate.join"));
    }

    @Test
    void whatWasNotAskedForIsLeftOut() throws IOException {
        var read = read(STAGES, series("{\"stage\":\"<b>\"}", "[100,\"1\"]") + "," + series("{}", "[100,\"1\"]") + ",7," + series("{\"stage\":\"gate\"}", "[90,\"1\"],[140,\"1\"],[\"x\",\"1\"],[110],7,[110,\"much\"],[1e300,\"1\"]"));
        assertEquals(Set.of("rate.gate"), read.keySet());
        assertArrayEquals(new float[] {NONE, NONE, NONE, NONE}, read.get("rate.gate"));
    }

    /** As a front end answers that moves what is asked for to multiples of the step. */
    @Test
    void whatIsBesideAPointByLessThanHalfAStepIsAtThatPoint() throws IOException {
        assertArrayEquals(new float[] {1, 2, 3, 4}, read(STAGES, series("{\"stage\":\"gate\"}", "[96,\"1\"],[106,\"2\"],[116.5,\"3\"],[126,\"4\"],[136,\"5\"]")).get("rate.gate"));
    }

    @Test
    void oneSeriesWithoutALabelIsTheFigure() throws IOException {
        assertArrayEquals(new float[] {2, NONE, NONE, NONE}, read(new Question("x", "", Map.of("", "behind")), series("{}", "[100,\"2\"]")).get("behind"));
    }

    @Test
    void whatIsNoAnswerIsSaidInASentenceThatEnds() {
        assertEquals("it answers HTTP 502 and no JSON", refused(502, "<html>"));
        assertEquals("it answers HTTP 404", refused(404, "{}"));
        assertEquals("it answers HTTP 200", refused(200, "[]"));
        assertEquals("it answers query timed out", refused(503, "{\"status\":\"error\",\"errorType\":\"timeout\",\"error\":\"query timed out\"}"));
        assertEquals("its answer is no matrix of values", refused(200, "{\"status\":\"success\",\"data\":{\"resultType\":\"vector\",\"result\":[]}}"));
        assertEquals("its answer is no matrix of values", refused(200, "{\"status\":\"success\",\"data\":{\"resultType\":\"matrix\"}}"));
        var endless = refused(400, "{\"status\":\"error\",\"error\":\"" + "x".repeat(5_000) + "\"}");
        assertTrue(endless.length() < 250 && endless.endsWith("…"), endless);
    }

    private static String refused(int status, String body) {
        return assertThrows(IOException.class, () -> Matrix.read(new ObjectMapper(), status, body, STAGES, GRID)).getMessage();
    }

    private static Map<String, float[]> read(Question question, String series) throws IOException {
        return Matrix.read(new ObjectMapper(), 200, "{\"status\":\"success\",\"data\":{\"resultType\":\"matrix\",\"result\":[" + series + "]}}", question, GRID);
    }

    private static String series(String metric, String values) {
        return "{\"metric\":" + metric + ",\"values\":[" + values + "]}";
    }
}
