package io.millrace.values.json;

import io.millrace.values.bytes.ByteWriter;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/**
 * JSON text in its canonical form: members sorted by the code points of their names, the last of equal names only, no
 * white space, the fewest escapes. Numbers keep the digits that they came with, since 1.10 and 1.1 differ for a numeric.
 */
public final class JsonCanon {

    private static final int DEEPEST = 1_000;
    private static final byte[] HEX = "0123456789abcdef".getBytes(StandardCharsets.US_ASCII);

    private final String text;
    private int at;

    private JsonCanon(String text) {
        this.text = text;
    }

    /** @throws IllegalArgumentException when the text is not JSON, or is nested deeper than 1,000 */
    public static byte[] canonical(String text) {
        var parser = new JsonCanon(text);
        var out = new ByteWriter(text.length() + 16);
        parser.blanks();
        parser.value(out, 0);
        parser.blanks();
        if (parser.at < text.length()) {
            throw parser.unexpected();
        }
        return out.toBytes();
    }

    /** What a JSON string says, or a number, true or false as they are written; null for null, objects and arrays. */
    public static String scalar(String json) {
        return switch (json.charAt(0)) {
            case '{', '[', 'n' -> null;
            case '"' -> new JsonCanon(json).string();
            default -> json;
        };
    }

    /** A text as a JSON string. */
    public static void string(String value, ByteWriter out) {
        var utf8 = value.getBytes(StandardCharsets.UTF_8);
        string(utf8, 0, utf8.length, out);
    }

    /** UTF-8 as a JSON string. */
    public static void string(byte[] utf8, int from, int length, ByteWriter out) {
        out.put('"');
        int copied = from;
        for (int i = from; i < from + length; i++) {
            byte b = utf8[i];
            if (b >= 0 && b < 0x20 || b == '"' || b == '\\') {
                out.put(utf8, copied, i - copied);
                escape(b, out);
                copied = i + 1;
            }
        }
        out.put(utf8, copied, from + length - copied).put('"');
    }

    private static void escape(byte b, ByteWriter out) {
        out.put('\\');
        switch (b) {
            case '"', '\\' -> out.put(b);
            case '\b' -> out.put('b');
            case '\f' -> out.put('f');
            case '\n' -> out.put('n');
            case '\r' -> out.put('r');
            case '\t' -> out.put('t');
            default -> out.putAscii("u00").put(HEX[b >> 4]).put(HEX[b & 0xF]);
        }
    }

    private record Member(byte[] name, byte[] value) {}

    private void value(ByteWriter out, int depth) {
        if (depth > DEEPEST) {
            throw new IllegalArgumentException("The JSON is nested deeper than " + DEEPEST);
        }
        switch (peek()) {
            case '{' -> object(out, depth);
            case '[' -> array(out, depth);
            case '"' -> string(string(), out);
            case 't' -> literal("true", out);
            case 'f' -> literal("false", out);
            case 'n' -> literal("null", out);
            default -> number(out);
        }
    }

    private void object(ByteWriter out, int depth) {
        at++;
        List<Member> members = new ArrayList<>();
        blanks();
        while (peek() != '}') {
            if (!members.isEmpty()) {
                expect(',');
                blanks();
            }
            if (peek() != '"') {
                throw unexpected();
            }
            var name = string().getBytes(StandardCharsets.UTF_8);
            blanks();
            expect(':');
            blanks();
            var value = new ByteWriter(32);
            value(value, depth + 1);
            members.removeIf(m -> Arrays.equals(m.name, name));
            members.add(new Member(name, value.toBytes()));
            blanks();
        }
        at++;
        members.sort((a, b) -> Arrays.compareUnsigned(a.name, b.name));
        out.put('{');
        boolean first = true;
        for (var member : members) {
            if (!first) {
                out.put(',');
            }
            first = false;
            string(member.name, 0, member.name.length, out);
            out.put(':').put(member.value);
        }
        out.put('}');
    }

    private void array(ByteWriter out, int depth) {
        at++;
        out.put('[');
        boolean first = true;
        blanks();
        while (peek() != ']') {
            if (!first) {
                expect(',');
                blanks();
                out.put(',');
            }
            first = false;
            value(out, depth + 1);
            blanks();
        }
        at++;
        out.put(']');
    }

    private String string() {
        var value = new StringBuilder();
        at++;
        for (char c = next(); c != '"'; c = next()) {
            if (c < 0x20) {
                throw unexpected();
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
                    throw unexpected();
                }
                at += 4;
                yield (char) Integer.parseInt(text, at - 4, at, 16);
            }
            default -> throw unexpected();
        };
    }

    private void literal(String word, ByteWriter out) {
        if (!text.startsWith(word, at)) {
            throw unexpected();
        }
        at += word.length();
        out.putAscii(word);
    }

    private void number(ByteWriter out) {
        int from = at;
        if (peek() == '-') {
            at++;
        }
        if (peek() == '0') {
            at++;
        } else {
            digits();
        }
        if (at < text.length() && text.charAt(at) == '.') {
            at++;
            digits();
        }
        if (at < text.length() && (text.charAt(at) | 0x20) == 'e') {
            at++;
            if (peek() == '+' || peek() == '-') {
                at++;
            }
            digits();
        }
        out.putAscii(text.substring(from, at));
    }

    private void digits() {
        int from = at;
        while (at < text.length() && text.charAt(at) >= '0' && text.charAt(at) <= '9') {
            at++;
        }
        if (at == from) {
            throw unexpected();
        }
    }

    private void blanks() {
        while (at < text.length() && " \t\n\r".indexOf(text.charAt(at)) >= 0) {
            at++;
        }
    }

    private char peek() {
        if (at >= text.length()) {
            throw unexpected();
        }
        return text.charAt(at);
    }

    private char next() {
        char c = peek();
        at++;
        return c;
    }

    private void expect(char c) {
        if (next() != c) {
            at--;
            throw unexpected();
        }
    }

    private IllegalArgumentException unexpected() {
        return new IllegalArgumentException(at >= text.length() ? "The JSON ends too early, after " + at + " characters"
                : "The JSON has '" + text.charAt(at) + "' at character " + at + " where it may not stand");
    }
}
