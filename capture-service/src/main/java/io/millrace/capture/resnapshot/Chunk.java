package io.millrace.capture.resnapshot;

import java.util.List;
import org.apache.kafka.connect.source.SourceRecord;

/**
 * Rows that follow each other by their key, as one short transaction saw them.
 *
 * @param rows as change events of the operation {@code r}
 * @param after the key of the last row that was looked at, which the next chunk begins behind; null where the table was empty
 * @param last whether nothing follows
 */
record Chunk(List<SourceRecord> rows, List<String> after, boolean last) {}
