package io.millrace.capture.source;

import java.util.Set;

/**
 * What pipelines want of a table.
 *
 * @param columns those that documents are made of
 * @param form stands for the form in which its rows go; another text for another one, empty where they go as they are
 */
public record Wanted(Set<String> columns, String form) {

    /** A table of which nothing is wanted but its rows. */
    public static final Wanted ROWS = new Wanted(Set.of(), "");
}
