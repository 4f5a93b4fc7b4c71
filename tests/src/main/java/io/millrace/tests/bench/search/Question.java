package io.millrace.tests.bench.search;

import java.util.List;
import java.util.Map;

/**
 * What somebody asks a page that joins, filters, counts, sorts and pages.
 *
 * @param organisation whose page it is
 * @param words all of them must be in the name or in the text below it
 * @param filters facet and the value that was clicked
 * @param order of the rows
 * @param page from 0
 */
record Question(long organisation, List<String> words, Map<String, String> filters, Order order, int page) {

    /** Rows on a page. */
    static final int ROWS = 20;
    /** Values that are shown of a facet, the most frequent first. */
    static final int VALUES = 10;

    enum Order {
        /** Newest first. */
        MODIFIED,
        /** By code point. */
        NAME
    }
}
