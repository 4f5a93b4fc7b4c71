package io.millrace.capture.service;

import java.nio.ByteBuffer;
import java.util.HexFormat;
import java.util.List;
import java.util.stream.Collectors;

/** An example of each type, and what it must be in Avro. */
final class Types {

    /**
     * @param type as a column is declared
     * @param literal SQL
     * @param expected the Avro value as {@link Types#text} writes it
     * @param pgType the field's property
     */
    record Example(String type, String literal, String expected, String pgType) {}

    static final List<Example> ALL = List.of(
            new Example("int2", "-5", "-5", "int2"),
            new Example("int4 DEFAULT 7", "2147483647", "2147483647", "int4"),
            new Example("int8", "-9223372036854775808", "-9223372036854775808", "int8"),
            new Example("float4", "1.1", "1.1", "float4"),
            new Example("float8", "'NaN'", "NaN", "float8"),
            new Example("float8 DEFAULT 0.5", "1e300", "1.0E300", "float8"),
            new Example("numeric", "123456789012345678901234567890.0123456789", "123456789012345678901234567890.0123456789", "numeric"),
            new Example("numeric", "'NaN'", "NaN", "numeric"),
            new Example("numeric", "'-Infinity'", "-Infinity", "numeric"),
            new Example("numeric", "0.0000000001", "0.0000000001", "numeric"),
            new Example("numeric(10,3) DEFAULT 1.5", "2.5", "2.500", "numeric"),
            new Example("money", "'-1234.56'", "-1234.56", "money"),
            new Example("bool DEFAULT true", "false", "false", "bool"),
            new Example("text DEFAULT 'x'", "E'a\\n\u00e9\uD83D\uDE00'", "a\n\u00e9\uD83D\uDE00", "text"),
            new Example("varchar(5)", "''", "", "varchar"),
            new Example("char(4)", "'ab'", "ab  ", "bpchar"),
            new Example("name", "'n'", "n", "name"),
            new Example("uuid DEFAULT gen_random_uuid()", "'00000000-0000-0000-0000-0000000000AB'", "00000000-0000-0000-0000-0000000000ab", "uuid"),
            new Example("mood DEFAULT 'ok'", "'sad'", "sad", "mood"),
            new Example("positive", "3", "3", "int4"),
            new Example("inet", "'10.1.0.1/8'", "10.1.0.1/8", "inet"),
            new Example("cidr", "'10.0.0.0/8'", "10.0.0.0/8", "cidr"),
            new Example("macaddr", "'08:00:2b:01:02:03'", "08:00:2b:01:02:03", "macaddr"),
            new Example("bytea DEFAULT '\\x01'", "'\\x00ff10'", "00ff10", "bytea"),
            new Example("date DEFAULT current_date", "'2026-11-23'", "20780", "date"),
            new Example("date", "'1066-10-14'", "-329893", "date"),
            new Example("date", "'0044-03-15 BC'", "-735160", "date"),
            new Example("date", "'infinity'", "2147483647", "date"),
            new Example("date", "'-infinity'", "-2147483648", "date"),
            new Example("timestamp DEFAULT now()", "'1969-12-31 23:59:59.999999'", "-1", "timestamp"),
            new Example("timestamp(3)", "'1500-02-28 00:00:00.123'", "-14826758399877000", "timestamp"),
            new Example("timestamp", "'-infinity'", "-9223372036854775808", "timestamp"),
            new Example("timestamptz DEFAULT now()", "'2026-11-23 12:00:00.000001+05:30'", "1795415400000001", "timestamptz"),
            new Example("timestamptz", "'infinity'", "9223372036854775807", "timestamptz"),
            new Example("timestamptz", "'294276-12-31 23:59:59+00'", "9223372036854775806", "timestamptz"),
            new Example("time DEFAULT '00:00'", "'24:00:00'", "86400000000", "time"),
            new Example("time", "'23:59:59.999999'", "86399999999", "time"),
            new Example("timetz", "'12:30:00.5+02'", "12:30:00.5+02", "timetz"),
            new Example("interval DEFAULT '1 day'", "'1 year 2 mons -3 days -04:05:06.789'", "1 year 2 mons -3 days -04:05:06.789", "interval"),
            new Example("interval", "'0'", "00:00:00", "interval"),
            new Example("interval", "'-1 year +2 days'", "-1 years +2 days", "interval"),
            new Example("json", "'{\"b\":1, \"a\": [1,2]}'", "{\"b\":1, \"a\": [1,2]}", "json"),
            new Example("jsonb DEFAULT '{}'", "'{\"b\":1, \"a\": [1,2]}'", "{\"a\": [1, 2], \"b\": 1}", "jsonb"),
            new Example("xml", "'<a>1</a>'", "<a>1</a>", "xml"),
            new Example("int4range", "'[1,5]'", "[1,6)", "int4range"),
            new Example("numrange", "'(1.5,)'", "(1.5,)", "numrange"),
            new Example("int4multirange", "'{[1,3), [5,8)}'", "{[1,3),[5,8)}", "int4multirange"),
            new Example("bit(1)", "B'1'", "1", "bit"),
            new Example("bit(5)", "B'10101'", "10101", "bit"),
            new Example("varbit", "B'101'", "101", "varbit"),
            new Example("tsvector", "'a fat cat'", "'a' 'cat' 'fat'", "tsvector"),
            new Example("point", "'(1.5,2)'", "(1.5,2)", "point"),
            new Example("pg_lsn", "'16/B374D848'", "16/B374D848", "pg_lsn"),
            new Example("oid", "4294967295", "4294967295", "oid"),
            new Example("int4[] DEFAULT '{1}'", "'{1,NULL,-3}'", "[1, null, -3]", "_int4"),
            new Example("int8[]", "'{}'", "[]", "_int8"),
            new Example("text[]", "ARRAY['a,b', NULL, 'NULL', 'q\"\\x', '']", "[a,b, null, NULL, q\"\\x, ]", "_text"),
            new Example("varchar(9)[]", "'{a}'", "[a]", "_varchar"),
            new Example("numeric[]", "'{1.50,NaN}'", "[1.50, NaN]", "_numeric"),
            new Example("float8[]", "'{1.5,Infinity}'", "[1.5, Infinity]", "_float8"),
            new Example("bool[]", "'{t,f}'", "[true, false]", "_bool"),
            new Example("uuid[]", "'{00000000-0000-0000-0000-000000000001}'", "[00000000-0000-0000-0000-000000000001]", "_uuid"),
            new Example("timestamptz[]", "'{infinity,2020-01-01 00:00:00+00}'", "[9223372036854775807, 1577836800000000]", "_timestamptz"),
            new Example("date[]", "'{1970-01-02}'", "[1]", "_date"),
            new Example("bytea[]", "ARRAY['\\x00ff'::bytea]", "[00ff]", "_bytea"),
            new Example("jsonb[]", "ARRAY['{\"a\": \"x,y\"}'::jsonb]", "[{\"a\": \"x,y\"}]", "_jsonb"),
            new Example("mood[]", "'{sad,ok}'", "[sad, ok]", "_mood"),
            new Example("interval[]", "'{1 day,-00:00:01}'", "[1 day, -00:00:01]", "_interval"),
            new Example("money[]", "'{$1.50}'", "[1.50]", "_money"));

    private Types() {}

    static String text(Object value) {
        return switch (value) {
            case null -> "null";
            case ByteBuffer b -> HexFormat.of().formatHex(b.array(), b.arrayOffset() + b.position(), b.arrayOffset() + b.limit());
            case List<?> l -> l.stream().map(Types::text).collect(Collectors.joining(", ", "[", "]"));
            default -> value.toString();
        };
    }
}
