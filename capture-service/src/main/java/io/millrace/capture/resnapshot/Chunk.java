package io.millrace.capture.resnapshot;

import io.millrace.capture.row.Change;
import java.util.List;

/**
 * Rows that follow each other by their key, as one short transaction saw them.
 *
 * @param rows as they were read
 * @param after the key of the last row that was looked at, which the next chunk begins behind; null where the table was empty
 * @param last whether nothing follows
 */
record Chunk(List<Change> rows, List<String> after, boolean last) {}
