package io.millrace.capture.continuity;

/** Why the stream is not the continuation of what was captured before. */
public sealed interface Break {

    /** What happened, as a sentence without its full stop. */
    String what();

    /** Postgres is another one, or went back: its LSNs mean something else now. */
    record OtherHistory(String what) implements Break {}

    /** The slot is gone or of no use any more. */
    record SlotGone(String what) implements Break {}

    /** The slot was moved over changes, or made anew behind them. */
    record SlotMoved(String what, Point from, Point to) implements Break {}
}
