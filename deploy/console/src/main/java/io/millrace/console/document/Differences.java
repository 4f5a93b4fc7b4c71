package io.millrace.console.document;

import com.fasterxml.jackson.databind.JsonNode;
import java.util.ArrayList;
import java.util.List;
import java.util.TreeSet;

/** Where two documents differ. */
final class Differences {

    private static final int MOST = 200;

    private final List<Difference> found = new ArrayList<>();

    private Differences() {}

    /**
     * @param path such as {@code $.tags[2].key}
     * @param index the value's JSON; null where there is none
     */
    record Difference(String path, String index, String postgres) {}

    /** At most {@value #MOST} of them, in the order of the documents. */
    static List<Difference> between(JsonNode index, JsonNode postgres) {
        var differences = new Differences();
        differences.compare("$", index, postgres);
        return differences.found;
    }

    private void compare(String path, JsonNode index, JsonNode postgres) {
        if (found.size() >= MOST || index != null && index.equals(postgres)) {
            return;
        }
        if (index != null && postgres != null && index.isObject() && postgres.isObject()) {
            var names = new TreeSet<String>();
            index.fieldNames().forEachRemaining(names::add);
            postgres.fieldNames().forEachRemaining(names::add);
            names.forEach(name -> compare(path + "." + name, index.get(name), postgres.get(name)));
        } else if (index != null && postgres != null && index.isArray() && postgres.isArray()) {
            for (int i = 0; i < Math.max(index.size(), postgres.size()); i++) {
                compare(path + "[" + i + "]", index.get(i), postgres.get(i));
            }
        } else if (!(index != null && postgres != null && index.isNumber() && postgres.isNumber() && index.decimalValue().compareTo(postgres.decimalValue()) == 0)) {
            found.add(new Difference(path, text(index), text(postgres)));
        }
    }

    private static String text(JsonNode node) {
        return node == null || node.isMissingNode() ? null : node.toString();
    }
}
