package io.millrace.gate.rule;

/** Decimal numbers as ASCII text without an exponent, the form in which Postgres writes {@code numeric}; any number of digits. */
final class Digits {

    private Digits() {}

    /** Whether it is such a number; {@code NaN} and the infinities are none. */
    static boolean is(byte[] text, int from, int to) {
        int at = from < to && text[from] == '-' ? from + 1 : from;
        int digits = 0;
        boolean point = false;
        for (; at < to; at++) {
            if (text[at] == '.' && !point) {
                point = true;
            } else if (text[at] < '0' || text[at] > '9') {
                return false;
            } else {
                digits++;
            }
        }
        return digits > 0;
    }

    /** Compares two such numbers by value. */
    static int compare(byte[] a, int aFrom, int aTo, byte[] b, int bFrom, int bTo) {
        int aSign = sign(a, aFrom, aTo);
        int bSign = sign(b, bFrom, bTo);
        if (aSign != bSign || aSign == 0) {
            return Integer.compare(aSign, bSign);
        }
        return aSign * magnitude(a, firstDigit(a, aFrom, aTo), aTo, b, firstDigit(b, bFrom, bTo), bTo);
    }

    private static int sign(byte[] text, int from, int to) {
        for (int i = from; i < to; i++) {
            if (text[i] >= '1' && text[i] <= '9') {
                return text[from] == '-' ? -1 : 1;
            }
        }
        return 0;
    }

    /** Past the sign and leading zeros. */
    private static int firstDigit(byte[] text, int from, int to) {
        int at = from;
        while (at < to && (text[at] == '-' || text[at] == '0')) {
            at++;
        }
        return at;
    }

    private static int magnitude(byte[] a, int aFrom, int aTo, byte[] b, int bFrom, int bTo) {
        int aPoint = point(a, aFrom, aTo);
        int bPoint = point(b, bFrom, bTo);
        if (aPoint - aFrom != bPoint - bFrom) {
            return Integer.compare(aPoint - aFrom, bPoint - bFrom);
        }
        int longest = Math.max(aTo - aFrom, bTo - bFrom);
        for (int i = 0; i < longest; i++) {
            int difference = digit(a, aFrom + i, aTo) - digit(b, bFrom + i, bTo);
            if (difference != 0) {
                return Integer.signum(difference);
            }
        }
        return 0;
    }

    private static int point(byte[] text, int from, int to) {
        int at = from;
        while (at < to && text[at] != '.') {
            at++;
        }
        return at;
    }

    /** The points of both stand at the same place, so what they count as does not matter; a digit that is not written is 0. */
    private static int digit(byte[] text, int at, int to) {
        return at < to && text[at] != '.' ? text[at] - '0' : 0;
    }
}
