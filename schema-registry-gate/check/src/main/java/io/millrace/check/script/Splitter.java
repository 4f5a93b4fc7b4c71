package io.millrace.check.script;

import io.millrace.check.CheckException;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import java.util.regex.Pattern;

/**
 * Finds where statements begin and end, by Postgres's lexical rules: quotes, dollar quotes, nested comments, parentheses,
 * bodies in {@code BEGIN ATOMIC … END}, and the data behind {@code COPY … FROM stdin}. What a statement means is Postgres's
 * to say. Used once per text.
 *
 * <p>Source: "Lexical Structure" in PostgreSQL's manual.
 */
final class Splitter {

    /** What {@code pg_dump} writes for psql's own safety, and what only shows something. */
    private static final Set<String> HARMLESS = Set.of("\\restrict", "\\unrestrict", "\\echo", "\\qecho", "\\timing");
    private static final Pattern STOPS_AT_ERRORS = Pattern.compile("\\\\set\\s+ON_ERROR_STOP\\b.*");

    private final String file;
    private final String text;
    private final String delimiter;
    private final List<Statement> statements = new ArrayList<>();
    private int at;
    private int line;
    /** Where the statement's first token is; -1 before it. */
    private int start = -1;
    private int startLine;
    private int parentheses;
    private int bodies;
    private final StringBuilder words = new StringBuilder();

    private Splitter(String file, int firstLine, String text, String delimiter) {
        this.file = file;
        this.line = firstLine;
        this.text = text;
        this.delimiter = delimiter;
    }

    /**
     * The statements of a text.
     *
     * @param firstLine the text's first line in its file
     * @param delimiter what ends a statement; null: nothing does, the text is one statement
     */
    static List<Statement> split(String file, int firstLine, String text, String delimiter) {
        var splitter = new Splitter(file, firstLine, text, delimiter);
        while (splitter.at < text.length()) {
            splitter.next();
        }
        splitter.end(text.length());
        return Dump.isOne(text) ? Dump.ofOneDatabase(file, splitter.statements) : List.copyOf(splitter.statements);
    }

    private void next() {
        char c = text.charAt(at);
        if (c == '-' && text.startsWith("--", at)) {
            skipTo(lineEnd(at));
        } else if (c == '/' && text.startsWith("/*", at)) {
            comment();
        } else if (delimiter != null && start >= 0 && parentheses == 0 && bodies == 0 && text.startsWith(delimiter, at)) {
            int end = at;
            skipTo(at + delimiter.length());
            end(end);
        } else if (Character.isWhitespace(c) || start < 0 && c == ';') {
            skipTo(at + 1);
        } else if (start < 0 && c == '\\') {
            command();
        } else {
            token(c);
        }
    }

    private void token(char c) {
        if (start < 0) {
            start = at;
            startLine = line;
        }
        switch (c) {
            case '\'' -> quoted('\'', hasEscapes());
            case '"' -> quoted('"', false);
            case '$' -> dollar();
            case '(', ')' -> {
                parentheses = Math.max(0, parentheses + (c == '(' ? 1 : -1));
                skipTo(at + 1);
            }
            default -> word();
        }
    }

    /** Whether the quote that comes now follows a lone E. */
    private boolean hasEscapes() {
        boolean prefixed = at > start && (text.charAt(at - 1) == 'E' || text.charAt(at - 1) == 'e');
        return prefixed && (at - 1 == start || !Character.isLetterOrDigit(text.charAt(at - 2)) && text.charAt(at - 2) != '_');
    }

    private void quoted(char quote, boolean escapes) {
        int end = at + 1;
        while (end < text.length()) {
            char c = text.charAt(end);
            if (escapes && c == '\\') {
                end++;
            } else if (c == quote) {
                if (end + 1 >= text.length() || text.charAt(end + 1) != quote) {
                    break;
                }
                end++;
            }
            end++;
        }
        skipTo(Math.min(text.length(), end + 1));
    }

    private void dollar() {
        int end = at + 1;
        while (end < text.length() && (Character.isLetterOrDigit(text.charAt(end)) || text.charAt(end) == '_')) {
            end++;
        }
        boolean isTag = end < text.length() && text.charAt(end) == '$' && !Character.isDigit(text.charAt(at + 1));
        if (!isTag) {
            skipTo(at + 1);
            return;
        }
        var tag = text.substring(at, end + 1);
        int close = text.indexOf(tag, end + 1);
        skipTo(close < 0 ? text.length() : close + tag.length());
    }

    /** A name or keyword; or a single character that is none. A prefix such as the E of {@code E'…'} stays before its quote. */
    private void word() {
        int end = at;
        while (end < text.length() && (Character.isLetterOrDigit(text.charAt(end)) || text.charAt(end) == '_' || end > at && text.charAt(end) == '$')) {
            end++;
        }
        if (end == at) {
            skipTo(at + 1);
            return;
        }
        keyword(text.substring(at, end).toUpperCase(Locale.ROOT));
        skipTo(end);
    }

    /** Counts the bodies of SQL functions, which have semicolons of their own. */
    private void keyword(String word) {
        if (words.length() < 60) {
            words.append(word).append(' ');
        }
        boolean routine = words.toString().matches("CREATE (OR REPLACE )?(FUNCTION|PROCEDURE) .*");
        if (routine && word.equals("ATOMIC") || bodies > 0 && (word.equals("CASE") || word.equals("BEGIN"))) {
            bodies++;
        } else if (bodies > 0 && word.equals("END")) {
            bodies--;
        }
    }

    private void comment() {
        int depth = 0;
        int end = at;
        do {
            if (text.startsWith("/*", end)) {
                depth++;
                end += 2;
            } else if (text.startsWith("*/", end)) {
                depth--;
                end += 2;
            } else {
                end++;
            }
        } while (depth > 0 && end < text.length());
        skipTo(Math.min(end, text.length()));
    }

    private void command() {
        int end = lineEnd(at);
        var command = text.substring(at, end).strip();
        if (Dump.isOne(text) && Dump.CONNECT.matcher(command).matches()) {
            statements.add(new Statement(file, line, line, command, null));
        } else if (!HARMLESS.contains(command.split("\\s", 2)[0]) && !STOPS_AT_ERRORS.matcher(command).matches()) {
            throw new CheckException(file + ":" + line + ": '" + command + "' is a command of psql's, which only psql can run; replace it by SQL");
        }
        skipTo(end);
    }

    private void end(int end) {
        if (start >= 0) {
            var sql = text.substring(start, end).stripTrailing();
            int endLine = startLine + (int) sql.chars().filter(c -> c == '\n').count();
            boolean copies = words.toString().startsWith("COPY ") && sql.toUpperCase(Locale.ROOT).matches("(?s).*\\bFROM\\s+STDIN\\b.*");
            statements.add(new Statement(file, startLine, endLine, sql, copies ? data() : null));
        }
        start = -1;
        parentheses = 0;
        bodies = 0;
        words.setLength(0);
    }

    private String data() {
        skipTo(Math.min(text.length(), lineEnd(at) + 1));
        var data = new StringBuilder();
        while (at < text.length()) {
            int end = lineEnd(at);
            var row = text.substring(at, end > at && text.charAt(end - 1) == '\r' ? end - 1 : end);
            skipTo(Math.min(text.length(), end + 1));
            if (row.equals("\\.")) {
                break;
            }
            data.append(row).append('\n');
        }
        return data.toString();
    }

    private int lineEnd(int from) {
        int end = text.indexOf('\n', from);
        return end < 0 ? text.length() : end;
    }

    private void skipTo(int to) {
        for (; at < to; at++) {
            if (text.charAt(at) == '\n') {
                line++;
            }
        }
    }
}
