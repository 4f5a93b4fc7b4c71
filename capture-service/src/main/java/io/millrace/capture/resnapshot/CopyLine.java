package io.millrace.capture.resnapshot;

import java.nio.charset.StandardCharsets;

/**
 * Reads lines of COPY's text format.
 *
 * @see <a href="https://www.postgresql.org/docs/current/sql-copy.html#SQL-COPY-FILE-FORMATS">file formats of COPY</a>
 */
final class CopyLine {

    private CopyLine() {}

    /**
     * The values of one line, null for null.
     *
     * @param line in UTF-8, with its end; of no use behind this
     * @param columns that it has
     */
    static String[] values(byte[] line, int columns) {
        var values = new String[columns];
        int from = 0;
        for (int i = 0; i < columns; i++) {
            int end = from;
            boolean escaped = false;
            while (line[end] != '\t' && line[end] != '\n') {
                escaped |= line[end] == '\\';
                end++;
            }
            values[i] = escaped ? unescaped(line, from, end) : new String(line, from, end - from, StandardCharsets.UTF_8);
            from = end + 1;
        }
        return values;
    }

    private static String unescaped(byte[] line, int from, int end) {
        if (end - from == 2 && line[from + 1] == 'N') {
            return null;
        }
        // In its place, which is never the shorter one: a value may be large.
        int size = 0;
        for (int at = from; at < end; at++) {
            line[from + size++] = line[at] == '\\' ? meant(line[++at]) : line[at];
        }
        return new String(line, from, size, StandardCharsets.UTF_8);
    }

    private static byte meant(byte escaped) {
        return (byte) switch (escaped) {
            case 'b' -> '\b';
            case 'f' -> '\f';
            case 'n' -> '\n';
            case 'r' -> '\r';
            case 't' -> '\t';
            case 'v' -> 0x0B;
            default -> escaped;
        };
    }
}
