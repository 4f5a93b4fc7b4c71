package io.millrace.tests.suite;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.json.JsonMapper;
import io.millrace.launcher.stack.Stage;
import io.millrace.tests.stack.DemoStack;
import io.millrace.tests.stack.SharedStack;
import io.restassured.RestAssured;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.awaitility.Awaitility;
import org.awaitility.core.ConditionFactory;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.yaml.snakeyaml.Yaml;

/** Dashboards and rules ask for nothing that the services do not give. */
@ExtendWith(SharedStack.class)
class ObservabilityIT {

    private static final Path FOLDER = DemoStack.home().resolve("deploy").resolve("observability");
    /** A name that is no function, label or keyword: ours, and those of the process. */
    private static final Pattern METRIC = Pattern.compile("\\b(?:millrace|process|jvm)_[a-z0-9_]+\\b");
    private static final Pattern RECORDED = Pattern.compile("\\bmillrace:[a-z0-9_:]+\\b");
    private static final Pattern SAMPLE = Pattern.compile("^([a-zA-Z_:][a-zA-Z0-9_:]*)(?:\\{(.*)})? ");
    private static final Pattern SELECTOR = Pattern.compile("\\b(millrace_[a-z0-9_]+)\\{([^}]*)}");
    private static final Pattern EXACT = Pattern.compile("([a-z_]+)=\"([^\"$]+)\"");

    private final DemoStack stack;

    ObservabilityIT(DemoStack stack) {
        this.stack = stack;
    }

    @Test
    void everyMetricThatTheDashboardAndTheRulesNameIsOneThatTheServicesGive() throws Exception {
        stack.settled().await();
        var expressions = new ArrayList<>(rules().values());
        expressions.addAll(panels());
        assertTrue(expressions.size() > 30, "the files were read");
        soon().untilAsserted(() -> {
            var samples = samples();
            var given = samples.stream().map(s -> s.split("[ {]", 2)[0]).collect(Collectors.toSet());
            var missing = new TreeSet<String>();
            for (var expression : expressions) {
                METRIC.matcher(expression).results().map(m -> m.group()).filter(m -> !given.contains(m)).forEach(missing::add);
                SELECTOR.matcher(expression).results().filter(m -> samples.stream().noneMatch(s -> hasAll(s, m.group(1), m.group(2)))).forEach(m -> missing.add(m.group()));
            }
            assertEquals(Set.of(), missing, "asked for, and given by no service");
        });
    }

    @Test
    void everyMetricOfTheListInTheReadmeIsGiven() throws Exception {
        var listed = METRIC.matcher(Files.readString(FOLDER.resolve("README.md"))).results().map(m -> m.group()).collect(Collectors.toCollection(TreeSet::new));
        soon().untilAsserted(() -> {
            var missing = new TreeSet<>(listed);
            missing.removeAll(samples().stream().map(s -> s.split("[ {]", 2)[0]).flatMap(n -> Stream.of(n, n.replaceFirst("_(max|sum|count)$", ""))).collect(Collectors.toSet()));
            assertEquals(Set.of(), missing, "listed, and given by no service");
        });
    }

    @Test
    void everyAlertHasARunbookAndEveryRecordedSeriesIsRecorded() throws Exception {
        var headings = Files.readAllLines(FOLDER.resolve("RUNBOOK.md")).stream().filter(l -> l.startsWith("## ")).map(l -> l.substring(3)).collect(Collectors.toSet());
        var alerts = new HashSet<String>();
        var recorded = new HashSet<String>();
        for (var rule : ruleMaps()) {
            if (rule.containsKey("record")) {
                recorded.add((String) rule.get("record"));
                continue;
            }
            var name = (String) rule.get("alert");
            var annotations = (Map<?, ?>) rule.get("annotations");
            alerts.add(name);
            assertEquals("RUNBOOK.md#" + name.toLowerCase(), annotations.get("runbook_url"), name);
            assertTrue(annotations.get("summary") instanceof String && ((Map<?, ?>) rule.get("labels")).get("severity") instanceof String, name);
        }
        assertEquals(headings, alerts);
        rules().values().forEach(e -> RECORDED.matcher(e).results().forEach(m -> assertTrue(recorded.contains(m.group()), m.group())));
    }

    private static boolean hasAll(String sample, String metric, String selector) {
        var parts = SAMPLE.matcher(sample);
        return parts.find() && parts.group(1).equals(metric)
                && EXACT.matcher(selector).results().allMatch(label -> parts.group(2) != null && parts.group(2).contains(label.group(1) + "=\"" + label.group(2) + "\""));
    }

    /** Some are given with the first event or the first round of what they measure. */
    private static ConditionFactory soon() {
        return Awaitility.await().pollDelay(Duration.ZERO).pollInterval(Duration.ofSeconds(1)).atMost(Duration.ofSeconds(60));
    }

    private List<String> samples() {
        var samples = new ArrayList<String>();
        for (var stage : Stage.values()) {
            RestAssured.given().baseUri(stack.address(stage).toString()).get("/q/metrics").asString().lines().filter(l -> !l.startsWith("#")).forEach(samples::add);
        }
        return samples;
    }

    private static Map<String, String> rules() throws IOException {
        return ruleMaps().stream().collect(Collectors.toMap(r -> (String) r.getOrDefault("alert", r.get("record")), r -> (String) r.get("expr")));
    }

    @SuppressWarnings("unchecked")
    private static List<Map<String, Object>> ruleMaps() throws IOException {
        Map<String, Object> file = new Yaml().load(Files.readString(FOLDER.resolve("rules.yaml")));
        return ((List<Map<String, Object>>) file.get("groups")).stream().flatMap(g -> ((List<Map<String, Object>>) g.get("rules")).stream()).toList();
    }

    private static List<String> panels() throws IOException {
        var expressions = new ArrayList<String>();
        collect(new JsonMapper().readTree(FOLDER.resolve("dashboard.json").toFile()), expressions);
        return expressions;
    }

    private static void collect(JsonNode node, List<String> into) {
        if (node.hasNonNull("expr")) {
            into.add(node.get("expr").asText());
        }
        node.forEach(child -> collect(child, into));
    }
}
