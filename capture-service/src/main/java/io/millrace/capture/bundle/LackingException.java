package io.millrace.capture.bundle;

import io.millrace.pipeline.file.TableName;
import java.util.Map;
import java.util.TreeMap;

/** Changes come in the stream that leave something of their tables missing, so they must not be confirmed before that is remembered. */
public final class LackingException extends RuntimeException {

    private static final long serialVersionUID = 1L;

    private final TreeMap<TableName, String> tables;

    LackingException(Map<TableName, String> tables) {
        super("What the stream brings leaves changes of " + tables.keySet() + " missing (" + String.join("; ", new TreeMap<>(tables).values()) + ")");
        this.tables = new TreeMap<>(tables);
    }

    /** Tables of which changes may be missing, each with the cause as the end of a sentence that begins with "it". */
    public Map<TableName, String> tables() {
        return Map.copyOf(tables);
    }

    /** The one among the causes of an exception; null where there is none. */
    public static LackingException in(Throwable e) {
        for (var cause = e; cause != null; cause = cause.getCause()) {
            if (cause instanceof LackingException lacking) {
                return lacking;
            }
        }
        return null;
    }
}
