package io.millrace.provisioner;

import java.util.List;

/** What a {@link Step} found. */
public sealed interface Check {

    /** It is so already. */
    record Done() implements Check {}

    /** @param actions the SQL statements or API calls that would make it so; without secrets */
    record Needed(List<String> actions) implements Check {}

    /** It is so, or may stay as it is. @param advice what a person should do all the same, with the exact commands */
    record Advised(List<String> advice) implements Check {}

    /** @param problems why it cannot be made so, and what a person has to do first */
    record Refused(List<String> problems) implements Check {}

    /** Refused where there are problems, else needed where there are actions, else done. */
    static Check of(List<String> problems, List<String> actions) {
        if (!problems.isEmpty()) {
            return new Refused(List.copyOf(problems));
        }
        return actions.isEmpty() ? new Done() : new Needed(List.copyOf(actions));
    }
}
