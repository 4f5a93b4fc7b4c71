package io.millrace.tests.check;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.ObjectMapper;
import io.millrace.check.Baselines;
import io.millrace.check.catalog.State;
import io.millrace.check.catalog.StateReader;
import io.millrace.check.compatibility.LocalJudge;
import io.millrace.check.compatibility.RegistryJudge;
import io.millrace.check.rule.Uses;
import io.millrace.check.scratch.Provisioned;
import io.millrace.check.scratch.ScratchDatabase;
import io.millrace.check.scratch.ScratchServer;
import io.millrace.check.script.Migration;
import io.millrace.pipeline.file.Compatibility;
import io.millrace.pipeline.http.HttpAccess;
import io.millrace.pipeline.http.Server;
import io.millrace.pipeline.file.PipelineFiles;
import io.millrace.pipeline.file.TableName;
import io.millrace.pipeline.schema.RowSchemas;
import io.millrace.pipeline.topic.Topics;
import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse.BodyHandlers;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.IntStream;
import org.apache.avro.Schema;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;

/** What is evaluated locally where no registry is asked, against a real registry's word, on the schemas that the corpus makes. */
@Tag("long")
@ExtendWith(ScratchServers.Extension.class)
class JudgeAgreementIT {

    private static final ObjectMapper JSON = new ObjectMapper();
    private static final String SOURCE = "shop";
    private static final String ROLE = "replicator";
    /** Of schemas that follow each other in one subject, so many are enough for the rules that look back further. */
    private static final int MOST_HISTORIES = 40;

    /** Versions of one subject, the oldest first, and the one that comes. */
    private record Change(List<Schema> versions, Schema next) {}

    private final ScratchServers servers;
    private final HttpClient http = HttpClient.newHttpClient();
    private int subjects;

    JudgeAgreementIT(ScratchServers servers) {
        this.servers = servers;
    }

    @Test
    void theLocalVerdictIsTheRegistrysForEveryRuleAndEverySchemaOfTheCorpus() throws Exception {
        var url = servers.registry();
        var changes = changes();
        assertTrue(changes.size() >= 50, changes.size() + " changes of schemas");
        int refused = 0;
        var apart = new ArrayList<String>();
        try (var registry = new RegistryJudge(URI.create(url), HttpAccess.ofEnvironment(Server.REGISTRY, URI.create(url), _ -> null)); var local = new LocalJudge()) {
            for (var change : changes) {
                for (var rule : Compatibility.values()) {
                    var subject = subject(url, rule, change.versions());
                    boolean here = local.judge(subject, rule, change.versions(), change.next()).isEmpty();
                    boolean there = registry.judge(subject, rule, List.of(change.versions().getLast()), change.next()).isEmpty();
                    refused += there ? 0 : 1;
                    if (here != there) {
                        apart.add(rule + ": the registry " + (there ? "takes" : "refuses") + " " + change.next() + " after " + change.versions());
                    }
                }
            }
        }
        System.out.printf("%d changes of schemas under %d rules: %d verdicts, %d of them refusals, %d differ%n", changes.size(), Compatibility.values().length,
                changes.size() * Compatibility.values().length, refused, apart.size());
        assertEquals(List.of(), apart);
        assertTrue(refused > changes.size(), refused + " refusals");
    }

    private Set<Change> changes() throws Exception {
        Set<Change> changes = new LinkedHashSet<>();
        Map<String, Set<Schema>> later = new LinkedHashMap<>();
        var files = PipelineFiles.load(List.of(ScratchServers.CORPUS.resolve("orders.yaml"), ScratchServers.CORPUS.resolve("customers.yaml")));
        var tables = new Uses(files).tables();
        try (var server = servers.scratch()) {
            var template = server.create(null);
            long role;
            try (var database = ScratchDatabase.open(server, template)) {
                run(database, Baselines.of(ScratchServers.CORPUS.resolve("baseline.sql").toString()).migrations());
                role = server.role(ROLE, "LOGIN REPLICATION");
                Provisioned.complete(database, SOURCE, ROLE, tables);
            }
            for (var one : Corpus.read(ScratchServers.CORPUS.resolve("cases"))) {
                var name = server.create(template);
                server.provision(Topics.slot(SOURCE), role, ROLE);
                try (var database = ScratchDatabase.open(server, name)) {
                    var reader = new StateReader(tables, Topics.publication(SOURCE), Topics.slot(SOURCE), role);
                    var before = schemas(reader.read(database.connection()), tables);
                    run(database, one.migrations());
                    schemas(reader.read(database.connection()), tables).forEach((subject, schema) -> {
                        if (before.containsKey(subject) && !schema.equals(before.get(subject))) {
                            changes.add(new Change(List.of(before.get(subject)), schema));
                            later.computeIfAbsent(subject, _ -> new LinkedHashSet<>(Set.of(before.get(subject)))).add(schema);
                        }
                    });
                }
                server.drop(name);
            }
            server.drop(template);
        }
        changes.addAll(histories(later));
        return changes;
    }

    /** The rules that look back further need a version in between. */
    private static List<Change> histories(Map<String, Set<Schema>> later) {
        return later.values().stream().map(List::copyOf).flatMap(s -> IntStream.range(2, s.size()).mapToObj(i -> new Change(List.of(s.getFirst(), s.get(i - 1)), s.get(i)))).limit(MOST_HISTORIES).toList();
    }

    /** As far as it goes: what fails is the corpus's own matter. */
    private static void run(ScratchDatabase database, List<Migration> migrations) throws SQLException {
        try {
            for (var migration : migrations) {
                for (var statement : migration.statements()) {
                    database.run(statement);
                }
            }
        } catch (SQLException e) {
            System.out.println("Stopped at: " + e.getMessage().lines().findFirst().orElse(""));
        }
        if (database.isInTransaction()) {
            database.execute("ROLLBACK");
        }
    }

    private static Map<String, Schema> schemas(State state, Set<TableName> tables) {
        var schemas = new LinkedHashMap<String, Schema>();
        for (var name : tables) {
            var table = state.table(name);
            if (table != null) {
                schemas.put(name + "-value", RowSchemas.value(SOURCE, name, state.captured(table)));
                if (!table.primaryKey().isEmpty()) {
                    schemas.put(name + "-key", RowSchemas.key(SOURCE, name, state.capturedKey(table)));
                }
            }
        }
        return schemas;
    }

    /** A new subject with these versions, under that rule. */
    private String subject(String url, Compatibility rule, List<Schema> versions) throws Exception {
        var name = "agreement-" + ++subjects;
        var artifact = JSON.createObjectNode().put("artifactId", name).put("artifactType", "AVRO");
        artifact.putObject("firstVersion").putObject("content").put("contentType", "application/json").put("content", versions.getFirst().toString());
        post(url + "/groups/default/artifacts", artifact.toString());
        for (var version : versions.subList(1, versions.size())) {
            var body = JSON.createObjectNode();
            body.putObject("content").put("contentType", "application/json").put("content", version.toString());
            post(url + "/groups/default/artifacts/" + name + "/versions", body.toString());
        }
        post(url + "/groups/default/artifacts/" + name + "/rules", JSON.createObjectNode().put("ruleType", "COMPATIBILITY").put("config", rule.name()).toString());
        return name;
    }

    private void post(String url, String body) throws IOException, InterruptedException {
        var answer = http.send(HttpRequest.newBuilder(URI.create(url)).header("Content-Type", "application/json").POST(HttpRequest.BodyPublishers.ofString(body)).build(), BodyHandlers.ofString());
        assertTrue(answer.statusCode() / 100 == 2, () -> "POST " + url + " answered " + answer.statusCode() + " " + answer.body());
    }
}
