package io.millrace.provisioner.source;

import io.millrace.pipeline.file.TableName;
import io.millrace.provisioner.Check;
import io.millrace.provisioner.ProvisioningException;
import io.millrace.provisioner.Step;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import org.postgresql.PGConnection;

/** The role of the pipeline file: may log in with the file's password and replicate, and nothing that it did not have before. */
public final class ReplicationRole implements Step {

    private static final String MARK = "made by Millrace";
    private static final int ATTEMPTS = 10;
    /** duplicate_object, unique_violation, and internal_error for a tuple that was updated by another at once. */
    private static final Set<String> MEETING = Set.of("42710", "23505", "XX000");

    private final SourceDatabase database;

    public ReplicationRole(SourceDatabase database) {
        this.database = database;
    }

    @Override
    public String describe() {
        return "source " + database.name() + ": role " + database.role() + " may log in and replicate";
    }

    @Override
    public Check check() {
        var actions = actions();
        var problems = new ArrayList<String>();
        if (!actions.isEmpty() && database.isOwnAdmin()) {
            problems.add("The role " + database.role() + " of the source '" + database.name() + "' has no right to replicate, and it is the only role that was given; a superuser runs ALTER ROLE "
                    + TableName.quote(database.role()) + " REPLICATION, or give an admin by MILLRACE_ADMIN_USER and MILLRACE_ADMIN_PASSWORD");
        } else if (!actions.isEmpty() && !database.isSuperuser() && !mayGrantReplication()) {
            problems.add("Making the role " + database.role() + " of the source '" + database.name() + "' needs a superuser, or CREATEROLE and REPLICATION (PostgreSQL 16 and later), which "
                    + database.text("SELECT current_user") + " does not have; a superuser runs: " + String.join("; ", actions));
        }
        return Check.of(problems, actions);
    }

    /** Since version 16 who has REPLICATION and may make roles may hand it on. */
    private boolean mayGrantReplication() {
        return database.isTrue("SELECT rolcreaterole AND rolreplication AND current_setting('server_version_num')::int >= 160000 FROM pg_roles WHERE rolname = current_user");
    }

    private List<String> actions() {
        var role = TableName.quote(database.role());
        if (!database.roleExists()) {
            return List.of("CREATE ROLE " + role + " LOGIN REPLICATION", mark(role), passwordAction(role));
        }
        var actions = new ArrayList<String>();
        if (!database.isTrue("SELECT rolcanlogin AND (rolsuper OR rolreplication) FROM pg_roles WHERE rolname = ?", database.role())) {
            actions.add("ALTER ROLE " + role + " LOGIN REPLICATION");
        }
        if (!database.isOwnAdmin() && !database.canLogIn()) {
            actions.add(passwordAction(role));
        }
        return actions;
    }

    private static String passwordAction(String role) {
        return "ALTER ROLE " + role + " PASSWORD (the reference in the pipeline file)";
    }

    /** Roles belong to the whole server, so this one carries the note on itself: another database's notes are not seen from here. */
    private static String mark(String role) {
        return "COMMENT ON ROLE " + role + " IS '" + MARK + "'";
    }

    private boolean isOurs() {
        return database.isTrue("SELECT EXISTS (SELECT FROM pg_roles WHERE rolname = ? AND shobj_description(oid, 'pg_authid') = ?)", database.role(), MARK);
    }

    /** Two databases of one server may be provisioned at once and have one role: who comes second finds it there. */
    @Override
    public void apply() {
        for (int attempt = 1; ; attempt++) {
            try {
                applyOnce();
                return;
            } catch (ProvisioningException e) {
                if (attempt == ATTEMPTS || !(e.getCause() instanceof SQLException cause) || !MEETING.contains(String.valueOf(cause.getSQLState()))) {
                    throw e;
                }
            }
        }
    }

    private void applyOnce() {
        var actions = actions();
        database.execute(actions.stream().filter(action -> !action.endsWith(")")).toList());
        if (actions.stream().anyMatch(action -> action.endsWith(")"))) {
            password();
        }
    }

    /** Where another database of the server still lets the role in, it stays; the last one takes it away. */
    @Override
    public Check removal() {
        if (!isOurs()) {
            return new Check.Done();
        }
        var elsewhere = usedElsewhere();
        return elsewhere.isEmpty() ? new Check.Needed(List.of("DROP ROLE " + TableName.quote(database.role())))
                : new Check.Advised(List.of("The role " + database.role() + " stays: it has rights in " + String.join(", ", elsewhere) + " of the same server"));
    }

    private List<String> usedElsewhere() {
        return database.column("SELECT DISTINCT d.datname::text FROM pg_shdepend s JOIN pg_database d ON d.oid = s.dbid WHERE s.refclassid = 'pg_authid'::regclass"
                + " AND s.refobjid = (SELECT oid FROM pg_roles WHERE rolname = ?) AND d.datname <> current_database() ORDER BY 1", database.role());
    }

    @Override
    public void remove() {
        try {
            database.execute(List.of("DROP ROLE IF EXISTS " + TableName.quote(database.role())));
        } catch (ProvisioningException e) {
            // Another database of the server was provisioned or taken down in this very moment.
            if (removal() instanceof Check.Needed) {
                throw e;
            }
        }
    }

    @Override
    public Check adoption() {
        return !database.roleExists() || isOurs() || database.isOwnAdmin() ? new Check.Done() : new Check.Needed(List.of(mark(TableName.quote(database.role()))));
    }

    @Override
    public void adopt() {
        database.execute(List.of(mark(TableName.quote(database.role()))));
    }

    /** The driver hashes the password before it sends it, so that it stands in no statement log. */
    private void password() {
        try {
            database.connection().unwrap(PGConnection.class).alterUserPassword(database.role(), database.password().toCharArray(), "scram-sha-256");
        } catch (SQLException e) {
            throw database.failed("Setting the password of the role " + database.role(), e);
        }
        if (!database.canLogIn()) {
            throw database.failed("Logging in as the role " + database.role() + " with its new password",
                    new SQLException("the server still refuses it; look into pg_hba.conf", "28000"));
        }
    }
}
