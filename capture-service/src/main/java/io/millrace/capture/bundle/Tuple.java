package io.millrace.capture.bundle;

import io.millrace.capture.column.UnreadableException;
import io.millrace.capture.row.TextRows;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.function.IntPredicate;

/** Values of one row, in the form in which the protocol has them. */
final class Tuple {

    private Tuple() {}

    /** What Postgres printed for each column, null for null; the buffer stands behind it then. */
    static Object[] read(ByteBuffer in) {
        return read(in, _ -> true);
    }

    private static Object[] read(ByteBuffer in, IntPredicate wanted) {
        var texts = new Object[in.getShort()];
        for (int i = 0; i < texts.length; i++) {
            texts[i] = switch (in.get()) {
                case 'n' -> null;
                case 'u' -> TextRows.UNCHANGED;
                default -> text(in, wanted.test(i));
            };
        }
        return texts;
    }

    private static String text(ByteBuffer in, boolean wanted) {
        int length = in.getInt();
        var text = wanted ? new String(in.array(), in.arrayOffset() + in.position(), length, StandardCharsets.UTF_8) : null;
        in.position(in.position() + length);
        return text;
    }

    /**
     * Whether rows can be made of a change. What is text anyway is passed over, since it may be large.
     *
     * @param change what stands behind the relation in the message; is read to its end where they can
     */
    static boolean areReadable(ByteBuffer change, TextRows rows) {
        try {
            while (change.hasRemaining()) {
                change.get();
                rows.row(read(change, rows::refusesSome));
            }
            return true;
        } catch (UnreadableException _) {
            return false;
        }
    }
}
