package io.millrace.capture.source;

import java.util.Set;

/**
 * What pipelines want of a table.
 *
 * @param columns those that documents are made of
 * @param form stands for the form in which its rows go; another text for another one, empty where they go as they are
 * @param rows whether its rows go to a topic of the table's own; of the others it matters only that changes pass
 */
public record Wanted(Set<String> columns, String form, boolean rows) {

    /** A table of which nothing is wanted but its rows. */
    public static final Wanted ROWS = new Wanted(Set.of(), "", true);
    /** A table of which nothing is wanted but that its changes come. */
    public static final Wanted BEATS = new Wanted(Set.of(), "", false);
}
