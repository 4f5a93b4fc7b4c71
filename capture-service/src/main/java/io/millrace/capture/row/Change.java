package io.millrace.capture.row;

import io.millrace.capture.column.UnreadableException;
import io.millrace.pipeline.file.TableName;
import io.millrace.pipeline.record.Op;
import org.apache.kafka.connect.data.Schema;
import org.apache.kafka.connect.data.Struct;
import org.apache.kafka.connect.source.SourceRecord;

/**
 * One change of a table, whichever way it came.
 *
 * @param rows schema of the table's rows; the same instance for as long as the table stays as it is
 * @param key of its row; null where the table has no primary key, and for a truncate
 * @param before the row as it was, as far as the log says; null where it does not
 * @param after the row as it is, null for a delete and a truncate
 * @param rekeyed whether it is the second half of a change of the row's key; it may lack values
 * @param commit LSN of the last commit before it in this slot's stream; 0 where none came in this run, and for a row that was read
 * @param lsn of the change itself, 0 for a row that was read
 * @param micros when Postgres committed it, or when it was read, in microseconds since the Unix epoch; 0 where that is not known
 * @param transaction its transaction's id, 0 where it has none
 * @param event what Debezium made of it, null where Debezium did not
 * @param unreadable why no row can be made of it, and no key either where that is null; null where nothing hinders
 */
public record Change(TableName table, Schema rows, Op op, Struct key, Struct before, Struct after, boolean rekeyed, long commit, long lsn, long micros, long transaction, SourceRecord event, String unreadable) {

    /** A row that was read from its table. */
    public static Change read(TextRows table, Object[] texts, long micros) {
        Struct key = null;
        Struct row = null;
        String unreadable = null;
        try {
            key = table.key(texts);
            row = table.row(texts);
        } catch (UnreadableException e) {
            unreadable = e.getMessage();
        }
        return new Change(table.table(), table.rows(), Op.READ, key, null, row, false, 0, 0, micros, 0, null, unreadable);
    }
}
