package io.millrace.pipeline.shape;

import java.util.ArrayList;
import java.util.List;

/**
 * A part of a canonical form, as {@link DocumentForm} writes it. Immutable.
 *
 * @param kind what it is
 * @param texts what it says
 * @param parts what is in it, in order
 */
record Form(String kind, List<String> texts, List<Form> parts) {

    Form {
        texts = List.copyOf(texts);
        parts = List.copyOf(parts);
    }

    /**
     * Reads the parts of a written form.
     *
     * @throws IllegalArgumentException when it is none
     */
    static List<Form> read(String text) {
        var reader = new Reader(text);
        var parts = reader.parts();
        if (reader.at < text.length()) {
            throw new IllegalArgumentException("This is no form of a document: at " + reader.at + " in " + text);
        }
        return parts;
    }

    /** The first part of that kind; null where there is none. */
    Form part(String kind) {
        return parts.stream().filter(part -> part.kind.equals(kind)).findFirst().orElse(null);
    }

    List<Form> parts(String kind) {
        return parts.stream().filter(part -> part.kind.equals(kind)).toList();
    }

    /** As {@link DocumentForm} writes it. */
    @Override
    public String toString() {
        var text = new StringBuilder("(").append(kind);
        texts.forEach(string -> text.append(' ').append(string.length()).append(':').append(string));
        parts.forEach(text::append);
        return text.append(')').toString();
    }

    private static final class Reader {

        private final String text;
        private int at;

        Reader(String text) {
            this.text = text;
        }

        List<Form> parts() {
            var parts = new ArrayList<Form>();
            while (at < text.length() && text.charAt(at) == '(') {
                at++;
                parts.add(part());
            }
            return parts;
        }

        private Form part() {
            int from = at;
            while (peek() >= 'a' && peek() <= 'z') {
                at++;
            }
            var kind = text.substring(from, at);
            var texts = new ArrayList<String>();
            while (peek() == ' ') {
                at++;
                texts.add(string());
            }
            var parts = parts();
            if (peek() != ')') {
                throw new IllegalArgumentException("This is no form of a document: at " + at + " in " + text);
            }
            at++;
            return new Form(kind, texts, parts);
        }

        private String string() {
            int colon = text.indexOf(':', at);
            int length = colon < 0 ? -1 : Integer.parseInt(text.substring(at, colon));
            if (length < 0 || colon + 1 + length > text.length()) {
                throw new IllegalArgumentException("This is no form of a document: at " + at + " in " + text);
            }
            at = colon + 1 + length;
            return text.substring(colon + 1, at);
        }

        private char peek() {
            return at < text.length() ? text.charAt(at) : 0;
        }
    }
}
