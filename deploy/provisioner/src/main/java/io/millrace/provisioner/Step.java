package io.millrace.provisioner;

/**
 * One thing that must be so before a pipeline can run. Applying twice changes nothing the second time; steps are applied
 * in order, and one that was killed half way is finished by the next run.
 */
public interface Step {

    /** What will be so afterwards, in a few words. */
    String describe();

    /** Looks, and changes nothing. What an earlier step has yet to make counts as not there. */
    Check check();

    /** Makes it so; called after {@link #check} found it {@link Check.Needed}. */
    void apply();
}
