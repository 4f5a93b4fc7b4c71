package io.millrace.check.report;

import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.millrace.check.Finding;
import io.millrace.check.Level;
import io.millrace.check.Report;
import io.millrace.check.Rule;
import java.net.URLEncoder;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.stream.Collectors;

/** The report as SARIF 2.1.0. Source: OASIS, "Static Analysis Results Interchange Format (SARIF) Version 2.1.0". */
final class SarifReport {

    private static final ObjectMapper JSON = new ObjectMapper();

    private SarifReport() {}

    static String write(Report report) {
        var root = JSON.createObjectNode();
        root.put("$schema", "https://json.schemastore.org/sarif-2.1.0.json").put("version", "2.1.0");
        var run = root.putArray("runs").addObject();
        var driver = run.putObject("tool").putObject("driver").put("name", "millrace check");
        var rules = driver.putArray("rules");
        for (var rule : Rule.values()) {
            var json = rules.addObject().put("id", rule.id());
            json.putObject("shortDescription").put("text", rule.title());
            json.putObject("help").put("text", rule.safe());
            json.putObject("defaultConfiguration").put("level", level(rule.level()));
        }
        var results = run.putArray("results");
        report.findings().forEach(finding -> result(results.addObject(), finding));
        var invocation = run.putArray("invocations").addObject().put("executionSuccessful", true);
        var notes = invocation.putArray("toolExecutionNotifications");
        report.notes().forEach(note -> notes.addObject().put("level", "note").putObject("message").put("text", note));
        return root.toPrettyString() + "\n";
    }

    private static void result(ObjectNode json, Finding finding) {
        json.put("ruleId", finding.rule().id()).put("ruleIndex", finding.rule().ordinal()).put("level", level(finding.level()));
        json.putObject("message").put("text", finding.message() + " " + finding.safe());
        var place = json.putArray("locations").addObject().putObject("physicalLocation");
        place.putObject("artifactLocation").put("uri", uri(finding.statement().file().replace('\\', '/')));
        place.putObject("region").put("startLine", finding.statement().line()).put("endLine", Math.max(finding.statement().line(), finding.statement().endLine()));
        if (finding.waiver() != null) {
            json.putArray("suppressions").addObject().put("kind", "inSource").put("justification", finding.waiver().reason());
        }
    }

    /** A reference relative to the place where the check ran, or from the root. */
    private static String uri(String file) {
        var segments = Arrays.stream(file.split("/", -1)).map(s -> URLEncoder.encode(s, StandardCharsets.UTF_8).replace("+", "%20"));
        return segments.collect(Collectors.joining("/"));
    }

    private static String level(Level level) {
        return switch (level) {
            case BREAKS -> "error";
            case COORDINATION, WAL -> "warning";
            case FINE -> "note";
        };
    }
}
