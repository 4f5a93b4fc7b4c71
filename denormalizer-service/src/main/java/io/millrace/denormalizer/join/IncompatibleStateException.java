package io.millrace.denormalizer.join;

/** The state stores were written for something else; nothing but a person's decision helps. */
public final class IncompatibleStateException extends RuntimeException {

    IncompatibleStateException(String message) {
        super(message);
    }
}
