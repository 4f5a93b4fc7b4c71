package io.millrace.check;

import java.util.Arrays;
import java.util.Optional;

/** What the check looks for. The ids stand in reports and waivers, so they never change their meaning. */
public enum Rule {
    MIGRATION_FAILS("migration-fails", Level.BREAKS, "The migration fails",
            "Correct the statement; run the check again."),
    NOT_IN_TRANSACTION("not-in-transaction", Level.COORDINATION, "A statement cannot run in a transaction",
            "Put the statement into a migration of its own that runs without a transaction."),
    SCHEMA_INCOMPATIBLE("schema-incompatible", Level.BREAKS, "The registry's rule refuses the new row schema",
            "Expand, migrate, contract: add what is new as a nullable column beside the old one, fill it by updates, move readers over, then drop the old one. "
                    + "Where the change must be made at once, agree on a moment, let the gate park the table, accept the schema (POST /quarantine/TABLE/accept) and replay."),
    TABLE_DROPPED("table-dropped", Level.BREAKS, "A table that documents are made of is dropped",
            "First take the table out of the pipeline files and let the documents be rebuilt without it; drop it afterwards."),
    TABLE_RENAMED("table-renamed", Level.BREAKS, "A table that documents are made of is renamed",
            "Keep the name. If it must change: create the new table, publish and fill it, change the pipeline files to it, drop the old one last."),
    TABLE_MOVED("table-moved", Level.BREAKS, "A table that documents are made of moves to another schema",
            "Keep the schema, or create the table anew there, publish and fill it, change the pipeline files to it, drop the old one last."),
    TABLE_REPLACED("table-replaced", Level.BREAKS, "Another table takes the name of one that documents are made of",
            "Change the table in place. If it must be another: publish the new one under a name of its own, change the pipeline files to it, drop the old one last."),
    TABLE_NEW("table-new", Level.FINE, "A pipeline's table is created",
            "Deploy the migration first, then provision the source: that publishes the table and grants the right to read it."),
    COLUMN_DROPPED("column-dropped", Level.BREAKS, "A column that documents use is dropped",
            "First take the column out of the pipeline files and deploy that; drop it afterwards."),
    COLUMN_RENAMED("column-renamed", Level.BREAKS, "A column that documents use is renamed",
            "Add the new column, write both, fill the new one by updates in batches, change the pipeline files to it ({name in the document: column} keeps the document as it is), then drop the old one."),
    COLUMN_RETYPED("column-retyped", Level.BREAKS, "A column that documents use gets another type",
            "Add a column of the new type, write both, fill it by updates in batches, change the pipeline files to it, then drop the old one."),
    RELATION_KEY_CHANGED("relation-key-changed", Level.BREAKS, "A relation of a document loses its key",
            "Keep a primary key or a unique constraint on exactly the columns that the relation joins by, or change the pipeline files first."),
    PRIMARY_KEY_ADDED("primary-key-added", Level.COORDINATION, "A replicated table gets a primary key",
            "Agree on a moment: rows written before have no key that documents could be known by; have the table read again after it."),
    PRIMARY_KEY_DROPPED("primary-key-dropped", Level.BREAKS, "A replicated table loses its primary key",
            "Keep the primary key. To exchange it for an equal one, build the unique index first and exchange both in one statement: ALTER TABLE … DROP CONSTRAINT …, ADD PRIMARY KEY USING INDEX …"),
    PRIMARY_KEY_CHANGED("primary-key-changed", Level.BREAKS, "A replicated table's primary key changes",
            "The key is the topic's key and, for a root, the document's id. Make a new table with the new key, fill it, move the pipeline files to it, drop the old one last."),
    NO_PRIMARY_KEY("no-primary-key", Level.BREAKS, "A replicated table has no primary key",
            "Add one in the statement that creates the table."),
    REPLICA_IDENTITY_NOTHING("replica-identity-nothing", Level.BREAKS, "REPLICA IDENTITY NOTHING on a replicated table",
            "Use REPLICA IDENTITY DEFAULT."),
    REPLICA_IDENTITY_INDEX("replica-identity-index", Level.BREAKS, "REPLICA IDENTITY is an index that is not the primary key",
            "Use REPLICA IDENTITY DEFAULT, or FULL where old values are needed."),
    REPLICA_IDENTITY_LOST("replica-identity-lost", Level.BREAKS, "The index that is the REPLICA IDENTITY is dropped",
            "Run ALTER TABLE … REPLICA IDENTITY DEFAULT before the index is dropped."),
    REPLICA_IDENTITY_FULL("replica-identity-full", Level.WAL, "REPLICA IDENTITY FULL writes every old row to the WAL",
            "Keep DEFAULT unless updates often leave large values untouched; if so, watch millrace_slot_retained_bytes after the change."),
    PUBLICATION_DROPPED("publication-dropped", Level.BREAKS, "The publication is dropped or renamed",
            "Leave the publication to Millrace's provisioning; to stop replication, take the pipeline down first."),
    PUBLICATION_ALTERED("publication-altered", Level.BREAKS, "The publication leaves changes out",
            "Leave the publication to Millrace's provisioning."),
    PUBLICATION_TABLE("publication-table", Level.BREAKS, "A table is taken out of the publication",
            "First take the table out of the pipeline files; then take it out of the publication."),
    PUBLICATION_COLUMNS("publication-columns", Level.BREAKS, "Columns are taken out of the publication",
            "Publish all columns, or take the columns out of the pipeline files first."),
    PUBLICATION_ROWS("publication-rows", Level.BREAKS, "The publication filters a table's rows",
            "Publish all rows; a row that leaves the filter would stay in the documents with no delete."),
    OWN_TABLE_TOUCHED("own-table-touched", Level.BREAKS, "One of Millrace's own tables is touched",
            "Leave the schema millrace to Millrace's provisioning; without its heartbeat the slot retains WAL on a quiet database."),
    ROLE_CHANGED("role-changed", Level.BREAKS, "The replicating role loses what it needs",
            "Keep LOGIN and REPLICATION of the role; to exchange the role, give the new one its rights, change the references of the pipeline files, restart capture, then take the old one away."),
    SERVER_SETTING("server-setting", Level.BREAKS, "A setting that replication depends on changes",
            "Keep wal_level = logical and room for slots and senders; change what is set for the server, the database or the role together with whoever runs Millrace."),
    SELECT_REVOKED("select-revoked", Level.BREAKS, "The replicating role may no longer read a table",
            "Keep GRANT SELECT on the table and USAGE on its schema for the replicating role."),
    SLOT_DROPPED("slot-dropped", Level.BREAKS, "The replication slot is dropped",
            "Leave the slot alone while the pipelines live: changes after its drop are lost, and every table has to be read again."),
    SET_NOT_NULL("set-not-null", Level.COORDINATION, "SET NOT NULL while queued records may still hold null",
            "Fill the column by updates, wait until the lag of all stages is zero, then SET NOT NULL; or keep a CHECK (… IS NOT NULL) constraint, which the row schema does not show."),
    DEFAULT_FUNCTION("default-function", Level.COORDINATION, "A new column's default is a function",
            "Add the column without a default, SET DEFAULT for new rows, and fill the old ones by updates in batches, so that each change travels."),
    DEFAULT_WITHOUT_EVENT("default-without-event", Level.COORDINATION, "A new column's default changes old rows without an event",
            "Add the column without a default, SET DEFAULT for new rows, and fill the old ones by updates in batches, so that each change travels."),
    ROWS_WITHOUT_EVENT("rows-without-event", Level.BREAKS, "Rows change, and the log tells of no change",
            "Change old rows by UPDATE in batches, so that each change travels; or have the table read again after the migration."),
    GENERATED_COLUMN("generated-column", Level.COORDINATION, "A generated column does not travel",
            "Take the columns that it is made of into the document, or keep a plain column up to date by a trigger."),
    ENUM_CHANGED("enum-changed", Level.COORDINATION, "An enum's labels or their order change",
            "Add the new label at the end, write it instead of the old one, update the old rows in batches, leave the old label."),
    DOMAIN_CHANGED("domain-changed", Level.COORDINATION, "A domain changes the columns of a replicated table",
            "Treat it as the same change of each column of that domain."),
    SET_UNLOGGED("set-unlogged", Level.BREAKS, "A replicated table becomes unlogged",
            "Keep the table logged: changes of an unlogged table are not in the WAL."),
    PARTITION_ATTACHED("partition-attached", Level.COORDINATION, "A partition with rows is attached",
            "Create the partition empty (CREATE TABLE … PARTITION OF …) and insert its rows, or have the table read again after the attach."),
    PARTITION_DETACHED("partition-detached", Level.BREAKS, "A partition leaves a replicated table",
            "DELETE its rows first, so that the deletes travel, then detach or drop the empty partition."),
    PARTITION_DROPPED("partition-dropped", Level.BREAKS, "A partition of a replicated table is dropped",
            "DELETE its rows first, so that the deletes travel, then detach or drop the empty partition."),
    INHERITANCE("inheritance", Level.COORDINATION, "A replicated table gains or loses an inheriting table",
            "Use partitions, or name the inheriting tables in the pipeline files: their rows travel under their own names only."),
    TRUNCATE("truncate", Level.COORDINATION, "A replicated table is truncated",
            "Agree on it: every document loses what came from the table. To empty a table that is still used, DELETE in batches."),
    TABLE_REWRITE("table-rewrite", Level.WAL, "A table is rewritten",
            "Do it in small steps (a new column, filled in batches), or at a quiet hour while millrace_slot_retained_bytes is watched."),
    MASS_WRITE("mass-write", Level.WAL, "One statement writes very many rows",
            "Write in batches of some thousand rows with a commit after each, and wait in between until the lag is small."),
    ROW_SECURITY("row-security", Level.COORDINATION, "Row security hides rows from the replicating role",
            "CREATE POLICY … FOR SELECT TO the replicating role USING (true), or ALTER ROLE … BYPASSRLS, before it is enabled.");

    private final String id;
    private final Level level;
    private final String title;
    private final String safe;

    Rule(String id, Level level, String title, String safe) {
        this.id = id;
        this.level = level;
        this.title = title;
        this.safe = safe;
    }

    public String id() {
        return id;
    }

    /** How much a finding of this rule matters where nothing makes it better or worse. */
    public Level level() {
        return level;
    }

    public String title() {
        return title;
    }

    /** How to reach the same end without harm. */
    public String safe() {
        return safe;
    }

    public static Optional<Rule> byId(String id) {
        return Arrays.stream(values()).filter(rule -> rule.id.equals(id)).findFirst();
    }
}
