package io.millrace.console.live;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import com.fasterxml.jackson.databind.ObjectMapper;
import io.millrace.local.ManagedProcess;
import io.millrace.local.Ports;
import io.millrace.local.ProcessSpec;
import io.millrace.local.Readiness;
import io.millrace.pipeline.file.Pipeline;
import io.millrace.pipeline.file.PipelineFiles;
import java.io.IOException;
import java.net.URI;
import java.net.URLEncoder;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.function.IntFunction;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** What a real Prometheus answers to the console's questions, about three hours of which every figure is known. */
@Tag("long")
@Timeout(180)
class QuestionIT {

    private static final String PROGRAM = System.getProperty("millrace.prometheus", "");
    private static final int HOUR = 3_600;
    private static final int HOURS = 3;
    /** From then on tables are read. */
    private static final int LOAD = 160 * 60;
    private static final int SCRAPE = 15;
    private static final String NONE = "-";
    /** In place of a value that was not scraped. */
    private static final double ABSENT = Double.NEGATIVE_INFINITY;
    /** On a full hour: the points of every range lie on scrapes. */
    private static final long END = System.currentTimeMillis() / 1_000 / HOUR * HOUR;
    private static final Map<String, String> OURS = Map.of("installation", "one");

    @TempDir
    static Path folder;
    private static ManagedProcess prometheus;
    private static URI address;
    private static Pipeline pipeline;

    @BeforeAll
    static void start() throws Exception {
        assumeTrue(Files.isExecutable(Path.of(PROGRAM)), "-Dmillrace.prometheus=PATH names no program of Prometheus; 'apt-get download prometheus && dpkg -x prometheus_*.deb FOLDER' leaves it at FOLDER/usr/bin/prometheus, with promtool beside it");
        var program = Path.of(PROGRAM).toAbsolutePath();
        var data = folder.resolve("data").toAbsolutePath();
        var samples = Files.writeString(folder.resolve("samples"), known());
        var made = new ProcessBuilder(program.resolveSibling("promtool").toString(), "tsdb", "create-blocks-from", "openmetrics", samples.toString(), data.toString()).redirectErrorStream(true).start();
        var said = new String(made.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
        assertEquals(0, made.waitFor(), said);
        var config = Files.writeString(folder.resolve("prometheus.yml"), "scrape_configs: []\n");
        int port = Ports.free(1).getFirst();
        address = URI.create("http://localhost:" + port);
        var marker = "--storage.tsdb.path=" + data;
        prometheus = new ManagedProcess(new ProcessSpec("prometheus", List.of(program.toString(), "--config.file=" + config, marker, "--web.listen-address=127.0.0.1:" + port), program.getFileName().toString(), marker, folder, Map.of(),
                Map.of("http", port), () -> { }, Readiness.http(address.resolve("/-/ready")), Duration.ofMinutes(1), "TERM", Duration.ofSeconds(20), folder.resolve("prometheus.log")));
        prometheus.start();
        var file = Files.writeString(folder.resolve("p.yaml"), """
                millrace: 1
                name: p-1
                source: {name: demo, url: {env: U}, user: {env: V}, password: {env: W}}
                document: {root: public.item, fields: [id]}
                """);
        pipeline = PipelineFiles.load(List.of(file)).getFirst().pipeline();
    }

    @AfterAll
    static void stop() {
        if (prometheus != null) {
            prometheus.stop();
        }
    }

    /** In the first hour nothing is measured and records wait of which nobody knows the age; in the second nothing waits; in the third a change is 4 s old, and in its last minutes tables are read. All the time Postgres is silent. */
    private static String known() {
        var text = new StringBuilder();
        family(text, "millrace_records", "counter", Map.of(
                "stage=\"capture\",table=\"public.item\",installation=\"one\"", s -> s,
                "stage=\"gate\",table=\"demo.public.item\",outcome=\"passed\",installation=\"one\"", s -> 2 * s,
                // It was started anew.
                "stage=\"gate\",table=\"demo.public.item\",outcome=\"parked\",installation=\"one\"", s -> s < 5_000 ? s : s - 5_000,
                "stage=\"gate\",table=\"demo.public.itemX\",outcome=\"passed\",installation=\"one\"", s -> 100 * s,
                "stage=\"join\",pipeline=\"p-1\",installation=\"one\"", s -> 5 * s,
                "stage=\"join\",pipeline=\"p-11\",installation=\"one\"", s -> 200 * s,
                "stage=\"index\",pipeline=\"p-1\",installation=\"one\"", s -> s < HOURS * HOUR - 600 ? ABSENT : 4 * s,
                "stage=\"join\",pipeline=\"p-1\",installation=\"two\"", s -> 1_000 * s));
        family(text, "millrace_commit_to_stage_seconds", "gauge", Map.of(
                "stage=\"index\",pipeline=\"p-1\",quantile=\"0.5\",instance=\"a\",installation=\"one\"", s -> s < HOUR ? 0 : s % HOUR / 60 == 28 ? 3 : 0.5,
                "stage=\"index\",pipeline=\"p-1\",quantile=\"0.5\",instance=\"b\",installation=\"one\"", s -> Double.NaN,
                "stage=\"index\",pipeline=\"p-1\",quantile=\"0.99\",instance=\"a\",installation=\"one\"", s -> s < HOUR ? 0 : 2,
                "stage=\"index\",pipeline=\"p-1\",quantile=\"0.99\",instance=\"b\",installation=\"one\"", s -> s < 2 * HOUR ? 0 : 6,
                "stage=\"gate\",table=\"demo.public.item\",quantile=\"0.99\",installation=\"one\"", s -> 50));
        family(text, "millrace_hop_seconds", "gauge", Map.of(
                "to=\"join\",pipeline=\"p-1\",quantile=\"0.5\",installation=\"one\"", s -> 0.25,
                "to=\"join\",pipeline=\"p-1\",quantile=\"0.99\",installation=\"one\"", s -> 70));
        family(text, "millrace_lag_seconds", "gauge", Map.of(
                "stage=\"gate\",installation=\"one\"", s -> 0,
                "stage=\"capture\",installation=\"one\"", s -> 900,
                "stage=\"join\",pipeline=\"p-1\",installation=\"one\"", s -> s < 2 * HOUR ? 0 : 4,
                "stage=\"join\",pipeline=\"p-11\",installation=\"one\"", s -> 300));
        family(text, "millrace_lag_records", "gauge", Map.of(
                "stage=\"gate\",installation=\"one\"", s -> s < HOUR ? 5 : 0,
                "stage=\"join\",pipeline=\"p-1\",installation=\"one\"", s -> s < HOUR || s >= 2 * HOUR ? 3 : 0,
                "stage=\"index\",pipeline=\"p-1\",installation=\"one\"", s -> 0));
        family(text, "millrace_snapshot_rows_remaining", "gauge", Map.of("stage=\"capture\",installation=\"one\"", s -> s >= LOAD ? 100 : 0));
        return text + "# EOF\n";
    }

    private interface Known {
        double at(int second);
    }

    private static void family(StringBuilder text, String name, String type, Map<String, Known> series) {
        text.append("# TYPE ").append(name).append(' ').append(type).append('\n');
        series.forEach((labels, known) -> {
            for (int s = 0; s <= HOURS * HOUR; s += SCRAPE) {
                if (known.at(s) == ABSENT) {
                    continue;
                }
                text.append(name).append(type.equals("counter") ? "_total{" : "{").append(labels).append("} ").append(known.at(s)).append(' ').append(END - HOURS * HOUR + s).append('\n');
            }
        });
    }

    @Test
    void onePipelinesFiguresAreItsOwnAndThoseOfItsTables() throws Exception {
        var curves = asked(pipeline, Range.SIX_HOURS, OURS);
        // Half past, in each of the hours.
        assertEquals("1 1 1", told(curves, "rate.capture", 30, 90, 150));
        assertEquals("3 3 3", told(curves, "rate.gate", 30, 90, 150));
        assertEquals("5 5 5", told(curves, "rate.join", 30, 90, 150));
        assertEquals("- - -", told(curves, "rate.index", 30, 90, 150));
        assertEquals("- 0.5 0.5", told(curves, "p50", 30, 90, 150));
        assertEquals("- 2 6", told(curves, "p99", 30, 90, 150));
        assertEquals("0.25 0.25 0.25", told(curves, "hop.join", 30, 90, 150));
        assertEquals("- 0 4 -", told(curves, "behind", 30, 90, 150, 170));
        assertEquals("0 0 0 1", told(curves, "reads", 30, 90, 150, 170));
    }

    @Test
    void allTogetherAreAddedUpOrTheLargestAndAnotherInstallationIsNotAmongThem() throws Exception {
        var curves = asked(null, Range.SIX_HOURS, OURS);
        assertEquals("103", told(curves, "rate.gate", 90));
        assertEquals("205", told(curves, "rate.join", 90));
        assertEquals("300 0 300", told(curves, "behind", 30, 90, 150));
        assertEquals("1,205", told(asked(null, Range.SIX_HOURS, Map.of()), "rate.join", 90));
    }

    @Test
    void ofALongRangeALatencyThatWasThereOnceBetweenTwoPointsIsNotMissed() throws Exception {
        for (var range : List.of(Range.DAY, Range.WEEK)) {
            var curves = asked(pipeline, range, OURS);
            assertEquals("3 3", told(curves, "p50", 90, 150), range.toString());
            assertEquals("5 0.25 2 0", told(curves, "rate.join", 90) + " " + told(curves, "hop.join", 90) + " " + told(curves, "p99", 90) + " " + told(curves, "behind", 90), range.toString());
            assertEquals("- 4", told(curves, "behind", 30, 150), range.toString());
        }
    }

    @Test
    void ofALongRangeTimeOfWhichNothingIsKnownIsNoRest() throws Exception {
        for (var range : List.of(Range.DAY, Range.WEEK)) {
            double rate = Double.parseDouble(told(asked(pipeline, range, OURS), "rate.index", 180));
            assertTrue(rate > 3.4 && rate <= 4.1, () -> "4 a second for ten minutes, over " + range + ": " + rate);
        }
    }

    /** The figure so many minutes after the first scrape. */
    private static String told(Map<String, IntFunction<Float>> curves, String figure, int... minutes) {
        return Arrays.stream(minutes).mapToObj(minute -> {
            var curve = curves.get(figure);
            var value = curve == null ? null : curve.apply(minute);
            return value == null || Float.isNaN(value) ? NONE : String.format(Locale.ROOT, "%,.2f", value).replaceAll("\\.?0+$", "");
        }).collect(Collectors.joining(" "));
    }

    private static Map<String, IntFunction<Float>> asked(Pipeline pipeline, Range range, Map<String, String> labels) throws IOException, InterruptedException {
        var grid = Grid.of(range, END);
        var curves = new HashMap<String, IntFunction<Float>>();
        for (var question : Question.all(pipeline, range.step(), labels)) {
            answer(question, grid).forEach((figure, values) -> curves.put(figure, minute -> values[grid.index(END - HOURS * HOUR + minute * 60L)]));
        }
        return curves;
    }

    private static Map<String, float[]> answer(Question question, Grid grid) throws IOException, InterruptedException {
        var form = Stream.of("query", question.expression(), "start", grid.first(), "end", grid.last(), "step", grid.step()).map(part -> URLEncoder.encode(part.toString(), StandardCharsets.UTF_8)).toList();
        var pairs = new ArrayList<String>();
        for (int i = 0; i < form.size(); i += 2) {
            pairs.add(form.get(i) + "=" + form.get(i + 1));
        }
        try (var http = HttpClient.newHttpClient()) {
            var request = HttpRequest.newBuilder(address.resolve("/api/v1/query_range")).header("Content-Type", "application/x-www-form-urlencoded").POST(HttpRequest.BodyPublishers.ofString(String.join("&", pairs))).build();
            var answer = http.send(request, BodyHandlers.ofString());
            return Matrix.read(new ObjectMapper(), answer.statusCode(), answer.body(), question, grid);
        }
    }
}
