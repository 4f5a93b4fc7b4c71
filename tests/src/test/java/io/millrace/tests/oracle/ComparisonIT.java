package io.millrace.tests.oracle;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.millrace.demo.DemoData;
import io.millrace.demo.Traffic;
import io.millrace.local.LocalServers;
import io.millrace.local.Ports;
import io.millrace.pipeline.catalog.CatalogReader;
import io.millrace.pipeline.file.PipelineFiles;
import io.millrace.pipeline.record.DocumentId;
import io.millrace.pipeline.comparison.CanonicalJson;
import io.millrace.pipeline.sql.JoinSql;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.SQLException;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.stream.Collectors;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The judge is judged: by rows whose documents are written out here, and by an index that is wrong on purpose. */
class ComparisonIT {

    @TempDir
    static Path folder;
    private static LocalServers servers;
    private static Connection connection;
    private static IndexReader index;

    @BeforeAll
    static void startDatabaseAndSearch() throws SQLException {
        servers = LocalServers.in(folder.resolve("stack"), Ports.free());
        servers.search().launch();
        servers.postgres().start();
        connection = DriverManager.getConnection(servers.jdbcUrl("postgres"), servers.postgresUser(), servers.postgresPassword());
        DemoData.load(connection, 7, 300);
        servers.search().awaitReady();
        index = new IndexReader(servers.searchUrl());
    }

    @AfterAll
    static void stop() throws SQLException {
        if (connection != null) {
            connection.close();
        }
        servers.stop();
    }

    @Test
    void aMonitorsDocumentIsTheOneThatAPersonWouldWrite() throws SQLException {
        sql("""
                INSERT INTO organisation VALUES (900, 'Org', 'eu1', '{}', '2025-01-01 00:00:00+00');
                INSERT INTO app_user VALUES ('00000000-0000-4000-8000-000000000900', 900, 'ada', 'Ada', 'ada@example.org', false, '1815-12-10', now());
                INSERT INTO team VALUES (900, 900, 'Core', 'core', '00000000-0000-4000-8000-000000000900', now()), (901, 900, 'Edge', 'edge', NULL, now());
                INSERT INTO monitor VALUES (900000, 900, 900, NULL, E'tab\\there "q" é', 'a > 1', 'no_data', 'metric', NULL, true, NULL, 1.500, 1e21,
                  '{"b": 1.50, "B": null, "a": []}', '{x,NULL,"y \\"z\\""}', '2025-06-01 12:00:00.25+02', '2025-06-01 10:00:00+00');
                INSERT INTO tag VALUES (900, 'env', 'a', NULL), (901, 'Env', 'b', 901);
                INSERT INTO monitor_tag VALUES (900000, 900, '2025-01-01 00:00:00.000001+00'), (900000, 901, '2025-01-01 00:00:00+00');
                INSERT INTO monitor_recipient VALUES (900001, 900000, 'pager', 'a', NULL, '1 day 02:30:00'), (900002, 900000, 'chat', 'a', NULL, NULL),
                  (900003, 900000, 'chat', 'b', '00000000-0000-4000-8000-000000000900', NULL)""");
        assertEquals(CanonicalJson.of("""
                {"id": 900000, "name": "tab\\there \\"q\\" é", "query": "a > 1", "status": "no_data", "type": "metric", "priority": null, "muted": true, "message": null,
                 "threshold": 1.500, "noise": 1e+21, "options": {"B": null, "a": [], "b": 1.50}, "notify": ["x", null, "y \\"z\\""],
                 "created": "2025-06-01T10:00:00.250000Z", "modified": "2025-06-01T10:00:00.000000Z",
                 "organisation": {"id": 900, "name": "Org", "region": "eu1"},
                 "team": {"id": 900, "name": "Core", "handle": "core", "lead": {"handle": "ada", "name": "Ada"}}, "author": null,
                 "tags": [{"key": "Env", "value": "b", "added_at": "2025-01-01T00:00:00.000000Z", "owner": {"name": "Edge"}},
                          {"key": "env", "value": "a", "added_at": "2025-01-01T00:00:00.000001Z", "owner": null}],
                 "recipients": [{"kind": "chat", "address": "b", "delay": null, "user": {"handle": "ada"}},
                                {"kind": "chat", "address": "a", "delay": null, "user": null},
                                {"kind": "pager", "address": "a", "delay": "1 day 02:30:00", "user": null}]}"""),
                SqlOracle.of("monitors").read(connection).get("900000"));
    }

    @Test
    void aDashboardsDocumentIsTheOneThatAPersonWouldWrite() throws SQLException {
        sql("""
                INSERT INTO organisation VALUES (910, 'Org', 'eu1', '{"z": [1, {"y": "é"}]}', now());
                INSERT INTO app_user VALUES ('00000000-0000-4000-8000-000000000910', 910, 'grace', 'Grace', 'g@example.org', true, NULL, now());
                INSERT INTO team VALUES (910, 910, 'B', 'b910', NULL, now()), (911, 910, 'A', 'a911', NULL, now());
                INSERT INTO team_member VALUES (911, '00000000-0000-4000-8000-000000000910', 'admin', '2025-02-03');
                INSERT INTO dashboard VALUES ('00000000-0000-4000-8000-000000000911', 910, '00000000-0000-4000-8000-000000000910', 'T', NULL, 'free', 1152921504606846975, 0.1,
                  '2025-01-01 00:00:00+00', '2025-01-02 00:00:00+00');
                INSERT INTO dashboard_team VALUES ('00000000-0000-4000-8000-000000000911', 911), ('00000000-0000-4000-8000-000000000911', 910);
                INSERT INTO dashboard_widget VALUES (910001, '00000000-0000-4000-8000-000000000911', NULL, 'note', NULL, NULL, '1'), (910002, '00000000-0000-4000-8000-000000000911', 2, 'note', 'b', NULL, '[]'),
                  (910003, '00000000-0000-4000-8000-000000000911', 1, 'note', '', '00000000-0000-4000-8000-000000000910', '"x"');
                INSERT INTO dashboard_list VALUES (910, 'a', NULL, now()), (911, 'b', '00000000-0000-4000-8000-000000000910', now()), (912, 'a', NULL, now());
                INSERT INTO dashboard_list_entry SELECT l, '00000000-0000-4000-8000-000000000911', l - 900 FROM generate_series(910, 912) l""");
        assertEquals(CanonicalJson.of("""
                {"id": "00000000-0000-4000-8000-000000000911", "title": "T", "description": null, "layout": "free", "views": 1152921504606846975, "popularity": 0.1,
                 "created": "2025-01-01T00:00:00.000000Z", "changed": "2025-01-02T00:00:00.000000Z",
                 "organisation": {"id": 910, "name": "Org", "settings": {"z": [1, {"y": "é"}]}},
                 "author": {"handle": "grace", "name": "Grace", "disabled": true, "organisation": {"name": "Org"}},
                 "teams": [{"id": 910, "name": "B", "members": []},
                           {"id": 911, "name": "A", "members": [{"user": "00000000-0000-4000-8000-000000000910", "role": "admin", "joined": "2025-02-03"}]}],
                 "widgets": [{"position": 1, "kind": "note", "title": "", "definition": "x", "editor": {"name": "Grace"}},
                             {"position": 2, "kind": "note", "title": "b", "definition": [], "editor": null},
                             {"position": null, "kind": "note", "title": null, "definition": 1, "editor": null}],
                 "lists": [{"id": 911, "name": "b", "position": 11, "owner": {"handle": "grace"}},
                           {"id": 910, "name": "a", "position": 10, "owner": null}, {"id": 912, "name": "a", "position": 12, "owner": null}]}"""),
                SqlOracle.of("dashboards").read(connection).get("00000000-0000-4000-8000-000000000911"));
    }

    /** Two people's reading of a pipeline: the generator's, which knows the file alone, and the one who wrote the oracle. */
    @Test
    void theSqlThatAPipelineFileMeansAgreesWithTheHandWrittenOne() throws SQLException {
        sql("SET TimeZone = 'UTC'");
        for (var file : PipelineFiles.load(List.of(Path.of("../deploy/demo/pipelines")))) {
            var pipeline = file.pipeline();
            var generated = new TreeMap<String, String>();
            try (var statement = connection.createStatement(); var rows = statement.executeQuery(JoinSql.of(pipeline, CatalogReader.read(connection, pipeline.tableNames())))) {
                while (rows.next()) {
                    generated.put(DocumentId.of(List.of((String[]) rows.getArray("key").getArray())), CanonicalJson.of(rows.getString("document")));
                }
            }
            var comparison = Comparison.of(pipeline.name(), SqlOracle.of(pipeline.name()).read(connection), generated);
            assertTrue(comparison.agrees(), comparison.describe());
            assertTrue(comparison.expected() > 20, comparison.describe());
        }
    }

    @Test
    void trafficChangesDocumentsAndEveryRootRowHasExactlyOne() throws SQLException {
        for (var pipeline : Map.of("monitors", "monitor", "dashboards", "dashboard").entrySet()) {
            var before = SqlOracle.of(pipeline.getKey()).read(connection);
            try (var other = DriverManager.getConnection(servers.jdbcUrl("postgres"), servers.postgresUser(), servers.postgresPassword())) {
                new Traffic(other, pipeline.getKey().hashCode(), Traffic.Mix.BROAD).transactions(200);
            }
            var after = SqlOracle.of(pipeline.getKey()).read(connection);
            assertNotEquals(before, after);
            try (var statement = connection.createStatement(); var count = statement.executeQuery("SELECT count(*) FROM " + pipeline.getValue())) {
                count.next();
                assertEquals(count.getInt(1), after.size());
            }
        }
    }

    @Test
    void aCopyOfTheJoinInAnIndexAgreesAndEveryTamperingIsFound() throws SQLException {
        var expected = SqlOracle.of("monitors").read(connection);
        index.ask("PUT", "/copy", "{\"mappings\":{\"enabled\":false}}");
        var answer = index.ask("POST", "/copy/_bulk?refresh=true", expected.entrySet().stream()
                .map(d -> "{\"index\":{\"_id\":\"" + d.getKey() + "\"}}\n" + d.getValue() + "\n").collect(Collectors.joining()));
        assertEquals("false", answer.get("errors").asText());
        var whole = Comparison.of("monitors", expected, index.read("copy"));
        assertTrue(whole.agrees(), whole.describe());
        assertEquals(expected.size(), whole.actual());
        var digests = SqlOracle.of("monitors").digests(connection);
        var same = Comparison.of("monitors", digests, index.digests("copy"));
        assertTrue(same.agrees(), same.describe());
        assertEquals(expected.keySet(), digests.keySet());

        var id = expected.firstKey();
        index.ask("POST", "/copy/_update/" + id, "{\"doc\":{\"organisation\":{\"name\":\"Tampered\"}}}");
        index.ask("DELETE", "/copy/_doc/" + expected.lastKey(), null);
        index.ask("PUT", "/copy/_doc/surplus", "{\"id\":1}");
        var tampered = Comparison.of("monitors", expected, index.read("copy"));
        assertEquals(3, tampered.differences().size(), tampered.describe());
        assertTrue(tampered.describe().contains("3 differences (1 missing, 1 that should be gone, 1 with other content)"), tampered.describe());
        assertTrue(tampered.describe().contains("document " + id + " differs at $.organisation.name: \"Organisation "), tampered.describe());
        assertTrue(tampered.describe().contains("in Postgres, \"Tampered\" in the index"), tampered.describe());
        var byDigest = Comparison.of("monitors", digests, index.digests("copy"));
        assertEquals(tampered.differences().stream().map(Difference::id).toList(), byDigest.differences().stream().map(Difference::id).toList());
        assertTrue(byDigest.describe().contains("3 differences (1 missing, 1 that should be gone, 1 with other content)"), byDigest.describe());
        assertTrue(byDigest.describe().contains("document " + id + " differs at $: \""), byDigest.describe());
    }

    @Test
    void anOracleThatAsksForSomethingElseDisagrees() throws SQLException {
        var oracle = SqlOracle.of("monitors");
        var changed = oracle.with("'region', o.region", "'region', o.name");
        var comparison = Comparison.of("monitors", oracle.read(connection), changed.read(connection));
        assertEquals(comparison.expected(), comparison.differences().size());
        assertTrue(comparison.describe().contains("differs at $.organisation.region"), comparison.describe());
    }

    private static void sql(String statements) throws SQLException {
        try (var statement = connection.createStatement()) {
            statement.execute(statements);
        }
    }
}
