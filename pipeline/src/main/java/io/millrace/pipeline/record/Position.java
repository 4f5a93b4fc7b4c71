package io.millrace.pipeline.record;

import java.nio.ByteBuffer;

/**
 * Where a change stands in the slot's stream.
 *
 * <p>The slot delivers transactions in commit order, so {@code commit}, the LSN of the last transaction that was
 * committed before this change in the stream, never decreases from one record to the next; {@code lsn}, the change's
 * own WAL position, orders the changes within a transaction. The event LSN alone would not do: a transaction that was
 * open while a snapshot ran has changes with lower LSNs than the snapshot, yet it is newer. A snapshot row carries the
 * snapshot's LSN and 0, so that every change after the snapshot is newer.
 *
 * <p>Both parts are LSNs as long as the database has one history. After it was restored from a backup or replaced, capture
 * adds a number to them by which every later position is above every earlier one.
 *
 * @param commit as an unsigned 64-bit number; the part that becomes a document's version
 * @param lsn of the change itself
 * @see <a href="https://www.postgresql.org/docs/current/protocol-logical-replication.html">logical replication protocol</a>
 */
public record Position(long commit, long lsn) implements Comparable<Position> {

    /** Bytes of the encoded form: both parts big-endian, commit first. */
    public static final int SIZE = 2 * Long.BYTES;

    /** Before every change. */
    public static final Position NONE = new Position(0, 0);

    /** Reads the 16 bytes that {@link #toBytes()} wrote. */
    public static Position of(byte[] bytes) {
        if (bytes.length != SIZE) {
            throw new IllegalArgumentException("A position has " + SIZE + " bytes, this one has " + bytes.length);
        }
        var buffer = ByteBuffer.wrap(bytes);
        return new Position(buffer.getLong(), buffer.getLong());
    }

    public byte[] toBytes() {
        return ByteBuffer.allocate(SIZE).putLong(commit).putLong(lsn).array();
    }

    @Override
    public int compareTo(Position other) {
        int byCommit = Long.compareUnsigned(commit, other.commit);
        return byCommit != 0 ? byCommit : Long.compareUnsigned(lsn, other.lsn);
    }

    /** Whether a change at this position is older than what is known from {@code other}; equal positions apply again. */
    public boolean isBefore(Position other) {
        return compareTo(other) < 0;
    }

    public Position max(Position other) {
        return isBefore(other) ? other : this;
    }

    /** An LSN the way Postgres prints it, {@code 16/B374D848}. */
    public static String lsnText(long lsn) {
        return Long.toHexString(lsn >>> 32).toUpperCase() + "/" + Long.toHexString(lsn & 0xFFFF_FFFFL).toUpperCase();
    }

    /** Reads an LSN the way Postgres prints it. */
    public static long parseLsn(String text) {
        int slash = text.indexOf('/');
        if (slash < 1 || slash > 8 || text.length() - slash - 1 < 1 || text.length() - slash - 1 > 8) {
            throw new IllegalArgumentException("'" + text + "' is not an LSN; write it as Postgres does: 16/B374D848");
        }
        try {
            return Long.parseLong(text, 0, slash, 16) << 32 | Long.parseLong(text, slash + 1, text.length(), 16);
        } catch (NumberFormatException e) {
            throw new IllegalArgumentException("'" + text + "' is not an LSN; write it as Postgres does: 16/B374D848", e);
        }
    }

    @Override
    public String toString() {
        return lsnText(commit) + "+" + lsnText(lsn);
    }
}
