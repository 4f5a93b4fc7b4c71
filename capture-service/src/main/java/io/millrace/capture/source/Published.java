package io.millrace.capture.source;

/**
 * SQL that tells what a publication passes on of a table {@code c}. Catalogs alone are asked, and not the view {@code pg_publication_tables}:
 * that opens every table of the publication, so a table that somebody has locked would keep whoever asks from all the others.
 */
public final class Published {

    /** Joins the publication {@code p} of the name that is the parameter here, and its entry {@code r} for the table itself; nulls where there is none. */
    public static final String JOINS = "LEFT JOIN pg_publication p ON p.pubname = ? LEFT JOIN pg_publication_rel r ON r.prpubid = p.oid AND r.prrelid = c.oid";

    /** Whether it passes the table on: with all tables, or by the name or the schema of the table or of one that it is a partition of. */
    public static final String TABLE = """
            (p.puballtables OR EXISTS (SELECT FROM (SELECT c.oid UNION ALL SELECT relid::oid FROM pg_partition_ancestors(c.oid) WHERE c.relispartition) line(oid) JOIN pg_class holder ON holder.oid = line.oid
              WHERE (EXISTS (SELECT FROM pg_publication_rel e WHERE e.prpubid = p.oid AND e.prrelid = holder.oid)
                   OR EXISTS (SELECT FROM pg_publication_namespace s WHERE s.pnpubid = p.oid AND s.pnnspid = holder.relnamespace))))""";

    /** Whether it passes the table's column {@code a} on: one of its list, or without a list any that is not generated, from version 18 on also one that is, where the publication says so. */
    public static final String COLUMN = "(CASE WHEN r.prattrs IS NULL THEN a.attgenerated::text IN ('', coalesce(to_jsonb(p) ->> 'pubgencols', '')) ELSE a.attnum = ANY (r.prattrs::int2[]) END)";

    private Published() {}
}
