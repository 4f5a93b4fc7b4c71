package io.millrace.values.row;

import io.millrace.values.bytes.ByteReader;
import io.millrace.values.bytes.ByteWriter;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import io.millrace.pipeline.file.Many.Aggregate.Function;
import java.nio.charset.StandardCharsets;
import java.util.function.Consumer;
import org.junit.jupiter.api.Test;

/** What Postgres answers to the same; ShapeIT asks it. */
class AggregationTest {

    private static byte[] cell(Consumer<ByteWriter> content) {
        var out = new ByteWriter(16);
        content.accept(out);
        return out.toBytes();
    }

    private static byte[] whole(long value) {
        return cell(out -> out.put(Cell.INTEGER).putZigzag(value));
    }

    private static byte[] exact(String value) {
        return cell(out -> out.put(Cell.NUMERIC).putBlock(value.getBytes(StandardCharsets.US_ASCII)));
    }

    private static byte[] floating(double value) {
        return cell(out -> out.put(Cell.DOUBLE).putLong(Double.doubleToLongBits(value)));
    }

    private static String result(Function function, byte[]... cells) {
        var aggregation = new Aggregation(function);
        for (var cell : cells) {
            aggregation.add(new ByteReader(cell));
        }
        var out = new ByteWriter(32);
        aggregation.end(out);
        return new String(out.toBytes(), StandardCharsets.UTF_8);
    }

    @Test
    void averagesHaveAsManyDigitsAsPostgresGivesThem() {
        assertEquals("1.5000000000000000", result(Function.AVERAGE, whole(1), whole(2)));
        assertEquals("1.00000000000000000000", result(Function.AVERAGE, whole(1), whole(1)));
        assertEquals("0.33333333333333333333", result(Function.AVERAGE, whole(0), whole(0), whole(1)));
        assertEquals("0.00000000000000000000", result(Function.AVERAGE, whole(0), exact("0.0")));
    }

    @Test
    void sumsKeepTheLargestScaleAndDoNotOverflow() {
        assertEquals("2.50", result(Function.SUM, exact("1.50"), exact("1.0")));
        assertEquals("18446744073709551615", result(Function.SUM, whole(Long.MAX_VALUE), whole(Long.MAX_VALUE), whole(1)));
        assertEquals("\"NaN\"", result(Function.SUM, exact("Infinity"), exact("-Infinity"), exact("1")));
        assertEquals("\"Infinity\"", result(Function.AVERAGE, exact("Infinity"), exact("1")));
        assertEquals("0.30000000000000004", result(Function.SUM, floating(0.1), floating(0.2)));
    }

    @Test
    void overNoRowsOrNullsAloneThereIsNothing() {
        byte[] none = {Cell.NULL};
        assertEquals("null", result(Function.SUM, none));
        assertEquals("null", result(Function.AVERAGE));
        assertEquals("null", result(Function.MIN, none, none));
        assertEquals("0", result(Function.COUNT, none));
        assertEquals("false", result(Function.EXISTS));
    }

    @Test
    void ofEqualValuesTheLaterIsTheLeast() {
        assertEquals("1.00", result(Function.MIN, exact("2"), exact("1.0"), exact("1.00")));
        assertEquals("2.0", result(Function.MAX, exact("2"), exact("2.0"), exact("1")));
        assertEquals("\"NaN\"", result(Function.MAX, floating(1), floating(Double.NaN), floating(2)));
    }

    @Test
    void aTextHasNoSum() {
        assertThrows(IllegalArgumentException.class, () -> result(Function.SUM, cell(out -> out.put(Cell.TEXT).putBlock(new byte[] {'x'}))));
    }
}
