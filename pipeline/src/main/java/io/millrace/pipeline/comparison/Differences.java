package io.millrace.pipeline.comparison;

import java.util.ArrayList;
import java.util.List;
import java.util.TreeSet;

/**
 * Where the index's document and Postgres's differ, field by field.
 *
 * @param count how many places there are
 * @param first those that are told, in the order of the documents
 */
public record Differences(int count, List<Difference> first) {

    /**
     * One place.
     *
     * @param path such as {@code $.tags[2].key}
     * @param index the value's JSON; null where there is none
     * @param postgres the value's JSON; null where there is none
     */
    public record Difference(String path, String index, String postgres) {}

    /**
     * Compares two documents.
     *
     * @param index null where there is none
     * @param postgres null where there is none
     * @param most how many places are told; all are counted
     */
    public static Differences between(Json index, Json postgres, int most) {
        var walk = new Walk(most);
        walk.compare("$", index, postgres);
        return new Differences(walk.count, List.copyOf(walk.first));
    }

    private static final class Walk {
        final int most;
        final List<Difference> first = new ArrayList<>();
        int count;

        Walk(int most) {
            this.most = most;
        }

        void compare(String path, Json index, Json postgres) {
            if (index instanceof Json.Members(var left) && postgres instanceof Json.Members(var right)) {
                var names = new TreeSet<>(left.keySet());
                names.addAll(right.keySet());
                names.forEach(name -> compare(path + "." + name, left.get(name), right.get(name)));
            } else if (index instanceof Json.Elements(var left) && postgres instanceof Json.Elements(var right)) {
                for (int i = 0; i < Math.max(left.size(), right.size()); i++) {
                    compare(path + "[" + i + "]", at(left, i), at(right, i));
                }
            } else if (index == null || !index.equals(postgres)) {
                count++;
                if (first.size() < most) {
                    first.add(new Difference(path, text(index), text(postgres)));
                }
            }
        }

        private static Json at(List<Json> elements, int i) {
            return i < elements.size() ? elements.get(i) : null;
        }

        private static String text(Json value) {
            return value == null ? null : CanonicalJson.write(value);
        }
    }
}
