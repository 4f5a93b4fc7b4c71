package io.millrace.launcher.status;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.json.JsonMapper;
import io.millrace.launcher.stack.StackAccess;
import io.millrace.pipeline.metrics.Samples;
import java.io.IOException;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.OptionalLong;

/** Asks running processes over HTTP; an answer that does not come is an answer too. */
public final class Probe {

    /** Many are asked at the same time, on few cores. */
    private static final int TIMEOUT_MILLIS = 3000;
    /** Of the console, which asks the services itself and waits two seconds for each. */
    private static final int CONSOLE_TIMEOUT_MILLIS = 4000;
    private static final JsonMapper JSON = new JsonMapper();

    private final StackAccess access;

    /** @param access how the processes are reached */
    public Probe(StackAccess access) {
        this.access = access;
    }

    /**
     * @param state {@code up}, {@code waiting} or {@code down}
     * @param reason what it waits for; of one that is up, what a person should know though nothing is wrong, mostly empty
     */
    public record Health(String state, String reason) {
        @Override
        public String toString() {
            return reason.isEmpty() ? state : state + " (" + reason + ")";
        }
    }

    record Answer(int status, String body) {}

    /** What a service says of its readiness. */
    public Health health(String address) {
        try {
            var answer = get(address + "/q/health/ready");
            return answer.status() == 200 ? new Health("up", warnings(answer.body())) : new Health("waiting", reasons(answer.body()));
        } catch (IOException e) {
            return new Health("down", "does not answer");
        }
    }

    /** What a Kafka Connect worker says of its connectors: one of which a task has failed stands until somebody starts that again. */
    public Health tasks(String address) {
        try {
            var answer = get(address + "/connectors?expand=status");
            if (answer.status() != 200) {
                return new Health("waiting", "it answers HTTP " + answer.status());
            }
            var failed = failed(answer.body());
            return failed.isEmpty() ? new Health("up", "") : new Health("waiting", failed);
        } catch (IOException e) {
            return new Health("down", "does not answer");
        }
    }

    /** The connectors of a worker of which a task has failed; none also while it does not answer. */
    public List<String> failedConnectors(String address) {
        try {
            var answer = get(address + "/connectors?expand=status");
            var failed = new ArrayList<String>();
            for (var connector : JSON.readTree(answer.body()).properties()) {
                if (connector.getValue().path("status").path("tasks").findValuesAsText("state").contains("FAILED")) {
                    failed.add(connector.getKey());
                }
            }
            return failed;
        } catch (IOException e) {
            return List.of();
        }
    }

    /** Which tasks have failed, of what, and how they are started; empty where none has. */
    static String failed(String connectors) throws IOException {
        var failed = new ArrayList<String>();
        for (var connector : JSON.readTree(connectors).properties()) {
            for (var task : connector.getValue().path("status").path("tasks")) {
                if ("FAILED".equals(task.path("state").asText())) {
                    var causes = task.path("trace").asText().split("Caused by: ");
                    failed.add("task %s of %s has failed: %s. Start it again: POST /connectors/%s/restart?includeTasks=true".formatted(task.path("id").asText(), connector.getKey(), causes[causes.length - 1].lines().findFirst().orElse("no reason given"), connector.getKey()));
                }
            }
        }
        return String.join("; ", failed);
    }

    /** How many documents an index has; 0 where it does not exist yet, empty while it cannot be asked. */
    public OptionalLong documents(String search, String index) {
        try {
            var answer = get(search + "/" + index + "/_count", access.admin().orElse(null));
            return switch (answer.status()) {
                case 200 -> OptionalLong.of(JSON.readTree(answer.body()).path("count").asLong());
                case 404 -> OptionalLong.of(0);
                default -> OptionalLong.empty();
            };
        } catch (IOException e) {
            return OptionalLong.empty();
        }
    }

    /**
     * Whether a search sees all that was captured of a pipeline's tables; false also while that cannot be asked.
     *
     * @param purge address of the purge service, which follows changes on their way
     * @param token the file with its bearer token
     */
    public boolean isFresh(String purge, String pipeline, Path token) {
        try {
            var answer = get(purge + "/pipelines/" + pipeline + "/freshness?position=0/0&wait=1s", "Bearer " + Files.readString(token).strip());
            return answer.status() == 200 && JSON.readTree(answer.body()).path("fresh").asBoolean();
        } catch (IOException e) {
            return false;
        }
    }

    /** The metrics of a service; none while it does not answer. */
    public Samples metrics(String address) {
        try {
            var answer = get(address + "/q/metrics");
            return Samples.parse(answer.status() == 200 ? answer.body() : "");
        } catch (IOException e) {
            return Samples.parse("");
        }
    }

    /**
     * How many records a second each stage takes in, as the console has seen it over the last seconds: whoever asks once sees no rate.
     *
     * @param console its address
     * @param token the file with its bearer token; an open stack's console asks for none
     * @return by the stage, as metrics name it; a stage of which the console cannot tell is not in it, and while that does not answer none is
     */
    Map<String, Double> rates(String console, Path token) {
        try {
            var answer = get(console + "/api/live", Files.exists(token) ? "Bearer " + Files.readString(token).strip() : null, CONSOLE_TIMEOUT_MILLIS);
            return answer.status() == 200 ? rates(answer.body()) : Map.of();
        } catch (IOException e) {
            return Map.of();
        }
    }

    static Map<String, Double> rates(String live) throws IOException {
        var rates = new HashMap<String, Double>();
        for (var stage : JSON.readTree(live).path("stages")) {
            if (stage.path("rate").isNumber()) {
                rates.put(stage.path("name").asText(), stage.path("rate").asDouble());
            }
        }
        return rates;
    }

    /** The checks that are not UP, each with its data. */
    static String reasons(String health) throws IOException {
        var reasons = new ArrayList<String>();
        for (var check : JSON.readTree(health).path("checks")) {
            if (!"UP".equals(check.path("status").asText())) {
                var data = new ArrayList<String>();
                check.path("data").properties().forEach(entry -> data.add(text(entry.getKey(), entry.getValue())));
                reasons.add(check.path("name").asText() + (data.isEmpty() ? "" : ": " + String.join(", ", data)));
            }
        }
        return reasons.isEmpty() ? "no reason given" : String.join("; ", reasons);
    }

    /** What the checks warn of that are UP. */
    static String warnings(String health) throws IOException {
        var warnings = new ArrayList<String>();
        for (var check : JSON.readTree(health).path("checks")) {
            var warning = check.path("data").path("warning").asText();
            if (!warning.isEmpty()) {
                warnings.add(warning);
            }
        }
        return String.join("; ", warnings);
    }

    private static String text(String key, JsonNode value) {
        return key.equals("reason") ? value.asText() : key + "=" + value.asText();
    }

    private Answer get(String address) throws IOException {
        return get(address, null);
    }

    private Answer get(String address, String authorization) throws IOException {
        return get(address, authorization, TIMEOUT_MILLIS);
    }

    private Answer get(String address, String authorization, int timeoutMillis) throws IOException {
        var connection = access.open(URI.create(address));
        connection.setConnectTimeout(TIMEOUT_MILLIS);
        connection.setReadTimeout(timeoutMillis);
        if (authorization != null) {
            connection.setRequestProperty("Authorization", authorization);
        }
        try {
            int status = connection.getResponseCode();
            try (var in = status < 400 ? connection.getInputStream() : connection.getErrorStream()) {
                return new Answer(status, in == null ? "" : new String(in.readAllBytes(), StandardCharsets.UTF_8));
            }
        } finally {
            connection.disconnect();
        }
    }
}
