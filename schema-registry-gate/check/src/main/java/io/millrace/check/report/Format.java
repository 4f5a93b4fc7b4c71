package io.millrace.check.report;

import io.millrace.check.Level;
import io.millrace.check.Report;

/** The forms in which a report can be written. */
public enum Format {
    /** For a terminal. */
    TEXT,
    JSON,
    /** Static Analysis Results Interchange Format 2.1.0, which code hosts show beside the code. */
    SARIF,
    /** JUnit's XML, which CI servers show as tests. */
    JUNIT,
    /** Workflow commands of GitHub Actions, which become annotations. */
    GITHUB;

    /**
     * @param failOn findings of this level and above count as failures
     */
    public String write(Report report, Level failOn) {
        return switch (this) {
            case TEXT -> TextReport.write(report, failOn);
            case JSON -> JsonReport.write(report, failOn);
            case SARIF -> SarifReport.write(report);
            case JUNIT -> JunitReport.write(report, failOn);
            case GITHUB -> GithubReport.write(report);
        };
    }
}
