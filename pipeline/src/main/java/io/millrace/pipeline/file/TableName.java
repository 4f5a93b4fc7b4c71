package io.millrace.pipeline.file;

/**
 * A table of a source database.
 *
 * @param schema the schema's name as the catalog has it, without quotes
 * @param table the table's name as the catalog has it, without quotes
 */
public record TableName(String schema, String table) implements Comparable<TableName> {

    /**
     * Reads {@code schema.table} the way SQL does: unquoted parts are folded to lower case, parts in double quotes are
     * taken as they are. A name without a schema is in {@code public}.
     *
     * @throws IllegalArgumentException when the text is no table name
     */
    public static TableName parse(String text) {
        var parts = new java.util.ArrayList<String>(2);
        int at = 0;
        while (at <= text.length()) {
            var part = new StringBuilder();
            if (at < text.length() && text.charAt(at) == '"') {
                at = quoted(text, at + 1, part);
            } else {
                while (at < text.length() && text.charAt(at) != '.') {
                    part.append(Character.toLowerCase(text.charAt(at++)));
                }
                if (!part.toString().matches("[\\p{L}_][\\p{L}\\p{N}_$]*")) {
                    throw refused(text);
                }
            }
            if (part.isEmpty() || at < text.length() && text.charAt(at) != '.') {
                throw refused(text);
            }
            parts.add(part.toString());
            at++;
        }
        return switch (parts.size()) {
            case 1 -> new TableName("public", parts.getFirst());
            case 2 -> new TableName(parts.getFirst(), parts.getLast());
            default -> throw refused(text);
        };
    }

    private static int quoted(String text, int from, StringBuilder into) {
        for (int at = from; at < text.length(); at++) {
            if (text.charAt(at) != '"') {
                into.append(text.charAt(at));
            } else if (at + 1 < text.length() && text.charAt(at + 1) == '"') {
                into.append('"');
                at++;
            } else {
                return at + 1;
            }
        }
        throw refused(text);
    }

    private static IllegalArgumentException refused(String text) {
        return new IllegalArgumentException("'" + text + "' is not a table name; write schema.table, with double quotes around a part that has capitals or other characters");
    }

    /** The name for an SQL statement, both parts quoted. */
    public String sql() {
        return quote(schema) + "." + quote(table);
    }

    /** Any identifier quoted for an SQL statement. */
    public static String quote(String identifier) {
        return '"' + identifier.replace("\"", "\"\"") + '"';
    }

    @Override
    public int compareTo(TableName other) {
        int bySchema = schema.compareTo(other.schema);
        return bySchema != 0 ? bySchema : table.compareTo(other.table);
    }

    @Override
    public String toString() {
        return plain(schema) + "." + plain(table);
    }

    private static String plain(String part) {
        return part.matches("[a-z_][a-z0-9_$]*") ? part : quote(part);
    }
}
