package io.millrace.capture.source;

/**
 * SQL that tells by which operators the columns of a primary key are compared. Sessions look names up in {@code public} alone, so an operator of a type in another schema has to be named with its own: without
 * that there is none, or another type's is found to which a value is cast, and that one has another order and other equals.
 */
public final class KeyOperators {

    /**
     * Joins {@code operators} to the column {@code a} of a table with the primary key {@code i}: {@code symbols}, those of the key's own operator class in the order of a btree's strategies, of which the
     * first is "less"; {@code usable}, whether the role may name them; and {@code collation}, that of a column of a domain, by which its values are not known to be compared otherwise. Nulls for a column outside of the key.
     */
    public static final String JOIN = """
            LEFT JOIN LATERAL (
              SELECT array_agg('OPERATOR(' || quote_ident(n.nspname) || '.' || o.oprname || ')' ORDER BY m.amopstrategy) AS symbols, bool_and(has_schema_privilege(n.oid, 'USAGE')) AS usable,
                     (SELECT quote_ident(cn.nspname) || '.' || quote_ident(l.collname) FROM pg_collation l JOIN pg_namespace cn ON cn.oid = l.collnamespace JOIN pg_type y ON y.oid = a.atttypid AND y.typtype = 'd'
                      WHERE l.oid = i.indcollation[array_position((i.indkey::int2[])[0:i.indnkeyatts - 1], a.attnum) - 1]) AS collation
              FROM pg_opclass oc
              JOIN pg_amop m ON m.amopfamily = oc.opcfamily AND m.amoplefttype = oc.opcintype AND m.amoprighttype = oc.opcintype AND m.amoppurpose = 's'
              JOIN pg_operator o ON o.oid = m.amopopr
              JOIN pg_namespace n ON n.oid = o.oprnamespace
              WHERE oc.oid = i.indclass[array_position((i.indkey::int2[])[0:i.indnkeyatts - 1], a.attnum) - 1]
            ) operators ON true""";

    private KeyOperators() {}
}
