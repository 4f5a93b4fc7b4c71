package io.millrace.denormalizer.foundation;

/** Something outside must change before a pipeline can be joined; it is looked for again. */
public final class NotReadyException extends Exception {

    public NotReadyException(String message) {
        super(message);
    }
}
