package io.millrace.capture.send;

/** A batch that Kafka has not acknowledged as a whole. */
public final class SendException extends RuntimeException {

    private static final long serialVersionUID = 1L;

    SendException(String message, Throwable cause) {
        super(message, cause);
    }
}
