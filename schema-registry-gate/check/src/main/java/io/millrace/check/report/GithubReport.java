package io.millrace.check.report;

import io.millrace.check.Finding;
import io.millrace.check.Report;

/** The report as workflow commands. Source: GitHub's documentation, "Workflow commands for GitHub Actions". */
final class GithubReport {

    private GithubReport() {}

    static String write(Report report) {
        var text = new StringBuilder();
        for (var finding : report.findings()) {
            var command = finding.waiver() != null ? "notice" : switch (finding.level()) {
                case BREAKS -> "error";
                case COORDINATION, WAL -> "warning";
                case FINE -> "notice";
            };
            text.append("::%s file=%s,line=%d,endLine=%d,title=%s::%s%n".formatted(command, property(finding.statement().file()), finding.statement().line(),
                    Math.max(finding.statement().line(), finding.statement().endLine()), property(finding.rule().id() + ": " + finding.level().text()), data(body(finding))));
        }
        report.notes().forEach(note -> text.append("::notice::").append(data(note)).append('\n'));
        return text.toString();
    }

    private static String body(Finding finding) {
        var body = new StringBuilder(finding.message());
        finding.impacts().forEach(i -> body.append("\nhits ").append(i.pipeline()).append(i.document().isEmpty() ? "" : ", " + i.document()).append(": ").append(i.how()));
        if (finding.cost() != null) {
            body.append("\ncosts ").append(TextReport.cost(finding.cost()));
        }
        body.append("\nsafe: ").append(finding.safe());
        return finding.waiver() == null ? body.toString() : body + "\nallowed until " + finding.waiver().until() + ": " + finding.waiver().reason();
    }

    private static String data(String text) {
        return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A");
    }

    private static String property(String text) {
        return data(text).replace(":", "%3A").replace(",", "%2C");
    }
}
