package io.millrace.local;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;

/** A disk without space, which the failures that it causes seldom name. */
public final class FullDisk {

    /** Less than a server needs for the files of its start. */
    private static final long HARDLY_ANY_BYTES = 64L << 20;
    private static final String REFUSED = "No space left on device";
    private static final String REMEDY = "Make room there, or put the data on another disk with --data DIR";

    private FullDisk() {}

    /** A sentence for the end of a failure's message; empty unless the failure, or what caused it, was refused for lack of space. */
    public static String behind(Throwable failure) {
        for (var cause = failure; cause != null; cause = cause.getCause()) {
            if (cause.getMessage() != null && cause.getMessage().contains(REFUSED)) {
                return "The disk is full. " + REMEDY;
            }
        }
        return "";
    }

    /** A sentence for the end of a failure's message; empty unless the folder's disk has hardly any space left. */
    public static String under(Path folder) {
        try {
            long left = Files.getFileStore(folder).getUsableSpace();
            return left < HARDLY_ANY_BYTES ? "The disk of " + folder + " is full: " + (left >> 20) + " MiB are left. " + REMEDY : "";
        } catch (IOException e) {
            return "";
        }
    }
}
