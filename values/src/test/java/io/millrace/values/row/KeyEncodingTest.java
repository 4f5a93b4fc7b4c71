package io.millrace.values.row;

import io.millrace.values.bytes.ByteWriter;
import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;

import java.math.BigDecimal;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;

class KeyEncodingTest {

    private static byte[] numeric(String text) {
        var out = new ByteWriter(32);
        KeyEncoding.numeric(text, out);
        return out.toBytes();
    }

    private static byte[] key(java.util.function.Consumer<ByteWriter> cell) {
        var cells = new ByteWriter(32);
        cell.accept(cells);
        return KeyEncoding.key(new Row(cells.toBytes(), 1), new int[] {0}, new ByteWriter(32));
    }

    @Test
    void numericsAreEqualAsNumbersNotAsText() {
        assertArrayEquals(numeric("1.0"), numeric("1.00"));
        assertArrayEquals(numeric("100"), numeric("100.000"));
        assertArrayEquals(numeric("-0.50"), numeric("-0.5"));
        assertArrayEquals(numeric("0.00"), numeric("0"));
    }

    @Test
    void numericsSortAsNumbers() {
        var random = new Random(3);
        var texts = new java.util.ArrayList<>(List.of("0", "1", "-1", "10", "0.1", "0.01", "-0.01", "99", "100", "101", "-99", "-100", "1e".replace("e", "")));
        for (int i = 0; i < 500; i++) {
            texts.add(BigDecimal.valueOf(random.nextLong(), random.nextInt(30)).toPlainString());
        }
        for (var a : texts) {
            for (var b : texts) {
                assertEquals(Integer.signum(new BigDecimal(a).compareTo(new BigDecimal(b))), Integer.signum(Arrays.compareUnsigned(numeric(a), numeric(b))), a + " and " + b);
            }
        }
        assertEquals(-1, Integer.signum(Arrays.compareUnsigned(numeric("-Infinity"), numeric("-" + "9".repeat(1000)))));
        assertEquals(1, Integer.signum(Arrays.compareUnsigned(numeric("NaN"), numeric("Infinity"))));
    }

    @Test
    void integersSortAsNumbers() {
        long[] sorted = {Long.MIN_VALUE, -5, -1, 0, 1, 255, 256, Long.MAX_VALUE};
        for (int i = 1; i < sorted.length; i++) {
            long low = sorted[i - 1];
            long high = sorted[i];
            assertEquals(-1, Integer.signum(Arrays.compareUnsigned(key(c -> c.put(Cell.INTEGER).putZigzag(low)), key(c -> c.put(Cell.INTEGER).putZigzag(high)))));
        }
    }

    @Test
    void minusZeroEqualsZero() {
        assertArrayEquals(key(c -> c.put(Cell.DOUBLE).putLong(Double.doubleToLongBits(-0.0))), key(c -> c.put(Cell.DOUBLE).putLong(0)));
    }

    @Test
    void blanksAtTheEndOfPaddedTextDoNotCount() {
        assertArrayEquals(key(c -> c.put(Cell.PADDED).putBlock("ab".getBytes())), key(c -> c.put(Cell.PADDED).putBlock("ab   ".getBytes())));
    }

    @Test
    void aKeyWithNullIsNoKey() {
        assertEquals(null, key(c -> c.put(Cell.NULL)));
    }
}
