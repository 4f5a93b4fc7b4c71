package io.millrace.tests.check;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.millrace.check.Baselines;
import io.millrace.check.CheckRequest;
import io.millrace.check.MigrationCheck;
import io.millrace.check.scratch.ScratchServer;
import io.millrace.pipeline.file.PipelineFiles;
import java.util.List;
import java.util.Map;
import java.util.TreeSet;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;

@Tag("long")
@ExtendWith(ScratchServers.Extension.class)
class MigrationCorpusIT {

    private final ScratchServers servers;

    MigrationCorpusIT(ScratchServers servers) {
        this.servers = servers;
    }

    @Test
    void everyMigrationIsJudgedAsExpectedNothingIsMissedAndNothingFalselySaid() throws Exception {
        var cases = Corpus.read(ScratchServers.CORPUS.resolve("cases"));
        assertTrue(cases.size() >= 120, cases.size() + " cases");
        var confusion = new Confusion();
        try (var server = servers.scratch()) {
            judge(server, List.of("orders.yaml", "customers.yaml"), cases.stream().filter(c -> c.pipeline() == null).toList(), confusion);
            for (var pipeline : List.of("invoices", "gifts", "guarded")) {
                judge(server, List.of(pipeline + ".yaml"), cases.stream().filter(c -> pipeline.equals(c.pipeline())).toList(), confusion);
            }
        }
        System.out.println(confusion.table());
        assertEquals(List.of(), confusion.wrong());
        assertEquals(List.of(), confusion.untried(), "rules without a case");
    }

    private static void judge(ScratchServer server, List<String> pipelines, List<Corpus.Case> cases, Confusion confusion) {
        var files = PipelineFiles.load(pipelines.stream().map(ScratchServers.CORPUS::resolve).toList());
        var request = new CheckRequest(files, Baselines.of(ScratchServers.CORPUS.resolve("baseline.sql").toString()), null, Map.of(), null, CheckRequest.MASS_ROWS);
        try (var check = MigrationCheck.prepare(server, request, _ -> { })) {
            for (var one : cases) {
                var report = check.judge(one.migrations(), one.counts());
                confusion.add(one.name(), one.expected(), report.findings().stream().map(Corpus::words).collect(Collectors.toCollection(TreeSet::new)));
            }
        }
    }
}
