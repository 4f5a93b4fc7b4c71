package io.millrace.console.manage;

import java.util.List;
import java.util.Map;

/**
 * One page of monitors, with counts of all that match.
 *
 * @param total how many match
 * @param statuses how many of each, the most frequent first, as the others
 * @param teams {@code none} are those without one
 * @param tags by their values; a monitor counts for each of its tags
 */
public record Answer(long total, List<Row> rows, Map<String, Long> statuses, Map<String, Long> types, Map<String, Long> teams, Map<String, Long> tags) {

    /** Characters. */
    static final int LONGEST_NAME = 1_000;

    /** @param name its beginning, where it is long */
    public record Row(String id, String name, String status, String type, String team) {

        public Row {
            name = name.codePointCount(0, name.length()) <= LONGEST_NAME ? name : name.substring(0, name.offsetByCodePoints(0, LONGEST_NAME));
        }
    }
}
