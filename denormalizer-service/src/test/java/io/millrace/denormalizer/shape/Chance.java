package io.millrace.denormalizer.shape;

import io.millrace.denormalizer.it.TableFormat;
import io.millrace.pipeline.file.TableName;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.stream.Collectors;

/** Random transactions over any tables. Keys come from small pools, so that rows meet, leave each other and meet again. */
final class Chance {

    private final World world;
    private final Random random;
    private final List<TableName> tables;

    Chance(World world, Random random, List<TableName> tables) {
        this.world = world;
        this.random = random;
        this.tables = tables;
    }

    /** The statements of one transaction. */
    List<String> transaction() {
        var statements = new ArrayList<String>();
        for (int i = 1 + random.nextInt(4); i > 0; i--) {
            statements.add(statement(world.table(tables.get(random.nextInt(tables.size())))));
        }
        return statements;
    }

    String truncate() {
        return "TRUNCATE " + tables.get(random.nextInt(tables.size())).sql();
    }

    private String statement(TableFormat table) {
        return switch (random.nextInt(12)) {
            case 0, 1, 2, 3, 4 -> insert(table);
            case 5, 6, 7, 8 -> update(table, false);
            case 9 -> update(table, true);
            default -> "DELETE FROM " + table.name().sql() + where(table);
        };
    }

    private String insert(TableFormat table) {
        var columns = table.columns().stream().map(c -> quoted(c.name())).collect(Collectors.joining(", "));
        var values = table.columns().stream().map(c -> value(table, c)).collect(Collectors.joining(", "));
        return "INSERT INTO " + table.name().sql() + " (" + columns + ") VALUES (" + values + ") ON CONFLICT DO NOTHING";
    }

    private String update(TableFormat table, boolean key) {
        var set = table.columns().stream().filter(c -> table.key().contains(c.name()) == key).filter(c -> key || random.nextInt(3) == 0)
                .map(c -> quoted(c.name()) + " = " + value(table, c)).collect(Collectors.joining(", "));
        return set.isEmpty() ? insert(table) : "UPDATE " + table.name().sql() + " SET " + set + where(table);
    }

    private String where(TableFormat table) {
        return " WHERE " + table.key().stream().map(k -> quoted(k) + " = " + value(table, table.column(k))).collect(Collectors.joining(" AND "));
    }

    private static String quoted(String name) {
        return TableName.quote(name);
    }

    private String value(TableFormat table, TableFormat.Column column) {
        boolean isKey = table.key().contains(column.name());
        // Rows that are not marked as deleted are what a root filter is to find.
        if (!isKey && random.nextInt(column.name().equals("deleted_at") ? 2 : 7) == 0) {
            return "NULL";
        }
        return column.isEnum() ? "'" + pick(world.labels(column.type())) + "'" : literal(column.type(), isKey);
    }

    private <T> T pick(List<T> from) {
        return from.get(random.nextInt(from.size()));
    }

    private String pick(String... from) {
        return from[random.nextInt(from.length)];
    }

    private String literal(String type, boolean isKey) {
        int small = 1 + random.nextInt(5);
        return switch (type) {
            case "int2", "int4" -> Integer.toString(small);
            case "int8" -> random.nextInt(6) == 0 ? pick("9007199254740993", "-9223372036854775808", "9223372036854775807") : Integer.toString(small);
            // 1 and 1.0 are one key and two texts: the referring side may say either.
            case "numeric" -> isKey ? pick("1", "2.50", "-3", "4.0") : pick("1.0", "2.5", "-3.00", "4", "0", "-0.007", "123456789012345678901234567890.50", "'NaN'", "1.00", "0.3", "99999", "'Infinity'");
            case "float4" -> pick("0.1", "'1e30'", "-2.5e-7", "100000", "16777216", "'NaN'", "'-Infinity'", "0", "'-0'", "33.3");
            case "float8" -> pick("0.1", "'1e100'", "-2.5e-7", "100000", "123456789012345680", "'NaN'", "'Infinity'", "0", "'-0'", "33.3", "0.30000000000000004");
            case "bool" -> pick("true", "false");
            case "date" -> isKey ? pick("'2026-01-31'", "'1999-12-31'", "'2000-02-29'") : pick("'2026-01-31'", "'1999-12-31'", "'2000-02-29'", "'infinity'", "'-infinity'", "'0001-01-01'", "'0044-03-15 BC'", "'0001-12-31 BC'", "'12026-01-31'");
            case "timestamp", "timestamptz" -> isKey ? pick("'2026-03-04 05:06:07.123456'", "'1999-12-31 23:59:59.999999'", "'infinity'", "'1969-12-31 23:59:59.5'") : pick("'2026-03-04 05:06:07.123456'", "'1999-12-31 23:59:59.999999'", "'2026-03-04 05:06:07'", "'infinity'", "'-infinity'", "'1969-12-31 23:59:59.5'", "'0044-03-15 10:00:00.25 BC'", "'0001-01-01 00:00:00 BC'", "'12026-01-31 01:02:03'");
            case "time" -> pick("'23:59:59.999999'", "'00:00'", "'12:30:00.5'", "'24:00'");
            case "timetz" -> pick("'12:30:00.5+02'", "'24:00:00-15:59:59'");
            case "interval" -> pick("'1 day'", "'-3 hours'", "'1 year 2 months'", "'1.5 seconds'", "'0'");
            case "uuid" -> "'8c5a1a3e-0000-4000-8000-00000000000" + small + "'";
            case "inet" -> pick("'10.0.0.1'", "'10.0.0.0/8'", "'::1'", "'fe80::1/64'");
            case "cidr" -> pick("'10.0.0.0/8'", "'192.168.1.0/24'", "'::/0'");
            case "macaddr" -> pick("'08:00:2b:01:02:03'", "'08:00:2b:01:02:04'");
            case "int4range" -> pick("'[1,5)'", "'empty'", "'(,3]'", "'[7,)'");
            case "tstzrange" -> pick("'[2026-01-01, 2026-02-01)'", "'(,infinity]'", "'empty'");
            case "bytea" -> pick("'\\x00ff10'", "'\\x'", "'\\xdeadbeefdeadbeefdeadbeefdeadbeefdeadbeefdeadbeefdeadbeefdeadbeefdeadbeefdeadbeefdeadbeefdeadbeefdeadbeefdeadbeefdeadbeef'");
            case "jsonb" -> pick("'{\"b\": [1, \"x\\\"y\", null, {\"deep\": true}], \"a\": {\"é\": 1.10, \"city\": \"Łódź\"}}'", "'{\"a\": {\"city\": \"Oslo\", \"no\": 12}, \"b\": []}'", "'[1, 2, 3]'",
                    "'\"text\"'", "'{\"a\": {\"city\": null, \"no\": \"7\"}}'", "'{\"ab\": 1, \"a\": 2, \"\": 3}'", "'12345678901234567890.1200'");
            case "json" -> pick("'{ \"b\" : 1 , \"a\" : [ 1.0, 2e2 ] }'", "'{\"a\":[]}'", "' \"x\" '", "'{\"z\": {\"z\": {\"z\": \"deep\"}}}'");
            case "_text" -> pick("'{a,NULL,\"b c\"}'", "'{}'", "'{\"quote\\\"d\",\"\"}'", "'{x,x,x,y}'", "'{{a,b},{c,NULL}}'");
            case "_int4" -> pick("'{1,2,3}'", "'{}'", "'{NULL,-5}'", "'{{1,2},{3,NULL}}'", "'[0:2]={7,8,9}'");
            case "money" -> pick("'1234.50'", "'-0.07'", "'0'", "'92233720368547758.07'");
            case "_money" -> pick("'{1.50,NULL,-2000}'", "'{}'");
            case "_int8" -> pick("'{9007199254740993,NULL}'", "'{}'");
            case "_numeric" -> pick("'{1.50,NaN,-2}'", "'{}'", "'{0.0}'");
            case "_timestamptz" -> pick("'{2026-03-04 05:06:07.123456,infinity,NULL}'", "'{}'");
            case "_bytea" -> pick("'{\"\\\\\\\\x00ff\",NULL}'", "'{}'");
            case "_uuid" -> pick("'{8c5a1a3e-0000-4000-8000-000000000001,NULL}'", "'{}'");
            case "bpchar" -> pick("'ab'", "'abc'", "'c'", "'x '");
            default -> text(isKey);
        };
    }

    private String text(boolean isKey) {
        return isKey ? pick("'alpha'", "'Beta'", "'gämma'", "'a|b'", "'δ'") : pick("'alpha'", "'Beta'", "'gämma'", "'δ'", "'a|b'", "E'quote\"d'", "E'back\\\\slash'", "E'line\\nbreak'", "'\uD83D\uDE00 x'", "''", "'  padded '", "'İx'", "'straße'", "'ΣΑΣ'", "'12'", "' 7 '", "'active'");
    }
}
