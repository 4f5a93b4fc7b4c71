package io.millrace.tests.check;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.millrace.check.Baseline;
import io.millrace.check.CheckRequest;
import io.millrace.check.MigrationCheck;
import io.millrace.check.script.Migration;
import io.millrace.check.script.Migrations;
import io.millrace.check.script.Script;
import io.millrace.pipeline.file.PipelineFiles;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.io.TempDir;

@Tag("long")
@ExtendWith(ScratchServers.Extension.class)
class CheckSpeedIT {

    private static final int TABLES = 300;
    private static final int REPLICATED = 60;
    private static final int MIGRATIONS = 200;

    private static final int INSERTS = 2000;
    private static final int MOST_SECONDS_FOR_INSERTS = 8;

    /** What the start of a server takes is kept free. */
    private static final int MOST_SECONDS = 55;

    private final ScratchServers servers;
    @TempDir
    private Path data;

    CheckSpeedIT(ScratchServers servers) {
        this.servers = servers;
    }

    @Test
    void twoHundredMigrationsOverThreeHundredTablesTakeLessThanAMinute() throws Exception {
        var begin = Instant.now();
        try (var server = servers.scratch();
                var check = MigrationCheck.prepare(server, new CheckRequest(PipelineFiles.load(List.of(pipeline())), baseline(), null, Map.of(), null, CheckRequest.MASS_ROWS), _ -> { })) {
            var report = check.judge(migrations());
            var took = Duration.between(begin, Instant.now());
            System.out.printf("%d migrations, %d statements, %d tables, %d of them replicated: %.1f s with the baseline, %.1f s without%n", report.migrations(), report.statements(), TABLES, REPLICATED,
                    took.toMillis() / 1000.0, report.took().toMillis() / 1000.0);
            assertEquals(MIGRATIONS, report.migrations());
            assertTrue(took.toSeconds() < MOST_SECONDS, took.toString());
        }
    }

    /** psql takes 0.8 s for them. */
    @Test
    void twoThousandSingleInsertsTakeSeconds() throws Exception {
        var inserts = IntStream.range(0, INSERTS).mapToObj(i -> "INSERT INTO t%d (id, name) VALUES (%d, 'it''s row %d');%n".formatted(i % 3, 1000 + i, i)).collect(Collectors.joining());
        try (var server = servers.scratch();
                var check = MigrationCheck.prepare(server, new CheckRequest(PipelineFiles.load(List.of(pipeline())), baseline(), null, Map.of(), null, CheckRequest.MASS_ROWS), _ -> { })) {
            var report = check.judge(Migrations.of(List.of(new Script("seed.sql", inserts))));
            System.out.printf("%d single inserts: %.1f s%n", report.statements(), report.took().toMillis() / 1000.0);
            assertEquals(INSERTS, report.statements());
            assertEquals(List.of(), report.findings());
            assertTrue(report.took().toSeconds() < MOST_SECONDS_FOR_INSERTS, report.took().toString());
        }
    }

    private static Baseline baseline() {
        var sql = IntStream.range(0, TABLES).mapToObj(i -> """
                CREATE TABLE t%1$d (id bigint PRIMARY KEY, parent_id bigint, name text NOT NULL, status varchar(20), amount numeric(12,2), tags text[], details jsonb DEFAULT '{}',
                  created timestamptz NOT NULL DEFAULT now(), changed timestamptz, flag boolean DEFAULT false);
                CREATE INDEX ON t%1$d (parent_id);
                CREATE INDEX ON t%1$d (status, created);
                """.formatted(i)).collect(Collectors.joining());
        return new Baseline(Migrations.of(List.of(new Script("baseline.sql", sql))), Map.of(), false, TABLES + " tables");
    }

    private Path pipeline() throws Exception {
        var relations = IntStream.range(1, REPLICATED).mapToObj(i -> "    r%1$d: {table: public.t%1$d, join: {id: parent_id}, fields: [id, name, status]}%n".formatted(i)).collect(Collectors.joining());
        return Files.writeString(data.resolve("big.yaml"), """
                millrace: 1
                name: big
                source: {name: big, url: {env: NOT_SET}, user: {env: NOT_SET}, password: {env: NOT_SET}}
                document:
                  root: public.t0
                  fields: [id, name]
                  many:
                """ + relations);
    }

    /** What teams write: columns, indexes, constraints, batches, over replicated tables and others. */
    private static List<Migration> migrations() {
        return Migrations.of(IntStream.range(1, MIGRATIONS + 1).mapToObj(i -> new Script("V%d__change.sql".formatted(i), """
                SET lock_timeout = '5s';
                ALTER TABLE t%1$d ADD COLUMN extra_%2$d text;
                CREATE INDEX ON t%1$d (extra_%2$d);
                UPDATE t%1$d SET extra_%2$d = 'x' WHERE id = 1;
                ALTER TABLE t%1$d ADD CONSTRAINT short_%2$d CHECK (length(extra_%2$d) < 100) NOT VALID;
                COMMENT ON COLUMN t%1$d.extra_%2$d IS 'added';
                """.formatted(i * 7 % TABLES, i))).toList());
    }
}
