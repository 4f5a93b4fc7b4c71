package io.millrace.values.json;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.core.JsonToken;
import com.fasterxml.jackson.core.StreamReadConstraints;
import com.fasterxml.jackson.core.exc.StreamConstraintsException;
import io.millrace.values.bytes.ByteWriter;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.List;

/**
 * JSON text in its canonical form: members sorted by the code points of their names, the last of equal names only, no
 * white space, the fewest escapes. Numbers keep the digits that they came with, since 1.10 and 1.1 differ for a numeric.
 */
public final class JsonCanon {

    private static final int DEEPEST = 1_000;
    private static final byte[] HEX = "0123456789abcdef".getBytes(StandardCharsets.US_ASCII);
    /** PostgreSQL's own limits are the limits: a text of a gigabyte, a number of any length. */
    private static final JsonFactory LEXER = JsonFactory.builder()
            .streamReadConstraints(StreamReadConstraints.builder().maxNestingDepth(DEEPEST).maxStringLength(Integer.MAX_VALUE).maxNameLength(Integer.MAX_VALUE).maxNumberLength(Integer.MAX_VALUE).build())
            .disable(JsonFactory.Feature.INTERN_FIELD_NAMES).disable(JsonFactory.Feature.CANONICALIZE_FIELD_NAMES).build();
    private static final Comparator<Member> BY_NAME = (a, b) -> Arrays.compareUnsigned(a.name, b.name);

    private JsonCanon() {}

    /**
     * Takes time in proportion to the text's length, but for the sorting of members.
     *
     * @throws IllegalArgumentException when the text is not JSON, or is nested deeper than 1,000; it repeats nothing of the text
     */
    public static byte[] canonical(String text) {
        try (var lexer = LEXER.createParser(text)) {
            if (lexer.nextToken() == null) {
                throw new IllegalArgumentException("The JSON is empty");
            }
            var value = value(lexer);
            if (lexer.nextToken() != null) {
                throw refused(lexer);
            }
            var out = new ByteWriter(text.length() + 16);
            value.writeTo(out);
            return out.toBytes();
        } catch (StreamConstraintsException e) {
            throw new IllegalArgumentException("The JSON is nested deeper than " + DEEPEST, e);
        } catch (JsonProcessingException e) {
            throw new IllegalArgumentException("The JSON has something at character " + e.getLocation().getCharOffset() + " that may not stand there", e);
        } catch (IOException e) {
            throw new UncheckedIOException("Reading JSON from memory failed", e);
        }
    }

    /** What a JSON string says, or a number, true or false as they are written; null for null, objects and arrays. */
    public static String scalar(String json) {
        return switch (json.charAt(0)) {
            case '{', '[', 'n' -> null;
            case '"' -> unquoted(json);
            default -> json;
        };
    }

    private static String unquoted(String json) {
        try (var lexer = LEXER.createParser(json)) {
            lexer.nextToken();
            return lexer.getText();
        } catch (IOException e) {
            throw new IllegalArgumentException("The JSON is no string", e);
        }
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

    /** A value that was read: written only when it is known where, so that nothing is copied level by level. */
    private sealed interface Value {

        void writeTo(ByteWriter out);
    }

    private record Text(String text) implements Value {

        @Override
        public void writeTo(ByteWriter out) {
            string(text, out);
        }
    }

    private record Word(String word) implements Value {

        @Override
        public void writeTo(ByteWriter out) {
            out.putAscii(word);
        }
    }

    private record Items(List<Value> items) implements Value {

        @Override
        public void writeTo(ByteWriter out) {
            out.put('[');
            for (int i = 0; i < items.size(); i++) {
                if (i > 0) {
                    out.put(',');
                }
                items.get(i).writeTo(out);
            }
            out.put(']');
        }
    }

    private record Member(byte[] name, Value value) {}

    /** @param members sorted by name; of equal names the last counts */
    private record Members(List<Member> members) implements Value {

        @Override
        public void writeTo(ByteWriter out) {
            out.put('{');
            boolean first = true;
            for (int i = 0; i < members.size(); i++) {
                var member = members.get(i);
                if (i + 1 < members.size() && Arrays.equals(member.name, members.get(i + 1).name)) {
                    continue;
                }
                if (!first) {
                    out.put(',');
                }
                first = false;
                string(member.name, 0, member.name.length, out);
                out.put(':');
                member.value.writeTo(out);
            }
            out.put('}');
        }
    }

    /** The value that begins with the token that the lexer stands at. */
    private static Value value(JsonParser lexer) throws IOException {
        return switch (lexer.currentToken()) {
            case START_OBJECT -> members(lexer);
            case START_ARRAY -> items(lexer);
            case VALUE_STRING -> new Text(lexer.getText());
            case VALUE_NUMBER_INT, VALUE_NUMBER_FLOAT, VALUE_TRUE, VALUE_FALSE, VALUE_NULL -> new Word(lexer.getText());
            default -> throw refused(lexer);
        };
    }

    private static Value members(JsonParser lexer) throws IOException {
        var members = new ArrayList<Member>();
        while (lexer.nextToken() == JsonToken.FIELD_NAME) {
            var name = lexer.currentName().getBytes(StandardCharsets.UTF_8);
            lexer.nextToken();
            members.add(new Member(name, value(lexer)));
        }
        members.sort(BY_NAME);
        return new Members(members);
    }

    private static Value items(JsonParser lexer) throws IOException {
        var items = new ArrayList<Value>();
        while (lexer.nextToken() != JsonToken.END_ARRAY) {
            items.add(value(lexer));
        }
        return new Items(items);
    }

    private static IllegalArgumentException refused(JsonParser lexer) {
        return new IllegalArgumentException("The JSON has something at character " + lexer.currentTokenLocation().getCharOffset() + " that may not stand there");
    }
}
