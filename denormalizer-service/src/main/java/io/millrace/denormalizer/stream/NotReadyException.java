package io.millrace.denormalizer.stream;

/** Something outside must change before a pipeline can be joined; it is looked for again. */
final class NotReadyException extends Exception {

    NotReadyException(String message) {
        super(message);
    }
}
