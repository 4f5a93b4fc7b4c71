package io.millrace.check.script;

/**
 * A file of SQL.
 *
 * @param name its path as the user gave it; shown in the report
 * @param text what is in it
 */
public record Script(String name, String text) {

    /** Without the mark of its encoding that some editors set before a text. */
    public Script {
        text = text.startsWith("\uFEFF") ? text.substring(1) : text;
    }

    /** The name without the folders. */
    String base() {
        return name.substring(name.lastIndexOf('/') + 1);
    }

    String folder() {
        int slash = name.lastIndexOf('/');
        return slash < 0 ? "" : name.substring(0, slash);
    }
}
