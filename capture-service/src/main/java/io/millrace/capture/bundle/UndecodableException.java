package io.millrace.capture.bundle;

import io.millrace.pipeline.file.TableName;
import io.millrace.pipeline.record.Position;

/** Debezium fails at what the log has of one table. */
public final class UndecodableException extends RuntimeException {

    private static final long serialVersionUID = 1L;

    private final transient TableName table;
    private final long lsn;

    UndecodableException(TableName table, long lsn, Exception cause) {
        super("What the log has of the table " + table + " at " + Position.lsnText(lsn) + " cannot be read", cause);
        this.table = table;
        this.lsn = lsn;
    }

    public TableName table() {
        return table;
    }

    /** Of the change; of a description of the table, which has none, the one at which its transaction is committed. */
    public long lsn() {
        return lsn;
    }

    /** The one among the causes of an exception; null where there is none. */
    public static UndecodableException in(Throwable e) {
        for (var cause = e; cause != null; cause = cause.getCause()) {
            if (cause instanceof UndecodableException found) {
                return found;
            }
        }
        return null;
    }
}
