package io.millrace.tests.bench;

import io.millrace.launcher.Output;
import io.millrace.launcher.Within;
import io.millrace.launcher.stack.Stack;
import io.millrace.launcher.stack.Stage;
import io.millrace.local.LocalException;
import io.millrace.local.ManagedProcess;
import io.millrace.local.ProcessSpec;
import io.millrace.tests.stack.DemoStack;
import java.io.IOException;
import java.io.PrintWriter;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.SQLException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.Callable;
import java.util.concurrent.locks.LockSupport;
import java.util.logging.Level;
import java.util.logging.Logger;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

/** What each service costs as a usual jar, with an AOT cache and as a native executable: until it answers, until it is ready, memory, and what it gets through right after a start. */
@Command(name = "bench start", mixinStandardHelpOptions = true,
        description = "Starts each service again and again beside running servers, as its jar, as its image's application (./millrace images makes that) and as its native executable (./mvnw package -Dnative makes that); tells the medians, the memory, and what it drains right after a start.")
public final class ColdStart implements Callable<Integer> {

    private static final Duration BEAT = Duration.ofMillis(10);
    private static final Duration PATIENCE = Duration.ofMinutes(2);
    private static final Duration REST = Duration.ofSeconds(3);

    @Within(of = "rounds", from = 1)
    @Option(names = "--rounds", defaultValue = "10", description = "Starts of each form. Default: ${DEFAULT-VALUE}.")
    private int rounds;
    @Option(names = "--service", description = "Only this stage (capture, gate, denormalizer, indexer, purge); may be given several times.")
    private List<Stage> stages = new ArrayList<>();
    @Within(of = "monitors", from = 1)
    @Option(names = "--monitors", defaultValue = "1000", description = "How many monitors the demo gets. Default: ${DEFAULT-VALUE}.")
    private int monitors;
    @Within(of = "rows", from = 0)
    @Option(names = "--changes", defaultValue = "30000", description = "Rows of the backlog that each form drains; 0 for none. Default: ${DEFAULT-VALUE}.")
    private int changes;
    @Within(of = "a port", from = 1, to = 65_000)
    @Option(names = "--port-base", defaultValue = "27000", description = "The first of some fifteen ports. Default: ${DEFAULT-VALUE}.")
    private int portBase;

    private final HttpClient client = HttpClient.newBuilder().connectTimeout(Duration.ofSeconds(1)).build();

    /** One start: milliseconds until HTTP answers and until the service is ready, and kilobytes resident some seconds later. */
    private record Start(long answers, long ready, long residentKilobytes) {}

    public static void main(String[] args) {
        Logger.getLogger("").setLevel(Level.SEVERE);
        System.exit(BenchLine.of(new ColdStart()).execute(args));
    }

    @Override
    public Integer call() throws IOException, InterruptedException, SQLException {
        var home = DemoStack.home();
        var data = home.resolve("tests/target/bench/start");
        DemoStack.delete(data);
        var output = new Output(new PrintWriter(System.out, true, StandardCharsets.UTF_8));
        try (var demo = new DemoStack(data, portBase, monitors, output)) {
            Runtime.getRuntime().addShutdownHook(new Thread(demo::close, "stop"));
            demo.start();
            demo.settled().await();
            Stack.stopOrder().forEach(stage -> demo.process(stage).stop());
            System.out.printf("%-14s %-10s %14s %14s %14s %14s %12s%n", "service", "form", "answers (ms)", "ready (ms)", "at rest (MB)", "loaded (MB)", "records/s");
            for (var stage : stages.isEmpty() ? List.of(Stage.values()) : stages) {
                for (var form : forms(demo, stage, home).entrySet()) {
                    form.getValue().prepare().run();
                    var starts = measure(form.getValue(), demo.address(stage));
                    tell(stage, form.getKey(), starts, changes == 0 ? Optional.empty() : new Drain(demo, changes).of(stage, form.getValue()));
                }
            }
        }
        return 0;
    }

    private static Map<String, ProcessSpec> forms(DemoStack demo, Stage stage, Path home) {
        var usual = demo.process(stage).spec();
        var forms = new LinkedHashMap<String, ProcessSpec>();
        forms.put("jar", untrained(usual));
        forms.put("AOT cache", usual);
        if (stage.executable(home).isPresent()) {
            forms.put("native", new Stack(demo.stack().options().withNatives(List.of(stage))).stage(stage).spec());
        }
        return forms;
    }

    private void tell(Stage stage, String form, List<Start> starts, Optional<Drain.Result> drained) {
        System.out.printf("%-14s %-10s %14d %14d %14d %14s %12s%n", stage.stageName(), form, median(starts.stream().mapToLong(Start::answers).toArray()),
                median(starts.stream().mapToLong(Start::ready).toArray()), median(starts.stream().mapToLong(Start::residentKilobytes).toArray()) >> 10,
                drained.map(d -> Long.toString(d.peakBytes() >> 20)).orElse("-"), drained.map(d -> "%,.0f".formatted(d.recordsPerSecond())).orElse("-"));
    }

    private static long median(long[] values) {
        Arrays.sort(values);
        return values[values.length / 2];
    }

    private static ProcessSpec untrained(ProcessSpec usual) {
        var command = new ArrayList<>(usual.command());
        command.removeIf(option -> option.startsWith("-XX:AOTCache="));
        return new ProcessSpec(usual.name(), command, usual.program(), usual.marker(), usual.folder(), usual.environment(), usual.ports(), () -> { }, usual.readiness(), usual.startTimeout(),
                usual.stopSignal(), usual.stopTimeout(), usual.log());
    }

    private List<Start> measure(ProcessSpec spec, URI address) throws InterruptedException {
        var starts = new ArrayList<Start>();
        for (int round = 0; round < rounds; round++) {
            var process = new ManagedProcess(spec);
            long begun = System.nanoTime();
            process.launch();
            try {
                long answers = await(process, address.resolve("/q/health/started"), begun);
                long ready = await(process, address.resolve("/q/health/ready"), begun);
                // The first and the last tell of memory; resting in each would make this take hours.
                if (round == 0 || round == rounds - 1) {
                    LockSupport.parkNanos(REST.toNanos());
                }
                starts.add(new Start(answers, ready, Footprint.of(List.of(process)).rssBytes() >> 10));
            } finally {
                process.stop();
            }
        }
        return starts;
    }

    private long await(ManagedProcess process, URI uri, long begun) throws InterruptedException {
        while (!isOk(uri)) {
            if (process.running().isEmpty() || System.nanoTime() - begun > PATIENCE.toNanos()) {
                throw new LocalException(process.name() + " did not get as far as " + uri + ": " + process.tail());
            }
            LockSupport.parkNanos(BEAT.toNanos());
        }
        return Duration.ofNanos(System.nanoTime() - begun).toMillis();
    }

    private boolean isOk(URI uri) throws InterruptedException {
        try {
            return client.send(HttpRequest.newBuilder(uri).timeout(Duration.ofSeconds(5)).build(), HttpResponse.BodyHandlers.discarding()).statusCode() == 200;
        } catch (IOException e) {
            return false;
        }
    }
}
