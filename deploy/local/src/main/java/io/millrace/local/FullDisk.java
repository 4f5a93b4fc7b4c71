package io.millrace.local;

import java.io.IOException;
import java.io.OutputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.SQLException;

/** A disk without space, which the failures that it causes seldom name. */
public final class FullDisk {

    /** Less than a server needs for the files of its start. */
    private static final long HARDLY_ANY_BYTES = 64L << 20;
    /** PostgreSQL's SQLSTATE for it. */
    private static final String SQL_STATE = "53100";
    /** Linux refuses each write to it as a full disk does. */
    private static final Path ALWAYS_FULL = Path.of("/dev/full");
    private static final String IN_ENGLISH = "No space left on device";
    private static final String REMEDY = "Make room there";
    private static final String ELSEWHERE = ", or put the data on another disk with --data DIR";

    private FullDisk() {}

    /**
     * A sentence for the end of a failure's message; empty unless the failure, or what caused it, was refused for lack of space.
     *
     * @param isMovable whether what was written stands in a folder that {@code --data} names
     */
    public static String behind(Throwable failure, boolean isMovable) {
        var refusal = refusal();
        for (var cause = failure; cause != null; cause = cause.getCause()) {
            if (cause instanceof SQLException database && SQL_STATE.equals(database.getSQLState())) {
                return "The disk of the database is full. " + REMEDY;
            }
            if (cause.getMessage() != null && cause.getMessage().contains(refusal)) {
                return "The disk is full. " + REMEDY + (isMovable ? ELSEWHERE : "");
            }
        }
        return "";
    }

    /** A sentence for the end of a failure's message; empty unless the folder's disk has hardly any space left. */
    public static String under(Path folder) {
        try {
            long left = Files.getFileStore(folder).getUsableSpace();
            return left < HARDLY_ANY_BYTES ? "The disk of " + folder + " is full: " + (left >> 20) + " MiB are left. " + REMEDY + ELSEWHERE : "";
        } catch (IOException e) {
            return "";
        }
    }

    /** What the operating system says of a full disk, which is all that a failure tells of it: in the language of whoever runs this. */
    private static String refusal() {
        if (Files.exists(ALWAYS_FULL)) {
            try (OutputStream full = Files.newOutputStream(ALWAYS_FULL)) {
                full.write(0);
            } catch (IOException e) {
                return e.getMessage() == null ? IN_ENGLISH : e.getMessage();
            }
        }
        return IN_ENGLISH;
    }
}
