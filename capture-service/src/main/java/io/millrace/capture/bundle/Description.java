package io.millrace.capture.bundle;

import io.millrace.pipeline.file.TableName;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;

/**
 * How Postgres describes a table in the log, before its first change.
 *
 * @param number its oid
 * @param name that it had when the change was made
 * @param message as Postgres sends it; is not read on
 * @param rest where it goes on behind the name
 */
record Description(int number, TableName name, ByteBuffer message, int rest) {

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

    private static String text(ByteBuffer in) {
        int from = in.position();
        while (in.get() != 0) {
            // It ends with a zero.
        }
        return new String(in.array(), in.arrayOffset() + from, in.position() - 1 - from, StandardCharsets.UTF_8);
    }
}
