package io.millrace.gate.rule;

/**
 * Avro's whole numbers, and the lengths before its texts, in bytes that are known to be readable.
 *
 * @see <a href="https://avro.apache.org/docs/1.12.0/specification/#primitive-types">Avro binary encoding</a>
 */
final class Varint {

    private Varint() {}

    static long decode(byte[] bytes, int from) {
        long value = 0;
        int at = from;
        int shift = 0;
        do {
            value |= (bytes[at] & 0x7FL) << shift;
            shift += 7;
        } while (bytes[at++] < 0);
        return value >>> 1 ^ -(value & 1);
    }

    /** The place after the number. */
    static int end(byte[] bytes, int from) {
        int at = from;
        while (bytes[at] < 0) {
            at++;
        }
        return at + 1;
    }
}
