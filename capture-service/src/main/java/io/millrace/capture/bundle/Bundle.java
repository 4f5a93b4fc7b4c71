package io.millrace.capture.bundle;

import io.millrace.capture.row.Change;
import io.millrace.capture.row.TextRows;
import io.millrace.pipeline.record.Op;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.Iterator;
import java.util.Map;
import java.util.NoSuchElementException;
import org.apache.kafka.connect.data.Struct;
import org.apache.kafka.connect.source.SourceRecord;

/**
 * Changes of several rows as one record of Debezium's. They are made one after the other, and once.
 *
 * @see <a href="https://www.postgresql.org/docs/current/protocol-logicalrep-message-formats.html">messages of logical replication</a>
 */
public final class Bundle extends SourceRecord implements Iterable<Change> {

    private static final String TOPIC = "millrace-bundle";

    private final ByteBuffer content;
    private final Relations relations;

    /**
     * @param partition as Debezium has it
     * @param offset the same
     * @param content what {@link BundleWriter} wrote
     */
    Bundle(Map<String, ?> partition, Map<String, ?> offset, ByteBuffer content, Relations relations) {
        super(partition, offset, TOPIC, null, null);
        this.content = content;
        this.relations = relations;
    }

    @Override
    public Iterator<Change> iterator() {
        return new Changes(content.duplicate(), relations);
    }

    private static final class Changes implements Iterator<Change> {
        private final ByteBuffer in;
        private final Relations relations;
        private long before;
        private long micros;
        private long transaction;
        private int number;
        private TextRows rows;
        /** The insert of a row whose key was changed, behind the delete of the old key; null where there is none. */
        private Change second;

        private Changes(ByteBuffer in, Relations relations) {
            this.in = in;
            this.relations = relations;
            skipTransactions();
        }

        /** A transaction without a change that is carried is none here. */
        private void skipTransactions() {
            while (in.hasRemaining() && in.get(in.position()) == 'B') {
                in.get();
                before = in.getLong();
                micros = in.getLong();
                transaction = in.getLong();
            }
        }

        @Override
        public boolean hasNext() {
            return second != null || in.hasRemaining();
        }

        @Override
        public Change next() {
            if (!hasNext()) {
                throw new NoSuchElementException();
            }
            var next = second;
            second = null;
            if (next == null) {
                next = change((char) in.get(), in.getLong(), in.getInt());
                skipTransactions();
            }
            return next;
        }

        private Change change(char kind, long lsn, int relation) {
            if (rows == null || relation != number) {
                rows = relations.of(relation);
                number = relation;
            }
            char tuple = (char) in.get();
            return switch (kind) {
                case 'I' -> {
                    var texts = tuple();
                    yield change(Op.CREATE, rows.key(texts), null, rows.row(texts), false, lsn);
                }
                case 'D' -> {
                    var texts = tuple();
                    yield change(Op.DELETE, rows.key(texts), rows.row(texts), null, false, lsn);
                }
                case 'U' -> update(tuple, lsn);
                default -> throw new IllegalStateException("'" + kind + "' is no change of a row");
            };
        }

        /** The old row stands in front where the log has it, whole or its key. */
        private Change update(char tuple, long lsn) {
            var old = tuple == 'N' ? null : tuple();
            if (old != null) {
                in.get();
            }
            var texts = tuple();
            if (old != null) {
                for (int i = 0; i < texts.length; i++) {
                    texts[i] = texts[i] == TextRows.UNCHANGED && old[i] != null ? old[i] : texts[i];
                }
            }
            var key = rows.key(texts);
            var oldKey = old == null ? null : rows.key(old);
            if (oldKey == null || oldKey.equals(key)) {
                return change(Op.UPDATE, key, null, rows.row(texts), false, lsn);
            }
            second = change(Op.CREATE, key, null, rows.row(texts), true, lsn);
            return change(Op.DELETE, oldKey, rows.row(old), null, false, lsn);
        }

        private Change change(Op op, Struct key, Struct was, Struct is, boolean rekeyed, long lsn) {
            return new Change(rows.table(), rows.rows(), op, key, was, is, rekeyed, before, lsn, micros, transaction, null);
        }

        private Object[] tuple() {
            var texts = new Object[in.getShort()];
            for (int i = 0; i < texts.length; i++) {
                texts[i] = switch (in.get()) {
                    case 'n' -> null;
                    case 'u' -> TextRows.UNCHANGED;
                    default -> text();
                };
            }
            return texts;
        }

        private String text() {
            int length = in.getInt();
            var text = new String(in.array(), in.arrayOffset() + in.position(), length, StandardCharsets.UTF_8);
            in.position(in.position() + length);
            return text;
        }
    }
}
