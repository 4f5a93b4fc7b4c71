package io.millrace.local;

/**
 * Somebody who comes to the servers of a secured stack, with the password that the stack's {@link Keyring} has for that name. What
 * a user may do in Kafka, and with which index, is said to these servers themselves.
 *
 * @param name the same at each of them
 * @param kafka whether Kafka lets the user in
 * @param registry what the user may do there
 */
public record LocalUser(String name, boolean kafka, RegistryRole registry) {

    /** The registry's own roles. */
    public enum RegistryRole {
        NONE(""), READER("sr-readonly"), WRITER("sr-developer"), ADMIN("sr-admin");

        private final String title;

        RegistryRole(String title) {
            this.title = title;
        }

        String title() {
            return title;
        }
    }
}
