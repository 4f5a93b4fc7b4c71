package io.millrace.capture.source;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.millrace.capture.continuity.Point;
import io.millrace.pipeline.file.TableName;
import io.millrace.pipeline.record.Position;
import io.millrace.pipeline.topic.Topics;
import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.stream.Stream;

/**
 * What a source is at one moment: which server, how far its log is, its slot, its tables.
 *
 * @param system system identifier of the cluster
 * @param database oid of the database
 * @param timeline the timeline that is written
 * @param now the end of the log: whatever is committed and can be seen stands before it
 * @param slotName name of slot and publication
 * @param slot null where there is none
 * @param tables all that were asked for
 * @param horizon number of a transaction, in 64 bits: every one below had ended before anything else was looked at
 */
public record SourceLook(long system, long database, int timeline, Point now, String slotName, Slot.State slot, Map<TableName, TableLook> tables, long horizon) {

    private static final ObjectMapper JSON = new ObjectMapper();
    /** It asks for no lock on a table, so that one that somebody has locked is looked at with all others: neither pg_partition_tree nor pg_publication_tables stands here. */
    private static final String TABLES = """
            SELECT t.schema, t.name, coalesce(c.oid::bigint, 0) AS relation, coalesce(published.entries, '') AS entries, p.publication, published.left_out,
                   CASE c.relkind WHEN 'p' THEN coalesce(family.leaves, '{}')::bigint[] END AS partitions, family.rows, coalesce(family.unlogged, false) AS unlogged,
                   c.relkind = 'p' AND NOT p.pubviaroot AS scattered, published.root,
                   EXISTS (SELECT FROM pg_constraint k WHERE k.conrelid = c.oid AND k.contype = 'p' AND NOT k.condeferrable) AS keyed,
                   has_table_privilege(c.oid, 'SELECT') AND has_schema_privilege(c.relnamespace, 'USAGE') AS readable,
                   row_security_active(c.oid) AS secured, coalesce(published.filtered, false) AS filtered,
                   coalesce(family.anonymous, false) AS anonymous,
                   CASE WHEN c.oid IS NOT NULL THEN json_build_object(
                     'files', family.files, 'links', family.links, 'vacant', family.vacant,
                     'columns', (SELECT json_agg(json_build_object('number', a.attnum, 'name', a.attname, 'type', coalesce(nullif(y.typbasetype, 0), y.oid)::bigint, 'generated', a.attgenerated <> '',
                         'defaulted', a.atthasmissing OR c.relkind = 'p' AND EXISTS (SELECT FROM unnest(family.leaves) l JOIN pg_attribute m ON m.attrelid = l AND m.attname = a.attname AND m.atthasmissing),
                         'touched', a.xmin::text::bigint) ORDER BY a.attnum) FROM pg_attribute a JOIN pg_type y ON y.oid = a.atttypid WHERE a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped),
                     'labels', (SELECT coalesce(json_object_agg(e.oid, e.enumlabel), '{}') FROM pg_enum e WHERE e.enumtypid = ANY (used.types)),
                     'composites', (SELECT coalesce(json_object_agg(y.name, y.attributes), '{}') FROM (
                         SELECT row.oid::regtype::text AS name, (SELECT string_agg(e.attnum::text, ' ' ORDER BY e.attnum) FROM pg_attribute e WHERE e.attrelid = row.typrelid AND e.attnum > 0 AND NOT e.attisdropped) AS attributes
                         FROM pg_type row WHERE row.oid = ANY (used.types) AND row.typtype = 'c') y),
                     'key', (SELECT k.indkey::text FROM pg_index k WHERE k.indrelid = c.oid AND k.indisprimary))::text END AS form,
                   EXISTS (SELECT FROM unnest(family.leaves) l JOIN pg_index i ON i.indrelid = l AND i.indisreplident AND NOT i.indisprimary
                           JOIN pg_index k ON k.indrelid = l AND k.indisprimary
                           WHERE NOT (k.indkey::int2[])[0:k.indnkeyatts - 1] <@ (i.indkey::int2[])[0:i.indnkeyatts - 1]) AS otherwise
            FROM unnest(?::text[], ?::text[]) t(schema, name)
            LEFT JOIN pg_namespace n ON n.nspname = t.schema
            LEFT JOIN pg_class c ON c.relnamespace = n.oid AND c.relname = t.name AND c.relkind IN ('r', 'p')
            LEFT JOIN (SELECT oid, oid::text || '.' || xmin::text AS publication, puballtables, pubviaroot FROM pg_publication WHERE pubname = ?) p ON true
            LEFT JOIN LATERAL (SELECT array_agg(a.relid) AS ancestors FROM (SELECT relid::oid FROM pg_partition_ancestors(c.oid) UNION SELECT c.oid) a) line ON true
            LEFT JOIN LATERAL (
              WITH RECURSIVE member(relation, line, transactions) AS (
                SELECT c.oid, '{}'::oid[], '{}'::xid[]
                UNION ALL SELECT i.inhrelid, member.line || i.inhrelid, member.transactions || i.xmin
                FROM member JOIN pg_inherits i ON i.inhparent = member.relation AND NOT i.inhdetachpending WHERE c.relkind = 'p'
              ) SELECT array_agg(leaf.oid ORDER BY leaf.oid) AS leaves, json_object_agg(leaf.oid, leaf.relfilenode::bigint) AS files,
                       json_object_agg(leaf.oid, (SELECT string_agg(link.transaction::text, ' ' ORDER BY link.child) FROM unnest(member.line, member.transactions) link(child, transaction))) FILTER (WHERE c.relkind = 'p') AS links,
                       sum(greatest(pg_stat_get_live_tuples(leaf.oid), leaf.reltuples::bigint, 0))::bigint AS rows, bool_or(leaf.relpersistence = 'u') AS unlogged, bool_or(leaf.relreplident = 'n') AS anonymous,
                       json_object_agg(leaf.oid, %s) FILTER (WHERE c.relkind = 'p' AND leaf.relpages = 0 AND pg_stat_get_live_tuples(leaf.oid) = 0 AND current_setting('track_counts') = 'on') AS vacant
                FROM member JOIN pg_class leaf ON leaf.oid = member.relation WHERE leaf.relkind <> 'p'
            ) family ON true
            LEFT JOIN LATERAL (
              WITH RECURSIVE reached(type) AS (
                SELECT a.atttypid FROM pg_attribute a WHERE a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped AND a.atttypid >= 16384
                UNION SELECT below.type FROM reached JOIN pg_type y ON y.oid = reached.type CROSS JOIN LATERAL (
                  SELECT unnest(ARRAY[y.typelem, y.typbasetype]) AS type
                  UNION ALL SELECT CASE y.oid WHEN r.rngtypid THEN r.rngsubtype ELSE r.rngtypid END FROM pg_range r WHERE y.oid IN (r.rngtypid, r.rngmultitypid)
                  UNION ALL SELECT e.atttypid FROM pg_attribute e WHERE e.attrelid = y.typrelid AND e.attnum > 0 AND NOT e.attisdropped
                ) below WHERE below.type >= 16384
              ) SELECT array_agg(type) AS types FROM reached) used ON true
            LEFT JOIN LATERAL (
              SELECT string_agg(DISTINCT entry, ' ' ORDER BY entry) AS entries, bool_or(filtered) AS filtered,
                     (SELECT array_agg(DISTINCT a.attname::text) FROM pg_publication_rel r JOIN pg_attribute a ON a.attrelid = r.prrelid AND a.attnum > 0 AND NOT a.attisdropped AND a.attgenerated = ''
                      WHERE r.prpubid = p.oid AND r.prrelid = ANY (line.ancestors) AND a.attnum <> ALL (r.prattrs::int2[])) AS left_out,
                     min(holder::regclass::text) FILTER (WHERE p.pubviaroot AND holder <> c.oid) AS root
              FROM (
                SELECT 'all' AS entry, false AS filtered, ancestor AS holder FROM unnest(line.ancestors) ancestor WHERE p.puballtables
                UNION ALL SELECT r.oid::text, r.prqual IS NOT NULL AND NOT EXISTS (SELECT FROM pg_publication_namespace s WHERE s.pnpubid = p.oid AND s.pnnspid = c.relnamespace), r.prrelid FROM pg_publication_rel r WHERE r.prpubid = p.oid AND r.prrelid = ANY (line.ancestors)
                UNION ALL SELECT s.oid || '@' || y.xmin, false, m.oid FROM pg_publication_namespace s JOIN pg_class m ON m.oid = ANY (line.ancestors) AND m.relnamespace = s.pnnspid JOIN pg_type y ON y.oid = m.reltype WHERE s.pnpubid = p.oid
              ) e) published ON true
            ORDER BY t.schema, t.name""".formatted(VacantPartitions.counted("leaf.oid"));

    /**
     * Looks once; a few queries that read catalogs only.
     *
     * @param wanted what is wanted of each table
     * @param known what is known of them from earlier
     * @param truncates that came in the stream
     * @throws SQLException when the database cannot be asked
     */
    public static SourceLook take(SourceConnection source, Slot slot, Map<TableName, Wanted> wanted, Map<TableName, TableLook.Before> known, Truncates truncates) throws SQLException {
        try (var connection = source.open()) {
            long horizon = horizon(connection);
            var state = slot.state(connection);
            var seen = tables(connection, slot.name(), source.user(), wanted);
            VacantPartitions.find(connection, seen, known);
            truncates.keep(known.keySet());
            var looking = new Looking(connection, truncates, state == null ? 0 : state.confirmed(), horizon);
            for (var before : known.entrySet()) {
                if (seen.containsKey(before.getKey())) {
                    seen.put(before.getKey(), compared(looking, before.getKey(), seen.get(before.getKey()), before.getValue()));
                }
            }
            try (var statement = connection.createStatement(); var row = statement.executeQuery("""
                    SELECT s.system_identifier, d.oid::bigint, pg_walfile_name(l.lsn), l.lsn::text, (extract(epoch FROM clock_timestamp()) * 1000000)::bigint
                    FROM pg_control_system() s, pg_database d, LATERAL (SELECT pg_current_wal_insert_lsn() AS lsn) l WHERE d.datname = current_database()""")) {
                row.next();
                int timeline = Integer.parseInt(row.getString(3), 0, 8, 16);
                return new SourceLook(row.getLong(1), row.getLong(2), timeline, new Point(Position.parseLsn(row.getString(4)), row.getLong(5)), slot.name(), state, seen, horizon);
            }
        }
    }

    /** The same, with other looks at its tables. */
    public SourceLook with(Map<TableName, TableLook> others) {
        return new SourceLook(system, database, timeline, now, slotName, slot, others, horizon);
    }

    private static long horizon(Connection connection) throws SQLException {
        try (var statement = connection.createStatement(); var row = statement.executeQuery("SELECT pg_snapshot_xmin(pg_current_snapshot())::text")) {
            row.next();
            return row.getLong(1);
        }
    }

    private static TableLook compared(Looking looking, TableName table, TableLook seen, TableLook.Before before) throws SQLException {
        var compared = before.partitions() == null || seen.partitions() == null ? seen : seen.withAttached(AttachedRows.stand(looking.connection(), table, seen, before.partitions()));
        if (before.form() == null || seen.form() == null) {
            looking.truncates().settled(table);
            return compared;
        }
        return OldRows.compared(looking, table, compared, before);
    }

    private static Map<TableName, TableLook> tables(Connection connection, String publication, String user, Map<TableName, Wanted> wanted) throws SQLException {
        var seen = new TreeMap<TableName, TableLook>();
        try (var statement = connection.prepareStatement(TABLES)) {
            statement.setArray(1, connection.createArrayOf("text", wanted.keySet().stream().map(TableName::schema).toArray()));
            statement.setArray(2, connection.createArrayOf("text", wanted.keySet().stream().map(TableName::table).toArray()));
            statement.setString(3, publication);
            try (var rows = statement.executeQuery()) {
                while (rows.next()) {
                    var table = new TableName(rows.getString("schema"), rows.getString("name"));
                    seen.put(table, table(table, rows, publication, user, wanted.get(table)));
                }
            }
        }
        return seen;
    }

    private static TableLook table(TableName table, ResultSet row, String publication, String user, Wanted wanted) throws SQLException {
        var missing = new ArrayList<TableLook.Missing>();
        var others = new ArrayList<String>();
        if (row.getLong("relation") == 0) {
            missing.add(new TableLook.Missing("it is no longer there", "The database has no table " + table + "; create it"
                    + (table.schema().equals(Topics.OWN_SCHEMA) ? " by provisioning the source" : ", or correct the pipeline file")));
            return new TableLook(0, "", missing, others, false, null, false, null, 0, null);
        }
        boolean keyed = row.getBoolean("keyed");
        if (!keyed) {
            missing.add(new TableLook.Missing("it has no primary key", "The table " + table + " has no primary key, by which its rows are known; run ALTER TABLE " + table.sql() + " ADD PRIMARY KEY (…) (one that is DEFERRABLE does not count, since Postgres takes it for no replica identity)"));
        }
        boolean isPublished = !row.getString("entries").isEmpty();
        if (!isPublished) {
            missing.add(new TableLook.Missing("it is not in the publication " + publication, "The publication " + publication + " lacks the table " + table
                    + "; run ALTER PUBLICATION " + publication + " ADD TABLE " + table.sql()));
        }
        if (row.getBoolean("filtered")) {
            missing.add(new TableLook.Missing("the publication " + publication + " has a row filter for it", "The publication " + publication + " passes only some rows of the table " + table
                    + " on, those of its WHERE; run ALTER PUBLICATION " + publication + " DROP TABLE " + table.sql() + ", then ADD TABLE " + table.sql()
                    + " without WHERE, and filter in the pipeline file"));
        }
        missing.addAll(elsewhere(table, row, publication, wanted.columns()));
        if (row.getBoolean("unlogged")) {
            missing.add(new TableLook.Missing("it is unlogged", "The table " + table + ", or a partition of it, is unlogged, so its changes are in no log; run ALTER TABLE … SET LOGGED"));
        }
        if (row.getBoolean("otherwise") && row.getArray("partitions") != null) {
            // The log has the partitioned table's own identity, so it does not tell whether such a change came.
            missing.add(new TableLook.Missing("the replica identity of a partition of it was an index that lacks columns of the primary key", "The replica identity of a partition of the table " + table
                    + " is an index that lacks columns of the primary key, so deletes in it, and updates of the key, do not say which row went; run ALTER TABLE … REPLICA IDENTITY DEFAULT for the partition"));
        }
        others.addAll(others(table, row, publication, user));
        return new TableLook(row.getLong("relation"), isPublished ? row.getString("publication") + " " + row.getString("entries") : "", List.copyOf(missing), List.copyOf(others), keyed,
                row.getArray("partitions") == null ? null : List.of((Long[]) row.getArray("partitions").getArray()), false, wanted.rows() ? form(row.getString("form"), wanted.form()) : null, row.getLong("rows"), null);
    }

    private static TableForm form(String json, String captured) {
        try {
            return JSON.readValue(json, TableForm.class).captured(captured);
        } catch (JsonProcessingException e) {
            throw new IllegalStateException("Postgres describes a table as " + json, e);
        }
    }

    /** Changes that the publication passes on without some of their columns, or under another table's name. */
    private static List<TableLook.Missing> elsewhere(TableName table, ResultSet row, String publication, Set<String> needed) throws SQLException {
        var missing = new ArrayList<TableLook.Missing>();
        if (row.getBoolean("scattered")) {
            missing.add(new TableLook.Missing("the publication " + publication + " passes its rows on under the names of its partitions", "The publication " + publication
                    + " passes the rows of the partitioned table " + table + " on under the names of its partitions; run ALTER PUBLICATION " + publication + " SET (publish_via_partition_root = true)"));
        }
        var root = row.getString("root");
        if (root != null) {
            missing.add(new TableLook.Missing("the publication " + publication + " passes its rows on under the name of " + root, "The publication " + publication + " passes the rows of the partition "
                    + table + " on under the name of " + root + ", which it has too; name that table in the pipeline file instead, or run ALTER PUBLICATION " + publication + " DROP TABLE " + root));
        }
        var array = row.getArray("left_out");
        var leftOut = array == null ? List.<String>of() : Stream.of((String[]) array.getArray()).filter(needed::contains).sorted().toList();
        if (!leftOut.isEmpty()) {
            missing.add(new TableLook.Missing("the publication " + publication + " left out " + leftOut + " of it", "The publication " + publication + " leaves out " + leftOut + " of the table " + table
                    + ", of which documents are made; run ALTER PUBLICATION " + publication + " DROP TABLE " + table.sql() + ", then ADD TABLE " + table.sql() + " with these columns or without a list"));
        }
        return missing;
    }

    /** What does not make changes go missing by itself. */
    private static List<String> others(TableName table, ResultSet row, String publication, String user) throws SQLException {
        var others = new ArrayList<String>();
        if (!row.getBoolean("readable")) {
            others.add("The role " + user + " may not read the table " + table + "; run GRANT USAGE ON SCHEMA " + TableName.quote(table.schema())
                    + " TO " + TableName.quote(user) + "; GRANT SELECT ON " + table.sql() + " TO " + TableName.quote(user));
        }
        if (row.getBoolean("secured")) {
            others.add("Row level security hides rows of the table " + table + " from the role " + user + ", so neither a snapshot nor the reading of large values can be trusted; run ALTER ROLE "
                    + TableName.quote(user) + " BYPASSRLS as a superuser");
        }
        if (row.getBoolean("anonymous")) {
            others.add("The table " + table + " has REPLICA IDENTITY NOTHING, so Postgres refuses its updates and deletes while it is in " + publication + "; run ALTER TABLE " + table.sql()
                    + " REPLICA IDENTITY DEFAULT");
        }
        if (row.getBoolean("otherwise") && row.getArray("partitions") == null) {
            others.add("The replica identity of the table " + table + " is an index that lacks columns of the primary key, so its deletes, and updates of the key, do not say which row went; run ALTER TABLE " + table.sql()
                    + " REPLICA IDENTITY DEFAULT");
        }
        return others;
    }
}
