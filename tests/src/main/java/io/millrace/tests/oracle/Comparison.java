package io.millrace.tests.oracle;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeSet;

/**
 * Both sides of one pipeline beside each other.
 *
 * @param pipeline its name
 * @param expected documents that the SQL join gives
 * @param actual documents in the index
 * @param differences in the order of the ids
 */
public record Comparison(String pipeline, int expected, int actual, List<Difference> differences) {

    /** Compares two sides: canonical JSON by document id. */
    public static Comparison of(String pipeline, Map<String, String> expected, Map<String, String> actual) {
        var ids = new TreeSet<>(expected.keySet());
        ids.addAll(actual.keySet());
        var differences = new ArrayList<Difference>();
        for (var id : ids) {
            var left = expected.get(id);
            var right = actual.get(id);
            if (left == null || !left.equals(right)) {
                differences.add(new Difference(id, left, right));
            }
        }
        return new Comparison(pipeline, expected.size(), actual.size(), List.copyOf(differences));
    }

    public boolean agrees() {
        return differences.isEmpty();
    }

    /** Counts, and the first difference with both sides. */
    public String describe() {
        long missing = differences.stream().filter(d -> d.actual() == null).count();
        long surplus = differences.stream().filter(d -> d.expected() == null).count();
        var counts = "%s: %,d documents by the SQL join, %,d in the index, %,d differences (%,d missing, %,d that should be gone, %,d with other content)".formatted(
                pipeline, expected, actual, differences.size(), missing, surplus, differences.size() - missing - surplus);
        return agrees() ? counts : counts + "\nThe first: " + differences.getFirst().describe();
    }
}
