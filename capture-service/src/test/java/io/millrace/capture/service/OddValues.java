package io.millrace.capture.service;

import io.millrace.pipeline.schema.Encoding;
import java.util.List;
import java.util.stream.Collectors;
import java.util.stream.IntStream;

/** Values at the ends of their types and beyond what clients expect, and what SQL says that they are in Avro. */
final class OddValues {

    /**
     * @param type as a column is declared; may be another type of the same name
     * @param literal SQL
     */
    record Value(String type, String literal) {

        boolean array() {
            return type.endsWith("[]") || type.equals("odd_list");
        }

        private String element() {
            var plain = type.endsWith("[]") ? type.substring(0, type.length() - 2) : type;
            return plain.replaceAll("\\(.*\\)", "");
        }

        /** Whether it is a number of which Java and Postgres print the same differently. */
        boolean real() {
            return element().startsWith("float");
        }

        /** SQL for what {@link Types#text} writes of the value. */
        String expected(String column) {
            return array()
                    ? "CASE num_nulls(" + column + ") WHEN 0 THEN (SELECT '[' || coalesce(string_agg(CASE num_nulls(x) WHEN 0 THEN " + scalar("x") + " ELSE 'null' END, ', ' ORDER BY n), '') || ']' FROM unnest(" + column
                            + ") WITH ORDINALITY u (x, n)) END"
                    : "CASE num_nulls(" + column + ") WHEN 0 THEN " + scalar(column) + " END";
        }

        private String scalar(String x) {
            return switch (element()) {
                case "date" -> "CASE WHEN isfinite(" + x + ") THEN (" + x + " - date '1970-01-01')::text WHEN " + x + " > '2000-01-01' THEN '2147483647' ELSE '-2147483648' END";
                case "timestamp", "timestamptz" -> "CASE WHEN isfinite(" + x + ") THEN greatest(least((extract(epoch FROM " + x
                        + ") * 1000000)::numeric(30), 9223372036854775806), -9223372036854775807)::text WHEN " + x + " > '2000-01-01' THEN '9223372036854775807' ELSE '-9223372036854775808' END";
                case "time" -> "(extract(epoch FROM " + x + ") * 1000000)::int8::text";
                case "bytea" -> "encode(" + x + ", 'hex')";
                case "bool" -> "CASE WHEN " + x + " THEN 'true' ELSE 'false' END";
                case "money" -> x + "::numeric::text";
                default -> "format('%s', " + x + ")";
            };
        }

        Encoding encoding() {
            return Encoding.of(element());
        }
    }

    static final List<String> TYPES = List.of(
            "CREATE TYPE odd_mood AS ENUM ('', 'sad, or \"so\"')", "CREATE TYPE \"Odd Pair\" AS (a int, b text)", "CREATE DOMAIN odd_name AS varchar(20) CHECK (length(value) > 0)",
            "CREATE DOMAIN odd_word AS odd_name", "CREATE DOMAIN odd_list AS int[]", "CREATE TYPE odd_range AS RANGE (subtype = timetz)",
            "CREATE TYPE public.date AS ENUM ('some day', 'infinity')", "CREATE TYPE public.int4 AS ENUM ('many')", "CREATE TYPE public.box AS ENUM ('a;b')", "CREATE TYPE public.bool AS (a int, b text)",
            "CREATE DOMAIN public.timestamptz AS text", "CREATE DOMAIN public.float8 AS int", "CREATE TYPE public.money AS ENUM ('cash')", "CREATE TYPE public.\"Bytea\" AS ENUM ('bytes')");

    static final List<Value> ALL = List.of(
            of("timetz", "'04:05:06.789-3:30:52'"), of("timetz", "'24:00:00-15:59:59'"), of("timetz", "'00:00:00.000001+15:59'"), of("timetz[]", "'{04:05:06.789-3:30:52,NULL}'"),
            of("time", "'24:00:00'"), of("time(0)", "'23:59:59.9'"), of("time[]", "'{24:00:00,00:00:00.000001}'"),
            of("date", "'1582-10-04'"), of("date", "'1582-10-05'"), of("date", "'1582-10-10'"), of("date", "'1582-10-15'"), of("date", "'0001-01-01'"), of("date", "'0001-12-31 BC'"),
            of("date", "'4713-01-01 BC'"), of("date", "'5874897-12-31'"), of("date", "'10000-01-01'"), of("date", "'0005-02-29 BC'"),
            of("date[]", "'{1582-10-10,infinity,-infinity,NULL,0001-02-29 BC,5874897-12-31}'"), of("date[]", "'{{1582-10-10},{1066-10-14}}'"),
            of("timestamp", "'1582-10-10 12:34:56.789012'"), of("timestamp", "'4713-01-01 00:00:00 BC'"), of("timestamp", "'294276-12-31 23:59:59.999999'"), of("timestamp", "'10000-01-01'"),
            of("timestamp", "'0001-12-31 23:59:59.999999 BC'"), of("timestamp", "'2026-03-29 02:30:00'"), of("timestamp[]", "'{1582-10-10 01:02:03,infinity,0044-03-15 BC}'"),
            of("timestamptz", "'1582-10-10 12:34:56.789012+00'"), of("timestamptz", "'1883-11-18 12:03:57 America/New_York'"), of("timestamptz", "'1937-06-30 12:00:00 Europe/Amsterdam'"),
            of("timestamptz", "'4713-01-02 00:00:00+00 BC'"), of("timestamptz", "'infinity'"), of("timestamptz", "'-infinity'"), of("timestamptz", "'2026-11-01 01:30:00-04'"),
            of("timestamptz[]", "'{1582-10-10 01:02:03+00,-infinity,1800-01-01 00:00:00+00,0044-03-15 12:00:00+00 BC}'"),
            of("interval", "'178000000 years'"), of("interval", "'-178000000 years'"), of("interval", "'2147483647 days -2147483648 hours'"), of("interval", "'1 mon -1 day +00:00:00.000001'"),
            of("interval", "'-1 mon +1 day -00:00:00.000001'"), of("interval", "'infinity'"), of("interval", "'-infinity'"), of("interval", "'-0.5 months'"),
            of("interval", "'9223372036854775807 microseconds'"), of("interval[]", "'{infinity,-1 year -2 mons +3 days -04:05:06.000007}'"), of("interval day to second(2)", "'1 04:05:06.789'"),
            of("int2", "-32768"), of("int4", "-2147483648"), of("int8", "9223372036854775807"), of("oid", "4294967295"), of("xid8", "'18446744073709551615'"), of("xid", "'4294967295'"),
            of("cid", "'7'"), of("tid", "'(4294967295,65535)'"), of("regclass", "'pg_catalog.pg_class'"), of("regtype", "'int4'"), of("regproc", "'pg_catalog.now'"), of("regclass[]", "'{pg_class}'"),
            of("oidvector", "'1 2 4294967295'"), of("int2vector", "'1 -2'"), of("oid[]", "'{4294967295,0}'"),
            of("float4", "'1.17549435e-38'"), of("float4", "0.1"), of("float8", "0.1 + 0.2::float8"), of("float8", "5e-324"), of("float8", "1.7976931348623157e308"), of("float8", "'-0'"),
            of("float8", "'-Infinity'"), of("float4", "'NaN'"), of("float8[]", "'{NaN,-Infinity,0.30000000000000004,NULL}'"), of("float4[]", "'{0.1,3.4028235e38}'"),
            of("numeric", "repeat('9', 1000)::numeric"), of("numeric", "('0.' || repeat('0', 500) || '1')::numeric"), of("numeric", "'Infinity'"), of("numeric(6,-2)", "123456"),
            of("numeric(3,5)", "0.00123"), of("numeric(10,4)", "'NaN'"), of("numeric", "1.500"), of("numeric", "0.000"), of("numeric", "-0.0"), of("numeric[]", "'{NaN,Infinity,-Infinity,1.10,NULL}'"),
            of("money", "'92233720368547758.07'"), of("money", "'-92233720368547758.08'"), of("money", "'0'"), of("money[]", "'{\"-$1,234.56\",NULL,0}'"),
            of("bool", "false"), of("bool[]", "'{{t,NULL},{f,t}}'"),
            of("text", "''"), of("text", "E'\\t\\n\\r\\b\\f\\x01\\x7f'"), of("text", "'NULL'"), of("text", "repeat('\uD83D\uDE00', 3000)"), of("text", "E'\\\\x00'"), of("text", "'{}'"),
            of("text[]", "'[5:7][-1:0]={{a,b},{\"\",NULL},{\"NULL\",\"{\\\"x\\\"}\"}}'"), of("text[]", "'{}'"), of("text[]", "ARRAY[E'a\\nb', ' ', 'c,d', '\\', '''']"), of("text[]", "'{{{{{{1}}}}}}'"),
            of("char(4)", "'a'"), of("char(4)", "''"), of("char(3)[]", "'{a,\"\",NULL}'"), of("varchar(3)", "'   '"), of("\"char\"", "'a'"), of("\"char\"", "''"), of("\"char\"[]", "'{a,\"\"}'"),
            of("name", "repeat('n', 63)"), of("name[]", "'{a b,\"\"}'"), of("bit(1)", "B'0'"), of("bit(1)", "B'1'"), of("bit(9)", "B'000000001'"), of("varbit", "B''"), of("varbit(70)", "repeat('10', 35)::varbit"), of("bit(1)[]", "'{1,0,NULL}'"), of("varbit[]", "'{\"\",101}'"),
            of("bytea", "''"), of("bytea", "'\\x616263'"), of("bytea", "'\\x5c785c'"), of("bytea", "'\\x00ff5c27'"), of("bytea[]", "ARRAY['\\x5c', NULL, '', '\\x00']::bytea[]"),
            of("uuid", "'FFFFFFFF-FFFF-FFFF-FFFF-FFFFFFFFFFFF'"), of("uuid[]", "'{00000000-0000-0000-0000-000000000000,NULL}'"),
            of("inet", "'10.1.0.1'"), of("inet", "'::ffff:1.2.3.4/96'"), of("inet", "'2001:db8::/0'"), of("cidr", "'::/0'"), of("cidr", "'10.1.2.3/32'"), of("inet[]", "'{10.0.0.1,::1/64}'"), of("cidr[]", "'{10/8}'"),
            of("macaddr", "'ff:ff:ff:ff:ff:ff'"), of("macaddr8", "'08:00:2b:01:02:03:04:05'"), of("macaddr8[]", "'{08:00:2b:01:02:03:04:05}'"),
            of("json", "'{\"a\" : 1e400, \"a\": \"\\u0000\"  }'"), of("json", "'  null '"), of("jsonb", "'null'"), of("jsonb", "('{\"n\": 1' || repeat('0', 400) || '.00}')::jsonb"), of("jsonb", "'\"\\\\x\"'"), of("json[]", "ARRAY['[\"a\",\"{\"]'::json, NULL]"),
            of("xml", "'<?xml version=\"1.0\"?><a b=\"&lt;\"/>'"), of("xml", "'a<b/>c'"), of("xml", "''"), of("xml[]", "ARRAY['<a>\"</a>'::xml, '']"),
            of("point", "'(-0,1e300)'"), of("point", "'(NaN,Infinity)'"), of("line", "'{1,-2,0.1}'"), of("lseg", "'[(0,0),(1.0,0.30000000000000004)]'"), of("box", "'(2,2),(0,0)'"), of("box[]", "'{(2,2),(0,0);(1,1),(0,0)}'"),
            of("path", "'((0,0),(1,1.5))'"), of("path", "'[(0,0),(1,1)]'"), of("polygon", "'((0,0),(1,0),(1,10))'"), of("circle", "'<(1,2),0>'"), of("point[]", "'{\"(1,2)\",NULL}'"), of("circle[]", "'{\"<(1,2),3>\"}'"), of("polygon[]", "'{\"((0,0),(1,1))\"}'"),
            of("int4range", "'empty'"), of("int4range", "'(,)'"), of("int8range", "'[-9223372036854775808,9223372036854775807)'"), of("numrange", "'[NaN,NaN]'"), of("daterange", "'[1582-10-10,infinity)'"),
            of("daterange", "'[0044-03-15 BC,10000-01-01)'"), of("tsrange", "'[1582-10-10 01:02:03,infinity]'"), of("tstzrange", "'[1883-11-18 12:00:00+00,)'"), of("tstzmultirange", "'{[2020-01-01 00:00:00+00,2020-01-02 00:00:00+00),[infinity,)}'"),
            of("int4multirange", "'{}'"), of("nummultirange", "'{(,1.50],[3,)}'"), of("int4range[]", "'{\"[1,2)\",empty,NULL}'"), of("tstzrange[]", "'{\"[2020-01-01 00:00:00+00,)\"}'"), of("odd_range", "'[04:05:06-3:30:52,)'"),
            of("tsvector", "'''it''''s'':1A,16383 b'"), of("tsvector", "''"), of("tsquery", "'!a & (b <-> c:*)'"), of("tsvector[]", "'{\"''a'' ''b''\"}'"), of("pg_lsn", "'FFFFFFFF/FFFFFFFF'"), of("pg_lsn", "'0/0'"), of("pg_lsn[]", "'{0/1}'"),
            of("pg_snapshot", "'10:20:10,14,15'"), of("txid_snapshot", "'10:20:10'"), of("jsonpath", "'$.a[*] ? (@ > 1)'"), of("jsonpath[]", "'{$.a}'"), of("refcursor", "'c'"),
            of("odd_mood", "''"), of("odd_mood", "'sad, or \"so\"'"), of("odd_mood[]", "ARRAY['', 'sad, or \"so\"', NULL]::odd_mood[]"), of("odd_word", "'w'"), of("odd_word[]", "'{w,x}'"), of("odd_list", "'{{1,2},{3,NULL}}'"),
            of("\"Odd Pair\"", "ROW(NULL, NULL)"), of("\"Odd Pair\"", "ROW(1, 'a,\"b')"),
            of("public.date", "'some day'"), of("public.date DEFAULT 'infinity'", "'infinity'"), of("public.date[]", "'{some day,NULL}'"), of("public.int4", "'many'"), of("public.int4[]", "'{many}'"),
            of("public.box[]", "'{a;b}'"), of("public.bool", "ROW(1, 'x')"), of("public.timestamptz", "'any text'"), of("public.float8", "7"), of("public.money", "'cash'"), of("public.money[]", "'{cash}'"), of("public.\"Bytea\"", "'bytes'"));

    private OddValues() {}

    private static Value of(String type, String literal) {
        return new Value(type, literal);
    }

    static String table(String name) {
        return "CREATE TABLE " + name + " (id int PRIMARY KEY, " + IntStream.range(0, ALL.size()).mapToObj(i -> "c" + i + " " + ALL.get(i).type()).collect(Collectors.joining(", ")) + ")";
    }

    static String row(int id) {
        return "(" + id + ", " + ALL.stream().map(Value::literal).collect(Collectors.joining(", ")) + ")";
    }
}
