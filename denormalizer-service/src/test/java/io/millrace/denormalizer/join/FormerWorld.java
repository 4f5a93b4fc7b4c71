package io.millrace.denormalizer.join;

import java.util.List;

/** The rows from which the state in {@code state/before-packages.txt.gz} was made. */
final class FormerWorld {

    /** More than the former version had in one value of a few KiB. */
    static final int RECIPIENTS = 400;

    private FormerWorld() {}

    static void fill(RandomRows rows) {
        for (int i = 1; i <= 5; i++) {
            var id = Integer.toString(i);
            rows.put("person", List.of(id), RandomRows.with("id", id, "handle", "h" + id, "name", "p" + id));
        }
        rows.put("team", List.of("1"), RandomRows.with("id", "1", "name", "t", "lead_id", "3"));
        rows.put("tag", List.of("1"), RandomRows.with("id", "1", "key", "k", "owner_id", "1"));
        for (int i = 1; i <= 3; i++) {
            var id = Integer.toString(i);
            rows.put("monitor", List.of(id), RandomRows.with("id", id, "team_id", "1", "author_id", id, "editor", "h2", "parent_id", "1", "title", "m" + id));
            rows.put("monitor_tag", List.of(id, "1"), RandomRows.with("monitor_id", id, "tag_id", "1", "added", id));
        }
        for (int i = 1; i <= RECIPIENTS; i++) {
            var id = Integer.toString(i);
            rows.put("recipient", List.of(id), RandomRows.with("id", id, "monitor_id", i == 1 ? "2" : "1", "person_id", id, "kind", "k" + i % 3));
        }
    }
}
