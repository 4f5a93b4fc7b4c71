package io.millrace.local;

/**
 * Somebody who comes to the servers of a secured stack, with the password that the stack's {@link Keyring} has for that name. What
 * a user may do there is said to these servers themselves.
 *
 * @param name the same at each of them
 * @param kafka whether Kafka lets the user in
 * @param registry whether the registry does
 */
public record LocalUser(String name, boolean kafka, boolean registry) {}
