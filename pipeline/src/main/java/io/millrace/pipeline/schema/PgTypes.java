package io.millrace.pipeline.schema;

import java.util.HashMap;
import java.util.Locale;
import java.util.Map;
import java.util.Set;

/** Names of Postgres types by their object ids. */
public final class PgTypes {

    /** Ids below this are the same in every database. */
    private static final int FIRST_OF_USERS = 16384;

    private static final Map<Integer, String> SCALARS = Map.ofEntries(
            Map.entry(16, "bool"), Map.entry(17, "bytea"), Map.entry(18, "char"), Map.entry(19, "name"), Map.entry(20, "int8"),
            Map.entry(21, "int2"), Map.entry(23, "int4"), Map.entry(25, "text"), Map.entry(26, "oid"), Map.entry(114, "json"),
            Map.entry(142, "xml"), Map.entry(600, "point"), Map.entry(601, "lseg"), Map.entry(602, "path"), Map.entry(603, "box"),
            Map.entry(604, "polygon"), Map.entry(628, "line"), Map.entry(650, "cidr"), Map.entry(700, "float4"), Map.entry(701, "float8"),
            Map.entry(718, "circle"), Map.entry(774, "macaddr8"), Map.entry(790, "money"), Map.entry(829, "macaddr"), Map.entry(869, "inet"),
            Map.entry(1042, "bpchar"), Map.entry(1043, "varchar"), Map.entry(1082, "date"), Map.entry(1083, "time"), Map.entry(1114, "timestamp"),
            Map.entry(1184, "timestamptz"), Map.entry(1186, "interval"), Map.entry(1266, "timetz"), Map.entry(1560, "bit"), Map.entry(1562, "varbit"),
            Map.entry(1700, "numeric"), Map.entry(2950, "uuid"), Map.entry(3220, "pg_lsn"), Map.entry(3614, "tsvector"), Map.entry(3615, "tsquery"),
            Map.entry(3802, "jsonb"), Map.entry(3904, "int4range"), Map.entry(3906, "numrange"), Map.entry(3908, "tsrange"), Map.entry(3910, "tstzrange"),
            Map.entry(3912, "daterange"), Map.entry(3926, "int8range"));

    private static final Map<Integer, String> ARRAYS = arrays();
    private static final Set<String> NAMES = Set.copyOf(SCALARS.values());

    private PgTypes() {}

    private static Map<Integer, String> arrays() {
        var arrays = new HashMap<Integer, String>();
        int[][] ids = {{1000, 16}, {1001, 17}, {1002, 18}, {1003, 19}, {1016, 20}, {1005, 21}, {1007, 23}, {1009, 25}, {1028, 26}, {199, 114}, {143, 142},
            {1017, 600}, {1018, 601}, {1019, 602}, {1020, 603}, {1027, 604}, {629, 628}, {651, 650}, {1021, 700}, {1022, 701}, {719, 718}, {775, 774},
            {791, 790}, {1040, 829}, {1041, 869}, {1014, 1042}, {1015, 1043}, {1182, 1082}, {1183, 1083}, {1115, 1114}, {1185, 1184}, {1187, 1186},
            {1270, 1266}, {1561, 1560}, {1563, 1562}, {1231, 1700}, {2951, 2950}, {3221, 3220}, {3643, 3614}, {3645, 3615}, {3807, 3802}, {3905, 3904},
            {3907, 3906}, {3909, 3908}, {3911, 3910}, {3913, 3912}, {3927, 3926}};
        for (var pair : ids) {
            arrays.put(pair[0], SCALARS.get(pair[1]));
        }
        return Map.copyOf(arrays);
    }

    /** Whether the id belongs to an array of a built-in type. */
    public static boolean isArray(int oid) {
        return ARRAYS.containsKey(oid);
    }

    /**
     * The type's name; of an array its elements'. One of the users' own types that has the name of a built-in one is named in quotes: its values are
     * none of the built-in type's.
     *
     * @param oid the id, of a domain its base type's
     * @param typeName what the catalog calls it, possibly with schema and quotes; taken where the id is no built-in's
     * @param array whether it is an array
     */
    public static String name(int oid, String typeName, boolean array) {
        var known = array ? ARRAYS.get(oid) : SCALARS.get(oid);
        if (known != null) {
            return known;
        }
        var plain = typeName.substring(typeName.lastIndexOf('.') + 1).replace("\"", "").toLowerCase(Locale.ROOT);
        if (plain.endsWith("[]")) {
            plain = plain.substring(0, plain.length() - 2);
        }
        boolean users = Integer.compareUnsigned(oid, FIRST_OF_USERS) >= 0;
        var name = array && users && plain.startsWith("_") ? plain.substring(1) : plain;
        return users && NAMES.contains(name) ? '"' + name + '"' : name;
    }
}
