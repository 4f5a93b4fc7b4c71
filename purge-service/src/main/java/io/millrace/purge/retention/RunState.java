package io.millrace.purge.retention;

import com.fasterxml.jackson.annotation.JsonValue;
import java.util.Arrays;

/** What became of a run. */
public enum RunState {
    /** More documents would leave than may without a person's word. */
    HELD("held"),
    /** Committed in the source database; the log carries it. */
    ORDERED("ordered"),
    /** Searches no longer see what was to leave. */
    CARRIED_OUT("carried-out"),
    /** The file asked for something else before anybody confirmed it. */
    DROPPED("dropped");

    private final String text;

    RunState(String text) {
        this.text = text;
    }

    @JsonValue
    public String text() {
        return text;
    }

    /** @throws IllegalArgumentException when there is no such state */
    public static RunState fromString(String text) {
        return Arrays.stream(values()).filter(state -> state.text.equals(text)).findFirst().orElseThrow(() -> new IllegalArgumentException("'" + text + "' is none of held, ordered, carried-out, dropped"));
    }
}
