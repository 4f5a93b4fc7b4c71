package io.millrace.pipeline.comparison;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.SortedMap;
import java.util.TreeMap;

/**
 * Reads JSON (RFC 8259) and writes it in one form: members by code point, no white space, only the escapes that must be.
 *
 * <p>Numbers stay as they are written: 1.50 is not 1.5, because Postgres tells them apart. It shares no line with the
 * denormalizer's writer, so that a mistake in one of them is seen.
 */
public final class CanonicalJson {

    private static final Comparator<String> BY_CODE_POINT = (a, b) -> {
        int at = 0;
        while (at < a.length() && at < b.length()) {
            int left = a.codePointAt(at);
            int right = b.codePointAt(at);
            if (left != right) {
                return Integer.compare(left, right);
            }
            at += Character.charCount(left);
        }
        return Integer.compare(a.length(), b.length());
    };

    private final String text;
    private final boolean lastCounts;
    private int at;

    private CanonicalJson(String text, boolean lastCounts) {
        this.text = text;
        this.lastCounts = lastCounts;
    }

    /** @throws IllegalArgumentException saying where the text stops being JSON; a name that stands twice is refused too */
    public static Json read(String text) {
        return read(text, false);
    }

    /** The same, but of members with one name the last counts, as Postgres's {@code jsonb} has it; its {@code json} may hold several. */
    public static Json readLast(String text) {
        return read(text, true);
    }

    private static Json read(String text, boolean lastCounts) {
        var reader = new CanonicalJson(text, lastCounts);
        var value = reader.value();
        reader.skipSpace();
        if (reader.at != text.length()) {
            throw reader.unexpected("the end");
        }
        return value;
    }

    /** The one form of a JSON text. */
    public static String of(String text) {
        return write(read(text));
    }

    /** The one form of a value. */
    public static String write(Json json) {
        var out = new StringBuilder();
        write(json, out);
        return out.toString();
    }

    private static void write(Json json, StringBuilder out) {
        switch (json) {
            case Json.Members(var members) -> {
                var separator = "{";
                for (var member : members.entrySet()) {
                    quote(member.getKey(), out.append(separator));
                    write(member.getValue(), out.append(':'));
                    separator = ",";
                }
                out.append(members.isEmpty() ? "{}" : "}");
            }
            case Json.Elements(var elements) -> {
                out.append('[');
                for (int i = 0; i < elements.size(); i++) {
                    write(elements.get(i), i == 0 ? out : out.append(','));
                }
                out.append(']');
            }
            case Json.Text(var value) -> quote(value, out);
            case Json.Literal(var literal) -> out.append(literal);
        }
    }

    private static void quote(String value, StringBuilder out) {
        out.append('"');
        for (int i = 0; i < value.length(); i++) {
            char c = value.charAt(i);
            switch (c) {
                case '"' -> out.append("\\\"");
                case '\\' -> out.append("\\\\");
                case '\b' -> out.append("\\b");
                case '\f' -> out.append("\\f");
                case '\n' -> out.append("\\n");
                case '\r' -> out.append("\\r");
                case '\t' -> out.append("\\t");
                default -> {
                    if (c < ' ') {
                        out.append(String.format("\\u%04x", (int) c));
                    } else {
                        out.append(c);
                    }
                }
            }
        }
        out.append('"');
    }

    private Json value() {
        skipSpace();
        return switch (peek()) {
            case '{' -> new Json.Members(members());
            case '[' -> elements();
            case '"' -> new Json.Text(string());
            default -> literal();
        };
    }

    private SortedMap<String, Json> members() {
        var members = new TreeMap<String, Json>(BY_CODE_POINT);
        at++;
        skipSpace();
        if (skip('}')) {
            return members;
        }
        do {
            skipSpace();
            if (peek() != '"') {
                throw unexpected("a name in quotes");
            }
            var name = string();
            skipSpace();
            if (!skip(':')) {
                throw unexpected("':'");
            }
            if (members.put(name, value()) != null && !lastCounts) {
                throw new IllegalArgumentException("The name '" + name + "' stands twice in one object, before character " + at + " of " + around());
            }
            skipSpace();
        } while (skip(','));
        if (!skip('}')) {
            throw unexpected("',' or '}'");
        }
        return members;
    }

    private Json elements() {
        var elements = new ArrayList<Json>();
        at++;
        skipSpace();
        if (skip(']')) {
            return new Json.Elements(elements);
        }
        do {
            elements.add(value());
            skipSpace();
        } while (skip(','));
        if (!skip(']')) {
            throw unexpected("',' or ']'");
        }
        return new Json.Elements(elements);
    }

    private String string() {
        var value = new StringBuilder();
        at++;
        for (char c = next(); c != '"'; c = next()) {
            if (c < ' ') {
                throw unexpected("an escape in the place of a control character");
            }
            value.append(c == '\\' ? escaped() : c);
        }
        return value.toString();
    }

    private char escaped() {
        char c = next();
        return switch (c) {
            case '"', '\\', '/' -> c;
            case 'b' -> '\b';
            case 'f' -> '\f';
            case 'n' -> '\n';
            case 'r' -> '\r';
            case 't' -> '\t';
            case 'u' -> {
                if (at + 4 > text.length()) {
                    throw unexpected("four hex digits");
                }
                at += 4;
                yield (char) Integer.parseInt(text, at - 4, at, 16);
            }
            default -> throw unexpected("an escape of JSON");
        };
    }

    private Json literal() {
        int from = at;
        while (at < text.length() && ",]} \t\r\n".indexOf(text.charAt(at)) < 0) {
            at++;
        }
        var literal = text.substring(from, at);
        if (!literal.equals("true") && !literal.equals("false") && !literal.equals("null") && !literal.matches("-?(0|[1-9][0-9]*)(\\.[0-9]+)?([eE][+-]?[0-9]+)?")) {
            at = from;
            throw unexpected("a value");
        }
        return new Json.Literal(literal);
    }

    private void skipSpace() {
        while (at < text.length() && " \t\r\n".indexOf(text.charAt(at)) >= 0) {
            at++;
        }
    }

    private boolean skip(char expected) {
        if (at < text.length() && text.charAt(at) == expected) {
            at++;
            return true;
        }
        return false;
    }

    private char peek() {
        if (at >= text.length()) {
            throw unexpected("a value");
        }
        return text.charAt(at);
    }

    private char next() {
        char c = peek();
        at++;
        return c;
    }

    private IllegalArgumentException unexpected(String expected) {
        return new IllegalArgumentException("Expected " + expected + " at character " + at + " of " + around());
    }

    private String around() {
        int from = Math.max(0, at - 60);
        return (from > 0 ? "…" : "") + text.substring(from, Math.min(text.length(), at + 60)) + (at + 60 < text.length() ? "…" : "");
    }
}
