package io.millrace.images;

/** An image could not be made; the message says what was attempted, why it failed and what to do. */
final class ImageException extends RuntimeException {

    private static final long serialVersionUID = 1L;

    ImageException(String message, Throwable cause) {
        super(message, cause);
    }
}
