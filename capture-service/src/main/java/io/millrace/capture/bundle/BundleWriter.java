package io.millrace.capture.bundle;

import java.nio.ByteBuffer;
import java.util.Arrays;

/**
 * Puts changes one behind another as {@link Bundle} reads them. Used by one thread.
 *
 * <p>A transaction begins with {@code B}, the LSN of the last commit before it, its time in microseconds since the Unix epoch, and its id. Each
 * of its changes is what Postgres sent of it, with the change's LSN and the number of its {@link Relations relation} in the place of Postgres's own.
 */
final class BundleWriter {

    private static final int FIRST = 4096;
    private static final int LONGEST_KEPT = 1 << 17;

    private byte[] bytes = new byte[FIRST];
    private int size;

    int size() {
        return size;
    }

    void transaction(long before, long micros, long transaction) {
        room(1 + 3 * Long.BYTES).put((byte) 'B').putLong(before).putLong(micros).putLong(transaction);
        size += 1 + 3 * Long.BYTES;
    }

    /**
     * @param kind as the protocol has it
     * @param rest what stands behind the relation in the message; is read to its end
     */
    void change(byte kind, long lsn, int relation, ByteBuffer rest) {
        int more = 1 + Long.BYTES + Integer.BYTES + rest.remaining();
        room(more).put(kind).putLong(lsn).putInt(relation).put(rest);
        size += more;
    }

    private ByteBuffer room(int more) {
        if (bytes.length - size < more) {
            bytes = Arrays.copyOf(bytes, Math.max(bytes.length * 2, size + more));
        }
        return ByteBuffer.wrap(bytes, size, more);
    }

    /** What was written; it is empty then. */
    byte[] take() {
        var taken = Arrays.copyOf(bytes, size);
        clear();
        return taken;
    }

    void clear() {
        size = 0;
        if (bytes.length > LONGEST_KEPT) {
            bytes = new byte[FIRST];
        }
    }
}
