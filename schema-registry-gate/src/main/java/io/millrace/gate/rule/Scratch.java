package io.millrace.gate.rule;

import java.util.IdentityHashMap;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * What matching texts needs and uses again, so that a value costs no object. One thread's own.
 *
 * <p>Patterns come from a reviewed file, values from anywhere: a pattern that would search a value for ever is given up.
 */
public final class Scratch {

    /** Looks at characters of one value; some milliseconds' worth. */
    private static final long MOST_LOOKS = 1_000_000;
    private static final int LONGEST_KEPT = 1 << 16;

    private final Map<Pattern, Matcher> matchers = new IdentityHashMap<>();
    private final Text text = new Text();

    /** What is wrong with a text in UTF-8, null where the pattern matches the whole of it. */
    String matches(Pattern pattern, byte[] bytes, int from, int to) {
        text.set(bytes, from, to);
        var matcher = matchers.computeIfAbsent(pattern, p -> p.matcher(text));
        try {
            return matcher.reset(text).matches() ? null : "no match";
        } catch (TooManyLooksException | StackOverflowError e) {
            return "matching given up";
        }
    }

    private static final class TooManyLooksException extends RuntimeException {
        private static final long serialVersionUID = 1L;

        TooManyLooksException() {
            super("The pattern looks at the value too often", null, false, false);
        }
    }

    private static final class Text implements CharSequence {
        private char[] chars = new char[256];
        private int length;
        private long looks;

        void set(byte[] bytes, int from, int to) {
            if (chars.length < to - from || chars.length > LONGEST_KEPT) {
                chars = new char[Math.max(256, to - from)];
            }
            length = 0;
            looks = 0;
            int at = from;
            while (at < to) {
                int b = bytes[at];
                int more = b >= 0 ? 0 : b >= (byte) 0xF0 ? 3 : b >= (byte) 0xE0 ? 2 : 1;
                int point = more == 0 ? b : b & 0x3F >> more;
                for (int i = 1; i <= more && at + i < to; i++) {
                    point = point << 6 | bytes[at + i] & 0x3F;
                }
                at += 1 + more;
                add(point);
            }
        }

        private void add(int point) {
            if (point <= Character.MAX_VALUE) {
                chars[length++] = (char) point;
            } else {
                chars[length++] = Character.highSurrogate(point);
                chars[length++] = Character.lowSurrogate(point);
            }
        }

        @Override
        public int length() {
            return length;
        }

        @Override
        public char charAt(int index) {
            if (++looks > MOST_LOOKS) {
                throw new TooManyLooksException();
            }
            return chars[index];
        }

        @Override
        public CharSequence subSequence(int start, int end) {
            return new String(chars, start, end - start);
        }

        @Override
        public String toString() {
            return new String(chars, 0, length);
        }
    }
}
