package io.millrace.provisioner.source;

import io.millrace.pipeline.file.TableName;
import io.millrace.provisioner.Check;
import io.millrace.provisioner.Step;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.List;
import org.postgresql.PGConnection;

/** The role of the pipeline file: may log in with the file's password and replicate, and nothing that it did not have before. */
public final class ReplicationRole implements Step {

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
            return List.of("CREATE ROLE " + role + " LOGIN REPLICATION", passwordAction(role));
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

    @Override
    public void apply() {
        var actions = actions();
        database.execute(actions.stream().filter(action -> !action.endsWith(")")).toList());
        if (actions.stream().anyMatch(action -> action.endsWith(")"))) {
            password();
        }
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
