package io.millrace.capture.bundle;

import io.millrace.capture.column.UnreadableException;
import io.millrace.capture.row.Change;
import io.millrace.capture.row.TextRows;
import io.millrace.pipeline.record.Op;
import java.nio.ByteBuffer;
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
                case 'I' -> inserted(Tuple.read(in), lsn);
                case 'D' -> deleted(Tuple.read(in), lsn);
                case 'U' -> update(tuple, lsn);
                default -> throw new IllegalStateException("'" + kind + "' is no change of a row");
            };
        }

        private Change inserted(Object[] texts, long lsn) {
            try {
                return written(Op.CREATE, rows.key(texts), texts, false, lsn);
            } catch (UnreadableException e) {
                return unreadable(Op.CREATE, null, false, lsn, e);
            }
        }

        private Change deleted(Object[] texts, long lsn) {
            try {
                return deleted(rows.key(texts), texts, lsn);
            } catch (UnreadableException e) {
                return unreadable(Op.DELETE, null, false, lsn, e);
            }
        }

        /** The old row stands in front where the log has it, whole or its key. */
        private Change update(char tuple, long lsn) {
            var old = tuple == 'N' ? null : Tuple.read(in);
            if (old != null) {
                in.get();
            }
            var texts = Tuple.read(in);
            if (old != null) {
                for (int i = 0; i < texts.length; i++) {
                    texts[i] = texts[i] == TextRows.UNCHANGED && old[i] != null ? old[i] : texts[i];
                }
            }
            Struct key;
            Struct oldKey;
            try {
                key = rows.key(texts);
                oldKey = old == null ? null : rows.key(old);
            } catch (UnreadableException e) {
                return unreadable(Op.UPDATE, null, false, lsn, e);
            }
            if (oldKey == null || oldKey.equals(key)) {
                return written(Op.UPDATE, key, texts, false, lsn);
            }
            second = written(Op.CREATE, key, texts, true, lsn);
            return deleted(oldKey, old, lsn);
        }

        private Change written(Op op, Struct key, Object[] texts, boolean rekeyed, long lsn) {
            try {
                return change(op, key, null, rows.row(texts), rekeyed, lsn, null);
            } catch (UnreadableException e) {
                return unreadable(op, key, rekeyed, lsn, e);
            }
        }

        /** Its key is enough: a row that is gone goes, whatever was in it. */
        private Change deleted(Struct key, Object[] texts, long lsn) {
            Struct was;
            try {
                was = rows.row(texts);
            } catch (UnreadableException _) {
                was = null;
            }
            return change(Op.DELETE, key, was, null, false, lsn, null);
        }

        private Change unreadable(Op op, Struct key, boolean rekeyed, long lsn, UnreadableException why) {
            return change(op, key, null, null, rekeyed, lsn, why.getMessage());
        }

        private Change change(Op op, Struct key, Struct was, Struct is, boolean rekeyed, long lsn, String unreadable) {
            return new Change(rows.table(), rows.rows(), op, key, was, is, rekeyed, before, lsn, micros, transaction, null, unreadable);
        }
    }
}
