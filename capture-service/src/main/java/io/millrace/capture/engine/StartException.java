package io.millrace.capture.engine;

/** Capture cannot start or go on before something is put right. */
class StartException extends RuntimeException {

    private static final long serialVersionUID = 1L;

    StartException(String message) {
        super(message);
    }
}
