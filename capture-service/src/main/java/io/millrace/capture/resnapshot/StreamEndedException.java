package io.millrace.capture.resnapshot;

/** The stream that a chunk was to be merged into ended; the chunk is read again with the next one. */
final class StreamEndedException extends Exception {

    private static final long serialVersionUID = 1;

    StreamEndedException() {
        super("The stream ended", null, false, false);
    }
}
