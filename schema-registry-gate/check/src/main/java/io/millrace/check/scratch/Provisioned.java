package io.millrace.check.scratch;

import io.millrace.pipeline.file.TableName;
import io.millrace.pipeline.topic.Topics;
import java.sql.SQLException;
import java.util.Collection;

/**
 * What provisioning would have made of a source: Millrace's own tables, the publication, the replicating role and its rights.
 * A dump may lack any of it.
 */
public final class Provisioned {

    private static final String OWN = """
            CREATE SCHEMA IF NOT EXISTS millrace;
            CREATE TABLE IF NOT EXISTS millrace.heartbeat (id int PRIMARY KEY, beat timestamptz);
            CREATE TABLE IF NOT EXISTS millrace.outboxevent (id uuid PRIMARY KEY, aggregatetype varchar(255) NOT NULL, aggregateid varchar(512) NOT NULL, type varchar(255) NOT NULL,
              "timestamp" timestamptz NOT NULL, payload varchar(8000), tracingspancontext varchar(256))""";

    private Provisioned() {}

    /**
     * Makes what is missing.
     *
     * @param source the source's name
     * @param role the replicating role
     * @param tables what the pipelines need; those that are not there are left to the migrations
     */
    public static void complete(ScratchDatabase database, String source, String role, Collection<TableName> tables) throws SQLException {
        database.execute(OWN);
        var publication = TableName.quote(Topics.publication(source));
        if (database.text("SELECT 1 FROM pg_publication WHERE pubname = ?", Topics.publication(source)) == null) {
            database.execute("CREATE PUBLICATION " + publication + " WITH (publish = 'insert, update, delete, truncate', publish_via_partition_root = true)");
        }
        boolean all = "t".equals(database.text("SELECT puballtables FROM pg_publication WHERE pubname = ?", Topics.publication(source)));
        publish(database, source, role, Topics.HEARTBEAT, all);
        publish(database, source, role, Topics.OUTBOX, all);
        for (var table : tables) {
            if (database.text("SELECT 1 FROM pg_class WHERE oid = to_regclass(?) AND relkind IN ('r', 'p') AND relpersistence = 'p'", table.sql()) != null) {
                publish(database, source, role, table, all);
            }
        }
    }

    private static void publish(ScratchDatabase database, String source, String role, TableName table, boolean all) throws SQLException {
        boolean published = all || database.text("SELECT 1 FROM pg_publication_rel r JOIN pg_publication p ON p.oid = r.prpubid WHERE p.pubname = ? AND r.prrelid = to_regclass(?)",
                Topics.publication(source), table.sql()) != null;
        if (!published) {
            database.execute("ALTER PUBLICATION " + TableName.quote(Topics.publication(source)) + " ADD TABLE " + table.sql());
        }
        if (!"t".equals(database.text("SELECT has_schema_privilege(?, ?, 'USAGE')", role, table.schema()))) {
            database.execute("GRANT USAGE ON SCHEMA " + TableName.quote(table.schema()) + " TO " + TableName.quote(role));
        }
        if (!"t".equals(database.text("SELECT has_table_privilege(?, to_regclass(?), 'SELECT')", role, table.sql()))) {
            database.execute("GRANT SELECT ON " + table.sql() + " TO " + TableName.quote(role));
        }
    }
}
