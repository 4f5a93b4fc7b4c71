package io.millrace.capture.bundle;

import io.millrace.pipeline.file.TableName;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.HashSet;
import java.util.Set;

/**
 * How Postgres describes a table in the log, before its first change.
 *
 * @param number its oid
 * @param name that it had when the change was made
 * @param message as Postgres sends it; is not read on
 * @param rest where it goes on behind the name
 * @see <a href="https://www.postgresql.org/docs/current/protocol-logicalrep-message-formats.html#PROTOCOL-LOGICALREP-MESSAGE-FORMATS-RELATION">the message</a>
 */
record Description(int number, TableName name, ByteBuffer message, int rest) {

    private static final byte INDEX = 'i';
    private static final byte PART_OF_IDENTITY = 1;

    static Description of(ByteBuffer message) {
        var in = message.duplicate();
        in.get();
        return new Description(in.getInt(), new TableName(text(in), text(in)), message, in.position());
    }

    /** The same message with another name. */
    ByteBuffer as(TableName other) {
        if (other.equals(name)) {
            return message;
        }
        var text = (other.schema() + '\0' + other.table() + '\0').getBytes(StandardCharsets.UTF_8);
        var behind = message.duplicate().position(rest);
        return ByteBuffer.allocate(1 + Integer.BYTES + text.length + behind.remaining()).put((byte) 'R').putInt(number).put(text).put(behind).flip();
    }

    /**
     * Whether updates and deletes say which row they are of. By an index as its replica identity a table names the columns of that only: an update that
     * leaves them as they were comes without a word of the old row, whatever else it changed.
     *
     * @param key the columns by which rows are known
     */
    boolean names(Set<String> key) {
        var in = message.duplicate().position(rest);
        if (in.get() != INDEX) {
            return true;
        }
        var identity = new HashSet<String>();
        for (int columns = in.getShort(); columns > 0; columns--) {
            boolean isPart = (in.get() & PART_OF_IDENTITY) != 0;
            var column = text(in);
            in.position(in.position() + 2 * Integer.BYTES);
            if (isPart) {
                identity.add(column);
            }
        }
        return identity.containsAll(key);
    }

    private static String text(ByteBuffer in) {
        int from = in.position();
        while (in.get() != 0) {
            // It ends with a zero.
        }
        return new String(in.array(), in.arrayOffset() + from, in.position() - 1 - from, StandardCharsets.UTF_8);
    }
}
