package io.millrace.check.report;

import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.millrace.check.Finding;
import io.millrace.check.Level;
import io.millrace.check.Report;
import java.util.Locale;

/** The report for programs. */
final class JsonReport {

    private static final ObjectMapper JSON = new ObjectMapper();

    private JsonReport() {}

    static String write(Report report, Level failOn) {
        var root = JSON.createObjectNode();
        root.put("failed", !report.atLeast(failOn).isEmpty()).put("failOn", name(failOn)).put("migrations", report.migrations()).put("statements", report.statements())
                .put("tables", report.tables()).put("schemas", report.judgedBy()).put("milliseconds", report.took().toMillis());
        var findings = root.putArray("findings");
        report.findings().forEach(finding -> finding(findings.addObject(), finding));
        var waivers = root.putArray("waivers");
        report.waivers().forEach(use -> waivers.addObject().put("rule", use.waiver().rule().id()).put("file", use.waiver().file()).put("line", use.waiver().line())
                .put("until", use.waiver().until().toString()).put("reason", use.waiver().reason()).put("state", use.fate().name().toLowerCase(Locale.ROOT)));
        var notes = root.putArray("notes");
        report.notes().forEach(notes::add);
        return root.toPrettyString() + "\n";
    }

    private static void finding(ObjectNode json, Finding finding) {
        json.put("rule", finding.rule().id()).put("level", name(finding.level())).put("file", finding.statement().file()).put("line", finding.statement().line())
                .put("statement", finding.statement().text());
        json.put("table", finding.table() == null ? null : finding.table().toString()).put("column", finding.column());
        json.put("message", finding.message()).put("safe", finding.safe()).put("waived", finding.waiver() != null);
        var impacts = json.putArray("impacts");
        finding.impacts().forEach(i -> impacts.addObject().put("pipeline", i.pipeline()).put("file", i.file()).put("line", i.line()).put("at", i.at()).put("document", i.document()).put("how", i.how()));
        if (finding.cost() != null) {
            var cost = json.putObject("cost");
            cost.put("rows", finding.cost().rows() < 0 ? null : finding.cost().rows()).put("bytes", finding.cost().bytes() < 0 ? null : finding.cost().bytes());
        }
    }

    private static String name(Level level) {
        return level.name().toLowerCase(Locale.ROOT);
    }
}
