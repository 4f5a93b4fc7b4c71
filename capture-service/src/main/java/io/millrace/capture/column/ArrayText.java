package io.millrace.capture.column;

import java.util.ArrayList;
import java.util.List;

/**
 * Reads the text form of a Postgres array into its elements' texts.
 *
 * <p>An array of several dimensions gives its elements in storage order: the catalog does not say how many dimensions a
 * column's values have, so that no schema could.
 *
 * @see <a href="https://www.postgresql.org/docs/current/arrays.html#ARRAYS-IO">array input and output syntax</a>
 */
final class ArrayText {

    private final String text;
    private final char delimiter;
    private final List<String> elements = new ArrayList<>();
    private int at;

    private ArrayText(String text, char delimiter) {
        this.text = text;
        this.delimiter = delimiter;
    }

    static List<String> elements(String text, char delimiter) {
        var array = new ArrayText(text, delimiter);
        array.at = Math.max(0, text.charAt(0) == '[' ? text.indexOf('=') + 1 : 0);
        array.level();
        return array.elements;
    }

    private void level() {
        expect('{');
        if (peek() == '}') {
            at++;
            return;
        }
        while (true) {
            switch (peek()) {
                case '{' -> level();
                case '"' -> quoted();
                default -> plain();
            }
            if (peek() == '}') {
                at++;
                return;
            }
            expect(delimiter);
        }
    }

    private void quoted() {
        at++;
        var element = new StringBuilder();
        while (peek() != '"') {
            if (peek() == '\\') {
                at++;
            }
            element.append(peek());
            at++;
        }
        at++;
        elements.add(element.toString());
    }

    private void plain() {
        int from = at;
        while (peek() != delimiter && peek() != '}') {
            at++;
        }
        var element = text.substring(from, at);
        elements.add(element.equals("NULL") ? null : element);
    }

    private void expect(char expected) {
        if (peek() != expected) {
            throw new IllegalArgumentException("'" + text + "' is not an array as Postgres prints it: '" + expected + "' is missing at character " + at);
        }
        at++;
    }

    private char peek() {
        if (at >= text.length()) {
            throw new IllegalArgumentException("'" + text + "' is not an array as Postgres prints it: it ends too early");
        }
        return text.charAt(at);
    }
}
