package io.millrace.gate.avro;

import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.nio.ByteOrder;

/**
 * Goes over the Avro binary of a record without decoding it, and says whether it can be read to its last byte.
 *
 * <p>It allocates nothing per record or field. It never throws for what the bytes hold and never looks past their end.
 * Whatever it passes, Avro's own decoder reads; it is stricter in four things: text must be UTF-8, a boolean 0 or 1, a
 * number within its type, and a block's byte count must be right. One walker serves one thread.
 *
 * @see <a href="https://avro.apache.org/docs/1.12.0/specification/#binary-encoding">Avro binary encoding</a>
 */
public final class AvroWalker {

    private static final VarHandle LONGS = MethodHandles.byteArrayViewVarHandle(long[].class, ByteOrder.LITTLE_ENDIAN);
    private static final long HIGH_BITS = 0x8080_8080_8080_8080L;
    /** Deeper nesting than a schema has by itself comes only from recursive types. */
    private static final int DEEPEST = 200;
    /** Items that take no byte cost their reader memory all the same. */
    private static final int MOST_EMPTY_ITEMS = 1 << 16;

    private final boolean checkText;
    private int[] code;
    private int[] places = new int[0];
    private byte[] bytes;
    private int at;
    private int end;
    private String fault;
    private int faultStep;
    private AvroProgram program;

    /** @param checkText whether text must be valid UTF-8 */
    public AvroWalker(boolean checkText) {
        this.checkText = checkText;
    }

    /** Whether the bytes from {@code from} to their end are exactly one value of the program's schema. */
    public boolean walk(AvroProgram program, byte[] bytes, int from) {
        this.program = program;
        this.code = program.code();
        this.bytes = bytes;
        this.at = from;
        this.end = bytes.length;
        this.fault = null;
        if (places.length < program.places()) {
            places = new int[program.places()];
        }
        if (!run(0, 0)) {
            return false;
        }
        return at == end || fail(code.length, "bytes are left over after the last field");
    }

    /** Where the bytes of a kept field begin, after a walk that found nothing wrong. */
    public int from(int field) {
        return places[2 * field];
    }

    /** Where they end. */
    public int to(int field) {
        return places[2 * field + 1];
    }

    /** What the last {@link #walk} found wrong: the field, the place and the reason. */
    public String fault() {
        var path = faultStep >= code.length ? "" : program.path(faultStep);
        return (path.isEmpty() ? "" : "field '" + path + "': ") + fault + ", at byte " + at + " of " + end;
    }

    private boolean fail(int step, String reason) {
        fault = reason;
        faultStep = step;
        return false;
    }

    private boolean run(int step, int depth) {
        if (depth > DEEPEST) {
            return fail(step, "values are nested deeper than " + DEEPEST);
        }
        while (true) {
            switch (code[step]) {
                case AvroProgram.END:
                    return true;
                case AvroProgram.BOOLEAN:
                    if (at >= end || bytes[at] >>> 1 != 0) {
                        return fail(step, at >= end ? "the record ends here" : "a boolean is neither 0 nor 1");
                    }
                    at++;
                    step++;
                    break;
                case AvroProgram.INT:
                    if (!skipInt(step)) {
                        return false;
                    }
                    step++;
                    break;
                case AvroProgram.LONG:
                    if (!skipLong(step)) {
                        return false;
                    }
                    step++;
                    break;
                case AvroProgram.SKIP:
                    if (end - at < code[step + 1]) {
                        return fail(step, "the record ends within a value of " + code[step + 1] + " bytes");
                    }
                    at += code[step + 1];
                    step += 2;
                    break;
                case AvroProgram.BYTES:
                    if (!sized(step, false)) {
                        return false;
                    }
                    step++;
                    break;
                case AvroProgram.STRING:
                    if (!sized(step, checkText)) {
                        return false;
                    }
                    step++;
                    break;
                case AvroProgram.ENUM:
                    long symbol = index(step);
                    if (symbol < 0 || symbol >= code[step + 1]) {
                        return fault == null && fail(step, "there is no symbol " + symbol + ", the enum has " + code[step + 1]);
                    }
                    step += 2;
                    break;
                case AvroProgram.UNION:
                    long branch = index(step);
                    if (branch < 0 || branch >= code[step + 1]) {
                        return fault == null && fail(step, "there is no branch " + branch + ", the union has " + code[step + 1]);
                    }
                    step = code[step + 2 + (int) branch];
                    break;
                case AvroProgram.JUMP:
                    step = code[step + 1];
                    break;
                case AvroProgram.ARRAY:
                    if (!blocks(step, step + 3, code[step + 1] == 1, false, depth)) {
                        return false;
                    }
                    step = code[step + 2];
                    break;
                case AvroProgram.MAP:
                    if (!blocks(step, step + 2, false, true, depth)) {
                        return false;
                    }
                    step = code[step + 1];
                    break;
                case AvroProgram.CALL:
                    if (!run(code[step + 1], depth + 1)) {
                        return false;
                    }
                    step += 2;
                    break;
                case AvroProgram.PLACE:
                    places[code[step + 1]] = at;
                    step += 2;
                    break;
                default:
                    throw new IllegalStateException("The program has no step " + code[step]);
            }
        }
    }

    private boolean blocks(int step, int body, boolean mayBeEmpty, boolean keyed, int depth) {
        long empty = 0;
        while (true) {
            long count = number(step);
            if (fault != null) {
                return false;
            }
            if (count == 0) {
                return true;
            }
            int blockEnd = -1;
            if (count < 0) {
                long size = number(step);
                if (fault != null) {
                    return false;
                }
                if (count == Long.MIN_VALUE || size < 0 || size > end - at) {
                    return fail(step, "a block of " + size + " bytes does not fit");
                }
                count = -count;
                blockEnd = at + (int) size;
            }
            if (!mayBeEmpty && count > end - at) {
                return fail(step, "a block of " + count + " items does not fit");
            }
            for (long i = 0; i < count; i++) {
                int before = at;
                if (keyed && !sized(step, checkText) || !run(body, depth + 1)) {
                    return false;
                }
                if (at == before && ++empty > MOST_EMPTY_ITEMS) {
                    return fail(step, "more than " + MOST_EMPTY_ITEMS + " items take no byte");
                }
            }
            if (blockEnd >= 0 && at != blockEnd) {
                return fail(step, "a block ends elsewhere than its byte count says");
            }
        }
    }

    private boolean sized(int step, boolean text) {
        long length = number(step);
        if (fault != null) {
            return false;
        }
        if (length < 0 || length > end - at) {
            return fail(step, "a length of " + length + " goes past the end");
        }
        int until = at + (int) length;
        if (text && !isUtf8(until)) {
            return fail(step, "the text is not UTF-8");
        }
        at = until;
        return true;
    }

    private boolean skipInt(int step) {
        for (int i = 0; i < 5; i++) {
            if (at >= end) {
                return fail(step, "the record ends within a number");
            }
            int b = bytes[at++];
            if (b >= 0) {
                return i < 4 || b <= 0x0F || fail(step, "a number does not fit an int");
            }
        }
        return fail(step, "a number does not fit an int");
    }

    private boolean skipLong(int step) {
        for (int i = 0; i < 10; i++) {
            if (at >= end) {
                return fail(step, "the record ends within a number");
            }
            int b = bytes[at++];
            if (b >= 0) {
                return i < 9 || b <= 1 || fail(step, "a number does not fit a long");
            }
        }
        return fail(step, "a number does not fit a long");
    }

    /** An int that chooses; negative with {@link #fault} set where there is none. */
    private long index(int step) {
        int from = at;
        if (!skipInt(step)) {
            return -1;
        }
        return decode(from);
    }

    /** A long that counts; meaningless where {@link #fault} is set. */
    private long number(int step) {
        int from = at;
        return skipLong(step) ? decode(from) : 0;
    }

    private long decode(int from) {
        long value = 0;
        for (int i = from, shift = 0; i < at; i++, shift += 7) {
            value |= (bytes[i] & 0x7FL) << shift;
        }
        return value >>> 1 ^ -(value & 1);
    }

    /** RFC 3629: no overlong form, no surrogate, nothing above U+10FFFF. */
    private boolean isUtf8(int until) {
        int i = at;
        while (i < until) {
            while (until - i >= Long.BYTES && ((long) LONGS.get(bytes, i) & HIGH_BITS) == 0) {
                i += Long.BYTES;
            }
            if (i >= until) {
                break;
            }
            int b = bytes[i++];
            if (b >= 0) {
                continue;
            }
            int more;
            int least = -128;
            int most = -65;
            if (b >= (byte) 0xC2 && b <= (byte) 0xDF) {
                more = 1;
            } else if ((b & 0xF0) == 0xE0) {
                more = 2;
                least = b == (byte) 0xE0 ? (byte) 0xA0 : least;
                most = b == (byte) 0xED ? (byte) 0x9F : most;
            } else if (b >= (byte) 0xF0 && b <= (byte) 0xF4) {
                more = 3;
                least = b == (byte) 0xF0 ? (byte) 0x90 : least;
                most = b == (byte) 0xF4 ? (byte) 0x8F : most;
            } else {
                return false;
            }
            if (until - i < more || bytes[i] < least || bytes[i] > most) {
                return false;
            }
            for (int j = 1; j < more; j++) {
                if (bytes[i + j] > -65) {
                    return false;
                }
            }
            i += more;
        }
        return true;
    }
}
