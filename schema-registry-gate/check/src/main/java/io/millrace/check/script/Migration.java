package io.millrace.check.script;

import io.millrace.check.Waiver;
import java.util.List;

/**
 * A file, or a changeset of one, that is run as a whole.
 *
 * @param name for people
 * @param runner who will run it
 * @param statements in their order
 * @param waivers the comments that allow findings
 */
public record Migration(String name, Runner runner, List<Statement> statements, List<Waiver> waivers) {

    /** Who runs a migration, and thereby whether it is one transaction. */
    public enum Runner {
        /** Statement by statement; a transaction is where the file says so. */
        PLAIN,
        /** One transaction, or none at all where no statement bears one. */
        FLYWAY,
        /** One transaction unless the changeset says otherwise. */
        LIQUIBASE,
        /** One transaction, whatever the statements bear. */
        WRAPPED,
        /** Said to run without a transaction. */
        UNWRAPPED;

        /** Whether all of it is tried in one transaction. */
        public boolean isWrapped() {
            return this == FLYWAY || this == LIQUIBASE || this == WRAPPED;
        }
    }
}
