package io.millrace.capture.source;

import java.sql.SQLException;

/** A transaction is committed in the log, and queries do not see it yet: they will, and nobody is away. */
public final class UnseenException extends SQLException {

    private static final long serialVersionUID = 1L;
    private static final String NOT_YET = "55000";

    UnseenException(String message) {
        super(message, NOT_YET);
    }
}
