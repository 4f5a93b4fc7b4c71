package io.millrace.check.report;

import io.millrace.check.Finding;
import io.millrace.check.Finding.Cost;
import io.millrace.check.Level;
import io.millrace.check.Report;
import io.millrace.check.Report.Fate;
import io.millrace.pipeline.wording.Counted;
import java.util.Comparator;
import java.util.Locale;

/** The report for people. */
final class TextReport {

    private static final int WIDTH = 118;

    private TextReport() {}

    static String write(Report report, Level failOn) {
        var text = new StringBuilder();
        report.findings().stream().filter(f -> f.waiver() == null).sorted(Comparator.comparing(Finding::level).reversed()).forEach(finding -> finding(text, finding));
        waivers(text, report);
        report.notes().forEach(note -> wrap(text, "note: ", note));
        text.append(String.format(Locale.ROOT, "%s, %s, %s in %.1f s. Schemas: %s.%n", Counted.of(report.migrations(), "migration"), Counted.of(report.statements(), "statement"),
                Counted.of(report.tables(), "replicated table"), report.took().toMillis() / 1000.0, report.judgedBy()));
        for (var level : Level.values()) {
            long count = report.findings().stream().filter(f -> f.waiver() == null && f.level() == level).count();
            text.append(level == Level.FINE ? "" : ", ").append(count).append(' ').append(level.text());
        }
        int failures = report.atLeast(failOn).size();
        return text.append(failures == 0 ? ": nothing at or above '" + failOn.text() + "'.\n" : ": " + failures + " at or above '" + failOn.text() + "'.\n").toString();
    }

    private static void finding(StringBuilder text, Finding finding) {
        text.append(finding.level().text().toUpperCase(Locale.ROOT)).append("  ").append(finding.rule().id()).append("  ").append(finding.statement().file()).append(':').append(finding.statement().line()).append('\n');
        text.append("    ").append(finding.statement().brief()).append('\n');
        wrap(text, "    ", finding.message());
        if (finding.cost() != null) {
            wrap(text, "    costs: ", cost(finding.cost()));
        }
        for (var impact : finding.impacts()) {
            wrap(text, "    hits: ", impact.pipeline() + (impact.document().isEmpty() ? ", the document" : ", " + impact.document()) + " " + impact.how() + " (" + impact.file() + ":" + impact.line() + ", " + impact.at() + ")");
        }
        wrap(text, "    safe: ", finding.safe());
        text.append('\n');
    }

    static String cost(Cost cost) {
        if (cost.rows() < 0) {
            return "nobody knows how many rows; say it with --rows TABLE=NUMBER";
        }
        return "about " + Counted.of(cost.rows(), "row") + (cost.bytes() < 0 ? "" : String.format(Locale.ROOT, ", %,d MB of WAL", Math.max(1, cost.bytes() / 1_000_000)));
    }

    private static void waivers(StringBuilder text, Report report) {
        for (var use : report.waivers()) {
            var waiver = use.waiver();
            var state = switch (use.fate()) {
                case USED -> "allowed until " + waiver.until();
                case EXPIRED -> "expired on " + waiver.until() + ", no longer counts";
                case UNUSED -> "allows nothing here; take it out";
            };
            wrap(text, "waiver: ", waiver.file() + ":" + waiver.line() + " " + waiver.rule().id() + ", " + state + ". Reason: " + waiver.reason());
            if (use.fate() == Fate.USED) {
                report.findings().stream().filter(f -> waiver.equals(f.waiver())).forEach(f -> wrap(text, "    ", f.message()));
            }
        }
    }

    /** Lines of a length that a terminal shows, continued under the first one's text. */
    private static void wrap(StringBuilder text, String prefix, String content) {
        int column = prefix.length();
        text.append(prefix);
        for (var word : content.split(" ")) {
            if (column + word.length() > WIDTH && column > prefix.length()) {
                text.append('\n').append(" ".repeat(prefix.length()));
                column = prefix.length();
            } else if (column > prefix.length()) {
                text.append(' ');
                column++;
            }
            text.append(word);
            column += word.length();
        }
        text.append('\n');
    }
}
