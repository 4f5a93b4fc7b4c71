package io.millrace.capture.resnapshot;

/** The rows of a table are in other files than when its reading began: places in the old ones say nothing of the new ones. */
final class RewrittenException extends Exception {

    private static final long serialVersionUID = 1;

    RewrittenException() {
        super("its rows are in other files than when its reading began", null, false, false);
    }
}
