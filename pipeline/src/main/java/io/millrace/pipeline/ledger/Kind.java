package io.millrace.pipeline.ledger;

/** In which way a record is not accounted for. */
public enum Kind {
    /** Its writer was told that the log has it, and it is not there. */
    MISSING("written and not in the log"),
    /** It stands in the log, or stood there, and this stage did not do its work on it. */
    UNDONE("not passed on"),
    /** It came a second time without having been sent again. */
    REPEATED("twice"),
    /** It came behind one that was written later. */
    DISORDERED("out of order");

    private final String text;

    Kind(String text) {
        this.text = text;
    }

    String text() {
        return text;
    }
}
