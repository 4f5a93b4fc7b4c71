package io.millrace.capture.bundle;

import io.millrace.pipeline.file.TableName;
import java.util.Map;
import java.util.TreeMap;

/** Changes come in the stream under a name that their table has not, so they must not be confirmed. */
public final class RenamedException extends RuntimeException {

    private static final long serialVersionUID = 1L;

    private final TreeMap<TableName, String> tables;

    RenamedException(Map<TableName, String> tables) {
        super("Changes of " + tables.keySet() + " come under other names in the stream than the tables have");
        this.tables = new TreeMap<>(tables);
    }

    /** Tables of which changes may be missing, each with the cause as the end of a sentence that begins with "it". */
    public Map<TableName, String> tables() {
        return Map.copyOf(tables);
    }

    /** The one among the causes of an exception; null where there is none. */
    public static RenamedException in(Throwable e) {
        for (var cause = e; cause != null; cause = cause.getCause()) {
            if (cause instanceof RenamedException renamed) {
                return renamed;
            }
        }
        return null;
    }
}
