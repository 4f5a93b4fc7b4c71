package io.millrace.check.script;

/**
 * One SQL statement and where it stands.
 *
 * @param file the file's name
 * @param line where it begins, counted from 1
 * @param endLine where it ends
 * @param text the statement without the semicolon
 * @param data the lines that follow a {@code COPY … FROM stdin}; null for other statements
 */
public record Statement(String file, int line, int endLine, String text, String data) {

    private static final int SHORT = 160;

    /** The line of a position inside the text, counted from 1 as Postgres does. */
    public int lineOf(int position) {
        int at = Math.clamp(position - 1L, 0, text.length());
        return line + (int) text.substring(0, at).chars().filter(c -> c == '\n').count();
    }

    /** The text on one line, cut where it is long. */
    public String brief() {
        var flat = text.strip().replaceAll("\\s+", " ");
        return flat.length() <= SHORT ? flat : flat.substring(0, SHORT - 1) + "…";
    }
}
