package io.millrace.purge.verification;

/** Somebody ended the verification, or another process has it. */
final class StoppedException extends RuntimeException {

    private static final long serialVersionUID = 1L;

    StoppedException() {
        super("The verification is no longer to run", null, false, false);
    }
}
