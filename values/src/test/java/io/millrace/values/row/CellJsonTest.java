package io.millrace.values.row;

import io.millrace.values.bytes.ByteWriter;
import static org.junit.jupiter.api.Assertions.assertEquals;

import java.nio.charset.StandardCharsets;
import java.util.function.Consumer;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class CellJsonTest {

    private static String json(Consumer<ByteWriter> cell) {
        var cells = new ByteWriter(32);
        cell.accept(cells);
        var out = new ByteWriter(32);
        CellJson.append(new Row(cells.toBytes(), 1), 0, out);
        return new String(out.toBytes(), StandardCharsets.UTF_8);
    }

    /** The right column is what PostgreSQL 18 prints. */
    @ParameterizedTest
    @CsvSource({"0.1,0.1", "1e20,1e+20", "1e15,1e+15", "1e14,100000000000000", "123456789012345.6,123456789012345.6", "1e-4,0.0001", "1e-5,1e-05", "-2.5e-7,-2.5e-07", "100000,100000", "1e300,1e+300", "0,0", "-0.0,-0", "4.1894709733691917e17,4.1894709733691917e+17", "-4.1894709733691917e17,-4.1894709733691917e+17",
        "5e-324,5e-324", "-5e-324,-5e-324", "1e-323,1e-323", "1.5e-323,1.5e-323", "2.225073858507201e-308,2.225073858507201e-308", "2.2250738585072014e-308,2.2250738585072014e-308"})
    void doublesLookAsInPostgres(double value, String text) {
        assertEquals(text, json(c -> c.put(Cell.DOUBLE).putLong(Double.doubleToLongBits(value))));
    }

    @ParameterizedTest
    @CsvSource({"1e6,1e+06", "100000,100000", "0.1,0.1", "16777216,1.6777216e+07", "1e-5,1e-05", "1e-45,1e-45", "-3e-45,-3e-45", "4e-45,4e-45", "1.1754942e-38,1.1754942e-38", "1.17549435e-38,1.1754944e-38"})
    void floatsLookAsInPostgres(float value, String text) {
        assertEquals(text, json(c -> c.put(Cell.FLOAT).putInt(Float.floatToIntBits(value))));
    }

    @Test
    void numbersThatJsonDoesNotHaveAreTexts() {
        assertEquals("\"NaN\"", json(c -> c.put(Cell.DOUBLE).putLong(Double.doubleToLongBits(Double.NaN))));
        assertEquals("\"-Infinity\"", json(c -> c.put(Cell.NUMERIC).putBlock("-Infinity".getBytes())));
    }

    @Test
    void timesAreInUtcWithMicroseconds() {
        assertEquals("\"1970-01-01T00:00:00.000001Z\"", json(c -> c.put(Cell.TIMESTAMP).putZigzag(1)));
        assertEquals("\"1969-12-31T23:59:59.999999Z\"", json(c -> c.put(Cell.TIMESTAMP).putZigzag(-1)));
        assertEquals("\"infinity\"", json(c -> c.put(Cell.TIMESTAMP).putZigzag(Long.MAX_VALUE)));
        assertEquals("\"-infinity\"", json(c -> c.put(Cell.DATE).putZigzag(Long.MIN_VALUE)));
        assertEquals("\"2024-02-29\"", json(c -> c.put(Cell.DATE).putZigzag(19782)));
    }

    @Test
    void controlCharactersQuotesAndBackslashesAreEscapedAndNothingElse() {
        assertEquals("\"a\\\"\\\\\\n\\u0001/é\uD83D\uDE00\"", json(c -> c.put(Cell.TEXT).putBlock("a\"\\\n\u0001/é\uD83D\uDE00".getBytes(StandardCharsets.UTF_8))));
    }
}
