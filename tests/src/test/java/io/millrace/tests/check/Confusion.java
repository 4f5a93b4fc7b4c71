package io.millrace.tests.check;

import io.millrace.check.Rule;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.SortedSet;
import java.util.TreeMap;

/** Counts what was expected against what was found. */
final class Confusion {

    private static final class Row {
        int right;
        int missed;
        int falselyFound;
    }

    private final Map<String, Row> rules = new TreeMap<>();
    private final List<String> wrong = new ArrayList<>();
    private int silentRight;
    private int silentWrong;
    private int cases;

    void add(String name, SortedSet<String> expected, SortedSet<String> found) {
        cases++;
        if (expected.isEmpty() && found.isEmpty()) {
            silentRight++;
        } else if (expected.isEmpty()) {
            silentWrong++;
        }
        expected.forEach(e -> count(name, e, found.contains(e), true));
        found.stream().filter(f -> !expected.contains(f)).forEach(f -> count(name, f, false, false));
    }

    private void count(String name, String finding, boolean agreed, boolean expected) {
        var row = rules.computeIfAbsent(finding.substring(0, finding.indexOf(' ')), _ -> new Row());
        if (agreed) {
            row.right++;
        } else if (expected) {
            row.missed++;
            wrong.add(name + " misses: " + finding);
        } else {
            row.falselyFound++;
            wrong.add(name + " falsely says: " + finding);
        }
    }

    /** Every finding that was missed or false. */
    List<String> wrong() {
        return wrong;
    }

    /** The rules that no case expects. */
    List<String> untried() {
        return Arrays.stream(Rule.values()).map(Rule::id).filter(id -> !rules.containsKey(id)).toList();
    }

    String table() {
        var text = new StringBuilder("%-26s %9s %7s %7s %7s%n".formatted("rule", "expected", "right", "missed", "false"));
        var sum = new Row();
        rules.forEach((rule, row) -> {
            text.append("%-26s %9d %7d %7d %7d%n".formatted(rule, row.right + row.missed, row.right, row.missed, row.falselyFound));
            sum.right += row.right;
            sum.missed += row.missed;
            sum.falselyFound += row.falselyFound;
        });
        text.append("%-26s %9d %7d %7d %7d%n".formatted("all findings", sum.right + sum.missed, sum.right, sum.missed, sum.falselyFound));
        text.append("%-26s %9d %7d %7s %7d%n".formatted("cases to be silent about", silentRight + silentWrong, silentRight, "", silentWrong));
        return text.append(cases).append(" migrations\n").toString();
    }
}
