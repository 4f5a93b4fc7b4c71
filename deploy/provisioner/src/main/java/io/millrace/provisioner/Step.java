package io.millrace.provisioner;

import java.util.List;

/**
 * One thing that must be so before a pipeline can run. Applying twice changes nothing the second time; steps are applied
 * in order, and one that was killed half way is finished by the next run. Removed, in the opposite order, is what Millrace made
 * or adopted, and nothing else.
 */
public interface Step {

    /** What will be so afterwards, in a few words. */
    String describe();

    /** Looks, and leaves everything as it is. What an earlier step has yet to make counts as not there. */
    Check check();

    /** Makes it so; called after {@link #check} found it {@link Check.Needed}. */
    void apply();

    /** Looks what there is to take away, and changes nothing: done where there is nothing, needed with the statements or calls, refused with why not yet. */
    default Check removal() {
        return new Check.Done();
    }

    /** What {@link #remove} leaves there because somebody else needs it, each with whom, and with what to do where something is to be done; looks, and changes nothing. */
    default List<String> staying() {
        return List.of();
    }

    /** Takes it away; called after {@link #removal} found it needed. */
    default void remove() {
        throw new IllegalStateException(describe() + " has nothing to take away");
    }

    /** What is there and fits, though Millrace did not make it; adopted, it is Millrace's to remove. */
    default Check adoption() {
        return new Check.Done();
    }

    /** Takes it over; called after {@link #adoption} found it needed. */
    default void adopt() {
        throw new IllegalStateException(describe() + " has nothing to take over");
    }
}
