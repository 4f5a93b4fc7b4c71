package io.millrace.provisioner.source;

import io.millrace.provisioner.Check;
import io.millrace.provisioner.ProvisioningException;
import io.millrace.provisioner.Step;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import org.postgresql.PGConnection;

/** A role as which services come: may log in with its password, replicate where capture comes as it, and nothing that it did not have before. */
final class RoleLogin implements Step {

    private static final String MARK = "made by Millrace";
    private static final int ATTEMPTS = 10;
    /** duplicate_object, unique_violation, and internal_error for a tuple that was updated by another at once. */
    private static final Set<String> MEETING = Set.of("42710", "23505", "XX000");

    private final SourceDatabase database;
    private final SourceRole role;

    RoleLogin(SourceDatabase database, SourceRole role) {
        this.database = database;
        this.role = role;
    }

    @Override
    public String describe() {
        return "source " + database.name() + ": role " + role.name() + " may log in" + (role.replicates() ? " and replicate" : "");
    }

    @Override
    public Check check() {
        var actions = actions();
        var problems = new ArrayList<String>();
        if (!actions.isEmpty() && isOwnAdmin()) {
            problems.add("The role " + role.name() + " of the source '" + database.name() + "' has no right to replicate, and it is the only role that was given; a superuser runs ALTER ROLE "
                    + role.sql() + " REPLICATION, or give an admin by MILLRACE_ADMIN_USER and MILLRACE_ADMIN_PASSWORD");
        } else if (!actions.isEmpty() && !database.isSuperuser() && !mayMakeIt()) {
            problems.add("Making the role " + role.name() + " of the source '" + database.name() + "' needs a superuser, or " + (role.replicates() ? "CREATEROLE and REPLICATION (PostgreSQL 16 and later)" : "CREATEROLE") + ", which "
                    + database.text("SELECT current_user") + " does not have; a superuser runs: " + String.join("; ", actions));
        }
        return Check.of(problems, actions);
    }

    /** Since version 16 who has REPLICATION and may make roles may hand it on. */
    private boolean mayMakeIt() {
        return database.isTrue("SELECT rolcreaterole" + (role.replicates() ? " AND rolreplication AND current_setting('server_version_num')::int >= 160000" : "") + " FROM pg_roles WHERE rolname = current_user");
    }

    private boolean isOwnAdmin() {
        return database.isAdmin(role);
    }

    private List<String> actions() {
        if (!database.exists(role)) {
            return List.of("CREATE ROLE " + role.sql() + attributes(), mark(), passwordAction());
        }
        var actions = new ArrayList<String>();
        if (!database.isTrue("SELECT rolcanlogin AND (rolsuper OR rolreplication OR NOT ?) FROM pg_roles WHERE rolname = ?", role.replicates(), role.name())) {
            actions.add("ALTER ROLE " + role.sql() + attributes());
        }
        if (!isOwnAdmin() && !database.canLogIn(role)) {
            actions.add(passwordAction());
        }
        return actions;
    }

    private String attributes() {
        return role.replicates() ? " LOGIN REPLICATION" : " LOGIN";
    }

    private String passwordAction() {
        return "ALTER ROLE " + role.sql() + " PASSWORD (the reference in the " + (role.isFiles() ? "pipeline" : "regions") + " file)";
    }

    /** Roles belong to the whole server, so this one carries the note on itself: another database's notes are not seen from here. */
    private String mark() {
        return "COMMENT ON ROLE " + role.sql() + " IS '" + MARK + "'";
    }

    private boolean isOurs() {
        return database.isTrue("SELECT EXISTS (SELECT FROM pg_roles WHERE rolname = ? AND shobj_description(oid, 'pg_authid') = ?)", role.name(), MARK);
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

    /** Where another source comes as the role, of this database or of another one of the server, it stays; the last one takes it away. */
    @Override
    public Check removal() {
        return isOurs() && staying().isEmpty() ? new Check.Needed(List.of("DROP ROLE " + role.sql())) : new Check.Done();
    }

    @Override
    public List<String> staying() {
        if (!isOurs()) {
            return List.of();
        }
        var why = new ArrayList<>(usedElsewhere().stream().map(other -> "it has rights in " + other + " of the same server").toList());
        database.others().stream().filter(other -> !database.made(role.noteOf(other)).isEmpty()).forEach(other -> why.add("the source '" + other + "' of the same database comes as it"));
        database.unknown().forEach(publication -> why.add("the source of the publication " + publication + " may come as it"));
        return why.isEmpty() ? List.of() : List.of("The role " + role.name() + " stays: " + String.join(", ", why));
    }

    private List<String> usedElsewhere() {
        return database.column("SELECT DISTINCT d.datname::text FROM pg_shdepend s JOIN pg_database d ON d.oid = s.dbid WHERE s.refclassid = 'pg_authid'::regclass"
                + " AND s.refobjid = (SELECT oid FROM pg_roles WHERE rolname = ?) AND d.datname <> current_database() ORDER BY 1", role.name());
    }

    @Override
    public void remove() {
        try {
            database.execute(List.of("DROP ROLE IF EXISTS " + role.sql()));
        } catch (ProvisioningException e) {
            // Another database of the server was provisioned or taken down in this very moment.
            if (removal() instanceof Check.Needed) {
                throw e;
            }
        }
    }

    @Override
    public Check adoption() {
        return !database.exists(role) || isOurs() || isOwnAdmin() ? new Check.Done() : new Check.Needed(List.of(mark()));
    }

    @Override
    public void adopt() {
        database.execute(List.of(mark()));
    }

    /** The driver hashes the password before it sends it, so that it stands in no statement log. */
    private void password() {
        try {
            database.connection().unwrap(PGConnection.class).alterUserPassword(role.name(), role.password().toCharArray(), "scram-sha-256");
        } catch (SQLException e) {
            throw database.failed("Setting the password of the role " + role.name(), e);
        }
        if (!database.canLogIn(role)) {
            throw database.failed("Logging in as the role " + role.name() + " with its new password",
                    new SQLException("the server still refuses it; look into pg_hba.conf", "28000"));
        }
    }
}
