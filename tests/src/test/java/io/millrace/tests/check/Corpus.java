package io.millrace.tests.check;

import io.millrace.check.Finding;
import io.millrace.check.Finding.Cost;
import io.millrace.check.script.Migration;
import io.millrace.check.script.Migrations;
import io.millrace.check.script.Script;
import io.millrace.pipeline.file.TableName;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.SortedSet;
import java.util.TreeSet;

/**
 * Small migrations with what the check must say of each. Every file of the folder holds many, each with lines before its SQL:
 * {@code -- case: name}, {@code -- expect: rule subject level} or {@code -- expect: nothing}, and where needed
 * {@code -- rows: table=number}, {@code -- runner: flyway} and {@code -- pipeline: name}.
 */
final class Corpus {

    /**
     * @param expected rule, subject and level of each finding; empty where it must be silent
     * @param pipeline the only pipeline that it is judged for; null: the usual ones
     * @param counts how many rows tables have in production
     */
    record Case(String name, SortedSet<String> expected, String pipeline, Map<TableName, Cost> counts, List<Migration> migrations) {}

    private Corpus() {}

    static List<Case> read(Path folder) throws IOException {
        var cases = new ArrayList<Case>();
        try (var files = Files.list(folder)) {
            for (var file : files.sorted().toList()) {
                var topic = file.getFileName().toString().replace(".sql", "");
                for (var part : Files.readString(file).split("(?m)^-- case: ")) {
                    if (!part.isBlank()) {
                        cases.add(parse(topic, part));
                    }
                }
            }
        }
        return cases;
    }

    private static Case parse(String topic, String part) {
        var name = topic + "/" + part.lines().findFirst().orElseThrow().strip();
        var expected = new TreeSet<String>();
        var counts = new HashMap<TableName, Cost>();
        var runner = "plain";
        String pipeline = null;
        for (var line : part.lines().skip(1).takeWhile(l -> l.matches("-- (expect|rows|runner|pipeline): .*")).toList()) {
            var value = line.substring(line.indexOf(':') + 1).strip();
            switch (line.substring(3, line.indexOf(':'))) {
                case "expect" -> expected.add(value);
                case "rows" -> counts.put(TableName.parse(value.substring(0, value.indexOf('='))), new Cost(Long.parseLong(value.substring(value.indexOf('=') + 1)), -1));
                case "pipeline" -> pipeline = value;
                default -> runner = value;
            }
        }
        if (expected.isEmpty()) {
            throw new IllegalStateException("The case " + name + " expects neither a finding nor nothing");
        }
        expected.remove("nothing");
        var script = switch (runner) {
            case "flyway" -> new Script(topic + "/V1__case.sql", part.substring(part.indexOf('\n')));
            case "liquibase" -> new Script(name + ".sql", "--liquibase formatted sql\n" + part.substring(part.indexOf('\n')));
            default -> new Script(name + ".sql", part.substring(part.indexOf('\n')));
        };
        return new Case(name, expected, pipeline, counts, Migrations.of(List.of(script)));
    }

    /** A finding in the words of an expectation. */
    static String words(Finding finding) {
        var subject = finding.table() == null ? finding.column() == null ? "-" : finding.column() : finding.table() + (finding.column() == null ? "" : "." + finding.column());
        return finding.rule().id() + " " + subject + " " + finding.level().name().toLowerCase(Locale.ROOT);
    }
}
