package io.millrace.capture.source;

/**
 * SQL that tells by which operators the columns of a primary key are compared. Sessions look names up in {@code public} alone, so an operator of a type in another schema has to be named with its own: without
 * that there is none, or another type's is found to which a value is cast, and that one has another order and other equals. A plain name that means the right operator stays plain: a comparison of rows has one
 * name for all columns, and is what an index answers.
 */
public final class KeyOperators {

    /**
     * Joins {@code operators} to the column {@code a} of a table with the primary key {@code i}: {@code symbols}, those of the key's own operator class in the order of a btree's strategies, of which the
     * first is "less", plain where that means the same; {@code usable}, whether the role may name them; and {@code collation}, that of a column of a domain, by which its values are not known to be compared otherwise. Nulls for a column outside of the key; no symbols in a key of another kind of index, which has no order.
     */
    public static final String JOIN = """
            LEFT JOIN LATERAL (
              SELECT array_agg(CASE WHEN pg_operator_is_visible(o.oid) AND (o.oprleft = a.atttypid OR NOT EXISTS (
                         SELECT FROM pg_operator x JOIN pg_namespace xn ON xn.oid = x.oprnamespace AND xn.nspname <> 'pg_catalog'
                         WHERE x.oid <> o.oid AND x.oprname = o.oprname AND pg_operator_is_visible(x.oid)
                           AND EXISTS (SELECT FROM pg_type y WHERE y.oid IN (x.oprleft, x.oprright) AND (y.typtype = 'p' OR y.oid = ANY (own.types)))))
                       THEN o.oprname ELSE 'OPERATOR(' || quote_ident(n.nspname) || '.' || o.oprname || ')' END ORDER BY m.amopstrategy) AS symbols, bool_and(has_schema_privilege(n.oid, 'USAGE')) AS usable,
                     (SELECT quote_ident(cn.nspname) || '.' || quote_ident(l.collname) FROM pg_collation l JOIN pg_namespace cn ON cn.oid = l.collnamespace JOIN pg_type y ON y.oid = a.atttypid AND y.typtype = 'd'
                      WHERE l.oid = i.indcollation[array_position((i.indkey::int2[])[0:i.indnkeyatts - 1], a.attnum) - 1]) AS collation
              FROM pg_opclass oc
              JOIN pg_amop m ON m.amopfamily = oc.opcfamily AND m.amoplefttype = oc.opcintype AND m.amoprighttype = oc.opcintype AND m.amoppurpose = 's'
              JOIN pg_operator o ON o.oid = m.amopopr
              JOIN pg_namespace n ON n.oid = o.oprnamespace
              CROSS JOIN LATERAL (
                WITH RECURSIVE under AS (SELECT a.atttypid AS type UNION SELECT y.typbasetype FROM under JOIN pg_type y ON y.oid = under.type AND y.typtype = 'd')
                SELECT array_agg(under.type) AS types FROM under) own
              WHERE oc.opcmethod = (SELECT am.oid FROM pg_am am WHERE am.amname = 'btree') AND oc.oid = i.indclass[array_position((i.indkey::int2[])[0:i.indnkeyatts - 1], a.attnum) - 1]
            ) operators ON true""";

    private KeyOperators() {}
}
