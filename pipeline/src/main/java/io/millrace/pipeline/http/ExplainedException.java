package io.millrace.pipeline.http;

import java.io.IOException;

/** Its message says what failed and what to do; nothing that caused it says more. */
final class ExplainedException extends IOException {

    private static final long serialVersionUID = 1L;

    ExplainedException(String message, Throwable cause) {
        super(message, cause);
    }
}
