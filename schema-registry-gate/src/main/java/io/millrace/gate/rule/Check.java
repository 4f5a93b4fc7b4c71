package io.millrace.gate.rule;

import java.util.Arrays;
import java.util.regex.Pattern;

/** Judges one value by its Avro bytes, which are known to be readable and not null. Immutable. */
sealed interface Check {

    /**
     * What kind of value breaks the rule, in words that do not give the value away; null where it keeps it.
     *
     * @param from where the value begins
     * @param to where it ends
     */
    String breach(byte[] bytes, int from, int to, Scratch scratch);

    /** Anything; null is judged before. */
    record Present() implements Check {
        @Override
        public String breach(byte[] bytes, int from, int to, Scratch scratch) {
            return null;
        }
    }

    /** A whole number, a date or a time. */
    record WholeRange(long min, long max) implements Check {
        @Override
        public String breach(byte[] bytes, int from, int to, Scratch scratch) {
            long value = Varint.decode(bytes, from);
            return value < min ? "below" : value > max ? "above" : null;
        }
    }

    /** A floating-point number; one that is none is out of every range. */
    record RealRange(double min, double max) implements Check {
        @Override
        public String breach(byte[] bytes, int from, int to, Scratch scratch) {
            double value = to - from == Float.BYTES ? Float.intBitsToFloat((int) little(bytes, from, to)) : Double.longBitsToDouble(little(bytes, from, to));
            return Double.isNaN(value) ? "no number" : value < min ? "below" : value > max ? "above" : null;
        }

        private static long little(byte[] bytes, int from, int to) {
            long bits = 0;
            for (int i = to - 1; i >= from; i--) {
                bits = bits << 8 | bytes[i] & 0xFF;
            }
            return bits;
        }
    }

    /**
     * A number that travels as its digits.
     *
     * @param min digits too, null for no bound
     */
    record DigitsRange(byte[] min, byte[] max) implements Check {
        @Override
        public String breach(byte[] bytes, int from, int to, Scratch scratch) {
            int begin = Varint.end(bytes, from);
            if (!Digits.is(bytes, begin, to)) {
                return "no number";
            }
            if (min != null && Digits.compare(bytes, begin, to, min, 0, min.length) < 0) {
                return "below";
            }
            return max != null && Digits.compare(bytes, begin, to, max, 0, max.length) > 0 ? "above" : null;
        }
    }

    /** A text that matches as a whole. */
    record Matching(Pattern pattern) implements Check {
        @Override
        public String breach(byte[] bytes, int from, int to, Scratch scratch) {
            return scratch.matches(pattern, bytes, Varint.end(bytes, from), to);
        }
    }

    /** One of some texts, in UTF-8. */
    record ListedText(byte[][] allowed) implements Check {
        @Override
        public String breach(byte[] bytes, int from, int to, Scratch scratch) {
            int begin = Varint.end(bytes, from);
            for (var text : allowed) {
                if (Arrays.equals(text, 0, text.length, bytes, begin, to)) {
                    return null;
                }
            }
            return "not listed";
        }
    }

    /** One of some whole numbers. */
    record ListedWhole(long[] allowed) implements Check {
        @Override
        public String breach(byte[] bytes, int from, int to, Scratch scratch) {
            long value = Varint.decode(bytes, from);
            for (long number : allowed) {
                if (number == value) {
                    return null;
                }
            }
            return "not listed";
        }
    }

    /**
     * A text of few characters, counted as Postgres counts them, or few bytes.
     *
     * @param text whether characters are counted
     */
    record Longest(int most, boolean text) implements Check {
        @Override
        public String breach(byte[] bytes, int from, int to, Scratch scratch) {
            int begin = Varint.end(bytes, from);
            if (to - begin <= most) {
                return null;
            }
            int length = to - begin;
            for (int i = begin; text && i < to; i++) {
                // Every character has one byte that does not continue another.
                length -= (bytes[i] & 0xC0) == 0x80 ? 1 : 0;
            }
            return length <= most ? null : "too long";
        }
    }
}
