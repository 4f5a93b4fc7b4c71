package io.millrace.tests.bench;

import io.millrace.launcher.Output;
import io.millrace.launcher.stack.Stack;
import io.millrace.launcher.stack.Stage;
import io.millrace.launcher.stack.StackOptions;
import io.millrace.local.ManagedProcess;
import io.millrace.tests.stack.DemoStack;
import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ExecutionException;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.admin.NewTopic;
import org.apache.kafka.clients.admin.OffsetSpec;
import org.apache.kafka.common.TopicPartition;

/** Kafka, the registry and the gate alone, with tables of the bench's own. */
final class GateStack implements AutoCloseable {

    private static final int DIFFERENT_ROWS = 10_000;

    private final Stack stack;
    private final Map<String, GateRows> rows = new HashMap<>();
    private final HttpClient http = HttpClient.newHttpClient();
    private Admin admin;

    /** @param tables every one that will be written */
    GateStack(Path data, int portBase, List<String> tables, Output output) throws IOException, ExecutionException, InterruptedException {
        this(data, portBase, tables, null, output);
    }

    /** @param otlp where the gate sends its spans; null for nowhere */
    GateStack(Path data, int portBase, List<String> tables, String otlp, Output output) throws IOException, ExecutionException, InterruptedException {
        var pipeline = data.resolve("bench.yaml");
        this.stack = new Stack(StackOptions.of(DemoStack.home(), data, List.of(pipeline), null, portBase, Map.of()).withOtlp(otlp));
        close();
        DemoStack.delete(data);
        Files.createDirectories(data);
        Files.writeString(pipeline, """
                millrace: 1
                name: bench
                source: {name: %s, url: {env: NOT_USED_URL}, user: {env: NOT_USED_USER}, password: {env: NOT_USED_PASSWORD}}
                document: {root: public.%s, fields: [id]}
                """.formatted(GateRows.SOURCE, tables.getFirst()));
        var servers = stack.servers();
        for (var server : List.of(servers.postgres(), servers.kafka(), servers.registry())) {
            server.start();
        }
        output.line("Kafka and the registry are ready");
        admin = Admin.create(Map.of("bootstrap.servers", servers.kafkaBootstrap()));
        admin.createTopics(tables.stream().map(t -> new NewTopic(captured(t), Optional.of(GateRows.PARTITIONS), Optional.empty())).toList()).all().get();
        for (var table : tables) {
            rows.put(table, GateRows.registered(captured(table), DIFFERENT_ROWS, http, servers.registryUrl()));
        }
        gate().start();
        output.line("The gate is ready");
    }

    static String captured(String table) {
        return "captured." + suffix(table);
    }

    static String gated(String table) {
        return "rows." + suffix(table);
    }

    private static String suffix(String table) {
        return GateRows.SOURCE + ".public." + table;
    }

    GateRows rows(String table) {
        return rows.get(table);
    }

    ManagedProcess gate() {
        return stack.stage(Stage.GATE);
    }

    String bootstrap() {
        return stack.servers().kafkaBootstrap();
    }

    /** How many records stand in topics; 0 for one that is not there yet. */
    long count(List<String> topics) throws ExecutionException, InterruptedException {
        var partitions = new ArrayList<TopicPartition>();
        var present = admin.listTopics().names().get();
        topics.stream().filter(present::contains).forEach(t -> {
            for (int p = 0; p < GateRows.PARTITIONS; p++) {
                partitions.add(new TopicPartition(t, p));
            }
        });
        var latest = new HashMap<TopicPartition, OffsetSpec>();
        partitions.forEach(p -> latest.put(p, OffsetSpec.latest()));
        return admin.listOffsets(latest).all().get().values().stream().mapToLong(o -> o.offset()).sum();
    }

    /** Parks a table, as its first record with a refused schema would. */
    void hold(String table) throws IOException, InterruptedException {
        post(table, "hold");
    }

    /** Lets a parked table drain, and returns when it flows. */
    void replay(String table) throws IOException, InterruptedException {
        post(table, "replay");
        while (!ask(HttpRequest.newBuilder(quarantine(table))).contains("\"flowing\"")) {
            Thread.sleep(50);
        }
    }

    private void post(String table, String action) throws IOException, InterruptedException {
        ask(HttpRequest.newBuilder(URI.create(quarantine(table) + "/" + action)).header("Content-Type", "application/json")
                .POST(HttpRequest.BodyPublishers.ofString("{\"reason\": \"bench\"}")));
    }

    private URI quarantine(String table) {
        return URI.create(stack.address(Stage.GATE) + "/quarantine/" + suffix(table));
    }

    private String ask(HttpRequest.Builder request) throws IOException, InterruptedException {
        var answer = http.send(request.header("Authorization", "Bearer " + Files.readString(stack.token()).strip()).build(), BodyHandlers.ofString());
        if (answer.statusCode() != 200) {
            throw new IllegalStateException("The gate answered " + answer.statusCode() + " to " + answer.uri() + ": " + answer.body());
        }
        return answer.body();
    }

    @Override
    public void close() {
        gate().stop();
        if (admin != null) {
            admin.close();
        }
        stack.servers().stop();
    }
}
