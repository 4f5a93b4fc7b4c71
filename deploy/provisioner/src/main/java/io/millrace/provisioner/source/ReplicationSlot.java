package io.millrace.provisioner.source;

import io.millrace.pipeline.topic.Topics;
import io.millrace.provisioner.Check;
import io.millrace.provisioner.Step;
import java.util.List;

/**
 * The slot of a source. Capture makes it when it starts, since from then on it holds back WAL; here it is looked at, and taken away
 * when its source goes: a slot that nobody reads fills the primary's disk.
 */
public final class ReplicationSlot implements Step {

    private static final int STANDBYS_FOLLOW = 17;

    private final SourceDatabase database;
    private final String name;

    public ReplicationSlot(SourceDatabase database) {
        this.database = database;
        this.name = Topics.slot(database.name());
    }

    @Override
    public String describe() {
        return "source " + database.name() + ": slot " + name;
    }

    @Override
    public Check check() {
        if (!exists()) {
            return new Check.Done();
        }
        if (is("wal_status = 'lost'")) {
            return new Check.Advised(List.of("The slot " + name + " is lost: max_slot_wal_keep_size let the WAL go that it needed. Run ./millrace recover " + database.name()
                    + ", which makes it anew and reads every table again"));
        }
        if (database.isAtLeast(STANDBYS_FOLLOW) && is("NOT failover")) {
            return new Check.Advised(List.of("The slot " + name + " would not survive a failover. Stop capture, run ALTER_REPLICATION_SLOT " + name + " (FAILOVER true) on a replication connection"
                    + " (psql 'dbname=… replication=database'), and start capture"));
        }
        return new Check.Done();
    }

    private boolean exists() {
        return is("true");
    }

    private boolean is(String condition) {
        return database.isTrue("SELECT " + condition + " FROM pg_replication_slots WHERE slot_name = ? AND database = current_database() AND plugin = 'pgoutput'", name);
    }

    @Override
    public void apply() {
        throw new IllegalStateException("The slot is capture's to make");
    }

    @Override
    public Check removal() {
        if (!exists()) {
            return new Check.Done();
        }
        if (is("active")) {
            return new Check.Refused(List.of("The slot " + name + " of the source '" + database.name() + "' is being read by the process "
                    + database.text("SELECT active_pid FROM pg_replication_slots WHERE slot_name = ?", name) + "; stop capture first, then run this again"));
        }
        if (!database.isTrue("SELECT rolsuper OR rolreplication FROM pg_roles WHERE rolname = current_user")) {
            return new Check.Refused(List.of("Dropping the slot " + name + " of the source '" + database.name() + "' needs REPLICATION, which " + database.text("SELECT current_user")
                    + " does not have; someone who has it runs SELECT pg_drop_replication_slot('" + name + "')"));
        }
        return new Check.Needed(List.of("SELECT pg_drop_replication_slot('" + name + "')"));
    }

    @Override
    public void remove() {
        database.column("SELECT pg_drop_replication_slot(slot_name) FROM pg_replication_slots WHERE slot_name = ?", name);
    }
}
