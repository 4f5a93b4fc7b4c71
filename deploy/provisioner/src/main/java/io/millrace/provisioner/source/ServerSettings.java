package io.millrace.provisioner.source;

import io.millrace.pipeline.topic.Topics;
import io.millrace.provisioner.Check;
import io.millrace.provisioner.Step;
import java.util.ArrayList;
import java.util.List;

/** The server's settings, which only its operator may change: this step never applies anything. */
public final class ServerSettings implements Step {

    private final SourceDatabase database;

    public ServerSettings(SourceDatabase database) {
        this.database = database;
    }

    @Override
    public String describe() {
        return "source " + database.name() + ": logical decoding is on, with a free slot and a free sender";
    }

    @Override
    public Check check() {
        var problems = new ArrayList<String>();
        if (database.isTrue("SELECT pg_is_in_recovery()")) {
            problems.add("The source '" + database.name() + "' is a standby; give the URL of the primary, where the publication and Millrace's own tables are written");
        }
        var level = database.text("SHOW wal_level");
        if (!level.equals("logical")) {
            problems.add("The source '" + database.name() + "' runs with wal_level=" + level + ", and rows can be read from its log only with wal_level=logical;"
                    + " run ALTER SYSTEM SET wal_level = 'logical' as a superuser and restart PostgreSQL (a managed service has a parameter for it)");
        }
        if (database.text("SHOW server_encoding").equals("SQL_ASCII")) {
            problems.add("The database of the source '" + database.name() + "' has the encoding SQL_ASCII, in which nobody knows what its bytes above 127 mean; move it to one with ENCODING 'UTF8'"
                    + " (pg_dump with --encoding, the one that its clients write)");
        }
        var slot = Topics.slot(database.name());
        free(problems, "max_replication_slots", "replication slot", "SELECT count(*) FROM pg_replication_slots WHERE slot_name <> ?", slot);
        free(problems, "max_wal_senders", "WAL sender", "SELECT count(*) FROM pg_stat_replication r LEFT JOIN pg_replication_slots s ON s.active_pid = r.pid WHERE s.slot_name IS DISTINCT FROM ?", slot);
        slotOfAnother(problems, slot);
        return problems.isEmpty() && !advice().isEmpty() ? new Check.Advised(advice()) : Check.of(problems, List.of());
    }

    /** Settings that only bound a damage: their server works without them. */
    private List<String> advice() {
        var advice = new ArrayList<String>();
        if (database.text("SHOW max_slot_wal_keep_size").equals("-1")) {
            advice.add("The source '" + database.name() + "' lets a slot hold back WAL without bound, so a capture that is away for long fills the primary's disk."
                    + " Run ALTER SYSTEM SET max_slot_wal_keep_size = '…GB' (less than what the disk has to spare) and SELECT pg_reload_conf() as a superuser; alarm well below it");
        }
        if (database.isAtLeast(17) && standbysDoNotFollow()) {
            advice.add("The source '" + database.name() + "' has standbys and does not wait for them with synchronized_standby_slots, so a failover may find the slot behind."
                    + " Run ALTER SYSTEM SET synchronized_standby_slots = '…' (the standbys' physical slots) and SELECT pg_reload_conf(); on the standbys set sync_replication_slots = on");
        }
        return advice;
    }

    private boolean standbysDoNotFollow() {
        return database.text("SHOW synchronized_standby_slots").isEmpty()
                && database.isTrue("SELECT EXISTS (SELECT FROM pg_stat_replication r LEFT JOIN pg_replication_slots s ON s.active_pid = r.pid WHERE s.slot_type = 'physical' OR s.slot_name IS NULL)");
    }

    private void free(List<String> problems, String setting, String what, String used, String slot) {
        int most = Integer.parseInt(database.text("SHOW " + setting));
        int taken = Integer.parseInt(database.text(used, slot));
        if (taken >= most) {
            problems.add("The source '" + database.name() + "' has no free " + what + ": " + taken + " of " + setting + "=" + most
                    + " are taken; drop one that nobody uses, or raise " + setting + " and restart PostgreSQL");
        }
    }

    private void slotOfAnother(List<String> problems, String slot) {
        var other = database.text("SELECT coalesce(database, 'no database') || ', plugin ' || coalesce(plugin, 'none') FROM pg_replication_slots"
                + " WHERE slot_name = ? AND (database IS DISTINCT FROM current_database() OR plugin IS DISTINCT FROM 'pgoutput')", slot);
        if (other != null) {
            problems.add("The slot " + slot + " that the source '" + database.name() + "' needs is taken by someone else (" + other
                    + "); slots belong to the whole server, so give this source another name");
        }
    }

    @Override
    public void apply() {
        throw new IllegalStateException("Server settings are checked, never changed");
    }
}
