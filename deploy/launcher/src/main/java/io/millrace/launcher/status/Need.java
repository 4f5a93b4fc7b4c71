package io.millrace.launcher.status;

/**
 * Something of a stack that a person has to look at.
 *
 * @param about the process, table, slot or pipeline
 * @param what is wrong with it
 * @param command what says more or mends it, as it is typed behind {@code ./millrace}
 */
public record Need(String about, String what, String command) {}
