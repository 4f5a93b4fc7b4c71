package io.millrace.check.report;

import io.millrace.check.Finding;
import io.millrace.check.Level;
import io.millrace.check.Report;
import io.millrace.pipeline.wording.Counted;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.regex.Pattern;

/** The report as JUnit's XML: a test for each finding, and one that passes where there is none. */
final class JunitReport {

    /** What XML cannot hold, also not escaped; a name in quotes may. */
    private static final Pattern NOT_XML = Pattern.compile("[\\x00-\\x08\\x0b\\x0c\\x0e-\\x1f\\ufffe\\uffff]");

    private JunitReport() {}

    static String write(Report report, Level failOn) {
        Map<String, List<Finding>> files = new LinkedHashMap<>();
        report.findings().forEach(f -> files.computeIfAbsent(f.statement().file(), _ -> new ArrayList<>()).add(f));
        var xml = new StringBuilder("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n");
        int tests = Math.max(1, report.findings().size());
        xml.append("<testsuite name=\"millrace check\" tests=\"%d\" failures=\"%d\" errors=\"0\" skipped=\"%d\" time=\"%.1f\">%n".formatted(tests, report.atLeast(failOn).size(),
                report.findings().stream().filter(f -> f.waiver() != null).count(), report.took().toMillis() / 1000.0));
        if (files.isEmpty()) {
            xml.append("  <testcase classname=\"millrace check\" name=\"%s\"/>%n".formatted(Counted.of(report.migrations(), "migration")));
        }
        files.forEach((file, findings) -> findings.forEach(finding -> test(xml, file, finding, failOn)));
        return xml.append("</testsuite>\n").toString();
    }

    private static void test(StringBuilder xml, String file, Finding finding, Level failOn) {
        var name = finding.rule().id() + " line " + finding.statement().line() + (finding.table() == null ? "" : " " + finding.table()) + (finding.column() == null ? "" : " " + finding.column());
        xml.append("  <testcase classname=\"%s\" name=\"%s\">%n".formatted(escape(file), escape(name)));
        if (finding.waiver() != null) {
            xml.append("    <skipped>%s</skipped>%n".formatted(escape("allowed until " + finding.waiver().until() + ": " + finding.waiver().reason())));
        } else if (finding.level().isAtLeast(failOn)) {
            xml.append("    <failure type=\"%s\" message=\"%s\">%s</failure>%n".formatted(finding.rule().id(), escape(finding.message()), escape(finding.safe())));
        } else {
            xml.append("    <system-out>%s</system-out>%n".formatted(escape(finding.level().text() + ": " + finding.message())));
        }
        xml.append("  </testcase>\n");
    }

    private static String escape(String text) {
        return NOT_XML.matcher(text).replaceAll("\ufffd").replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;").replace("\"", "&quot;").replace("\n", "&#10;");
    }
}
