package io.millrace.check;

import io.millrace.check.script.Statement;
import java.sql.SQLException;
import java.util.Locale;
import java.util.Set;

/** Tells whether a statement failed because the server lacks an extension. */
final class Extensions {

    /** Feature not supported, undefined file: what different versions say of an extension that is not installed. */
    private static final Set<String> STATES = Set.of("0A000", "58P01");

    private Extensions() {}

    static boolean isMissing(Statement statement, SQLException e) {
        return STATES.contains(e.getSQLState()) && statement.text().toUpperCase(Locale.ROOT).contains("EXTENSION");
    }
}
