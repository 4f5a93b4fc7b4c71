package io.millrace.tests.bench.verify;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.json.JsonMapper;
import io.millrace.launcher.Output;
import io.millrace.launcher.Within;
import io.millrace.launcher.stack.Stage;
import io.millrace.tests.bench.BenchLine;
import io.millrace.tests.bench.Footprint;
import io.millrace.tests.bench.Percentiles;
import io.millrace.tests.bench.Steady;
import io.millrace.tests.stack.DemoStack;
import java.io.IOException;
import java.io.PrintWriter;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.sql.SQLException;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.Callable;
import java.util.logging.Level;
import java.util.logging.Logger;
import org.awaitility.Awaitility;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

/** How long a verification of many documents takes, a retention of every tenth, and the erasure of somebody who stands in a tenth; and how much later other changes arrive meanwhile. */
@Command(name = "bench verify", mixinStandardHelpOptions = true, sortOptions = false,
        description = "Fills an index, verifies it as fast as it goes while nothing else happens, then beside changes of other pipelines; then lets every tenth document leave by time beside the same changes, and has somebody erased who stands in a tenth of all.")
public final class VerifyBench implements Callable<Integer> {

    private static final Duration LONGEST = Duration.ofHours(2);
    private static final int AS_FAST_AS_IT_GOES = 1_000_000;
    private static final int MONITORS = 2_000;
    private static final long SEED = 77;

    @Within(of = "documents", from = 1)
    @Option(names = "--documents", defaultValue = "1000000", description = "Default: ${DEFAULT-VALUE}.")
    private int documents;
    @Within(of = "changes a second", from = 1)
    @Option(names = "--rate", defaultValue = "200", description = "Row changes a second of other pipelines. Default: ${DEFAULT-VALUE}.")
    private int rate;
    @Within(of = "documents a second", from = 1)
    @Option(names = "--beside", defaultValue = "2000", description = "Documents a second of the verification beside them. Default: ${DEFAULT-VALUE}.")
    private int beside;
    @Within(of = "seconds", from = 1)
    @Option(names = "--seconds", defaultValue = "60", description = "How long these changes are measured each time. Default: ${DEFAULT-VALUE}.")
    private int seconds;
    @Within(of = "rounds", from = 1)
    @Option(names = "--rounds", defaultValue = "2", description = "How often they are measured without and with a verification. Default: ${DEFAULT-VALUE}.")
    private int rounds;
    @Within(of = "a port", from = 1, to = 65_000)
    @Option(names = "--port-base", defaultValue = "27000", description = "The first of some fifteen ports. Default: ${DEFAULT-VALUE}.")
    private int portBase;

    private int traffics;

    /**
     * @param cpuSeconds of each process
     * @param perSecond documents, both directions together counting as one
     */
    record Idle(int documents, double seconds, double perSecond, Map<String, Double> cpuSeconds, JsonNode verification) {}

    /**
     * What went while others changed.
     *
     * @param leftAfterSeconds when the last document was gone from the index
     */
    record Leaving(long documents, double leftAfterSeconds, Map<String, Percentiles> times) {}

    /** @param hiddenAfterSeconds when the purge service had looked at each document again, and said that no search shows the subject */
    record Erasure(Leaving leaving, double hiddenAfterSeconds, JsonNode erasure) {}

    /** @param fillCpuSeconds of purge, which follows the documents, while the index was filled */
    record Report(Instant at, int cores, double fillCpuSeconds, Idle idle, List<Map<String, Percentiles>> without, List<Map<String, Percentiles>> with, Leaving retention, Erasure erasure) {}

    public static void main(String[] args) {
        Logger.getLogger("").setLevel(Level.SEVERE);
        System.exit(BenchLine.of(new VerifyBench()).execute(args));
    }

    /** Exits with 0 when the index agrees with the database before and after. */
    @Override
    public Integer call() throws SQLException, IOException, InterruptedException {
        var folder = DemoStack.home().resolve("tests").resolve("target").resolve("bench").resolve("verify");
        try (var stack = new DemoStack(folder, portBase, MONITORS, new Output(new PrintWriter(System.out, true, StandardCharsets.UTF_8))); var purge = new PurgeClient(stack)) {
            Runtime.getRuntime().addShutdownHook(new Thread(stack::close, "stop"));
            stack.close();
            DemoStack.delete(folder);
            stack.startServers();
            stack.load();
            Parcels.make(stack, documents);
            stack.provision();
            stack.startServices();
            double fill = fill(stack);
            var idle = idle(stack, purge);
            var without = new ArrayList<Map<String, Percentiles>>();
            var with = new ArrayList<Map<String, Percentiles>>();
            measured(stack, "nothing else, to warm up");
            for (int round = 0; round < rounds; round++) {
                without.add(measured(stack, "nothing else"));
                with.add(besideVerification(stack, purge));
            }
            compare(without, with);
            var retention = retention(stack, purge);
            compare(without, List.of(retention.times()));
            var erasure = erasure(stack, purge);
            compare(without, List.of(erasure.leaving().times()));
            var last = verified(purge, AS_FAST_AS_IT_GOES);
            write(folder, new Report(Instant.now(), Runtime.getRuntime().availableProcessors(), fill, idle, without, with, retention, erasure));
            return agrees(idle.verification()) && agrees(last) ? CommandLine.ExitCode.OK : CommandLine.ExitCode.SOFTWARE;
        }
    }

    private static boolean agrees(JsonNode verification) {
        return verification.path("state").asText().equals("agrees");
    }

    private double fill(DemoStack stack) {
        var before = Footprint.of(stack.stack().processes());
        long begin = System.nanoTime();
        Awaitility.await("the index is full").pollInterval(Duration.ofSeconds(1)).timeout(LONGEST).until(() -> stack.index().count(Parcels.NAME) == documents);
        double cpu = Footprint.of(stack.stack().processes()).cpuSince(before, Stage.PURGE.stageName());
        System.out.printf("%nFilled with %,d documents in %.0f s; following them took %.1f s of CPU in purge%n", documents, (System.nanoTime() - begin) / 1e9, cpu);
        stack.settled().await();
        return cpu;
    }

    private Idle idle(DemoStack stack, PurgeClient purge) throws IOException, InterruptedException {
        var before = Footprint.of(stack.stack().processes());
        long begin = System.nanoTime();
        var verification = verified(purge, AS_FAST_AS_IT_GOES);
        double took = (System.nanoTime() - begin) / 1e9;
        var after = Footprint.of(stack.stack().processes());
        var cpu = new TreeMap<String, Double>();
        after.processes().keySet().forEach(name -> cpu.put(name, after.cpuSince(before, name)));
        System.out.printf("%nVerified with nothing else going on: %s, %,d documents in %.1f s, %,.0f a second%n", verification.path("state").asText(), verification.path("documents").asInt(), took, documents / took);
        cpu.forEach((name, used) -> System.out.printf("  %-14s %8.1f s of CPU%n", name, used));
        return new Idle(documents, took, documents / took, cpu, verification);
    }

    private JsonNode verified(PurgeClient purge, int most) throws IOException, InterruptedException {
        return ended(purge, begun(purge, most));
    }

    private static String begun(PurgeClient purge, int most) throws IOException, InterruptedException {
        return purge.post("/pipelines/" + Parcels.NAME + "/verifications", "{\"rate\":" + most + "}").path("id").asText();
    }

    private static JsonNode ended(PurgeClient purge, String id) {
        return Awaitility.await("the verification ends").pollInterval(Duration.ofMillis(500)).timeout(LONGEST).until(() -> purge.get("/verifications/" + id), v -> !v.path("state").asText().equals("running"));
    }

    private Map<String, Percentiles> measured(DemoStack stack, String beside) throws SQLException, InterruptedException {
        var times = new Steady(stack, SEED + traffics++).run(rate, Duration.ofSeconds(seconds)).times();
        System.out.printf("%n%d changes/s for %d s beside %s%n%s%n", rate, seconds, beside, Percentiles.head());
        times.forEach((name, of) -> System.out.println(of.row(name)));
        return times;
    }

    /** One verification after the other, as long as the changes are measured. */
    private Map<String, Percentiles> besideVerification(DemoStack stack, PurgeClient purge) throws SQLException, IOException, InterruptedException {
        var id = begun(purge, beside);
        var times = measured(stack, "a verification of " + beside + " documents/s");
        var state = purge.get("/verifications/" + id);
        System.out.printf("  it was %s, with %,d documents compared and %,d ids looked up%n", state.path("state").asText(), state.path("documents").asInt(), state.path("indexed").asInt());
        if (state.path("state").asText().equals("running")) {
            purge.post("/verifications/" + id + "/stop", "{}");
        }
        return times;
    }

    /** The least of the rounds each, for what else the machine does only adds. */
    private static void compare(List<Map<String, Percentiles>> without, List<Map<String, Percentiles>> with) {
        System.out.printf("%n  %-44s %12s %12s %9s%n", "p99 in milliseconds, least of the rounds", "without", "with", "rise");
        var rises = new LinkedHashMap<String, double[]>();
        without.getFirst().keySet().forEach(name -> rises.put(name, new double[] {least(without, name), least(with, name)}));
        rises.forEach((name, p99) -> System.out.printf("  %-44s %12.1f %12.1f %8.1f%%%n", name, p99[0], p99[1], (p99[1] / p99[0] - 1) * 100));
    }

    private static double least(List<Map<String, Percentiles>> rounds, String name) {
        return rounds.stream().filter(r -> r.containsKey(name)).mapToDouble(r -> r.get(name).p99()).min().orElse(Double.NaN);
    }

    /** The rule changes; what is due leaves while others change. */
    private Leaving retention(DemoStack stack, PurgeClient purge) throws SQLException, IOException, InterruptedException {
        Parcels.keepShort(stack);
        stack.process(Stage.PURGE).stop();
        stack.process(Stage.PURGE).launch();
        stack.process(Stage.PURGE).awaitReady();
        long begin = System.nanoTime();
        purge.post("/pipelines/" + Parcels.NAME + "/retention", "");
        return leaving(stack, "a retention", begin, documents / 10, documents - documents / 10);
    }

    /** Of those in which the subject stands every tenth has left before. */
    private Erasure erasure(DemoStack stack, PurgeClient purge) throws SQLException, IOException, InterruptedException {
        long busiest = documents / 10;
        long begin = System.nanoTime();
        var id = purge.once("/erasures", "{\"subject\":\"" + Parcels.SUBJECT + "\",\"key\":\"" + Parcels.BUSIEST + "\",\"reason\":\"a bench\"}").path("id").asText();
        var leaving = leaving(stack, "the erasure of a subject", begin, busiest - busiest / 10, documents - documents / 10 - (busiest - busiest / 10));
        var erasure = Awaitility.await("it is hidden").pollInterval(Duration.ofMillis(250)).timeout(LONGEST).until(() -> purge.get("/erasures/" + id), e -> e.path("state").asText().equals("hidden"));
        double hidden = seconds(erasure);
        System.out.printf("  it was hidden %.1f s after it was asked for; %s%n", hidden, erasure.path("proof").asText());
        return new Erasure(leaving, hidden, erasure);
    }

    /** By the database's clock, which is this machine's. */
    private static double seconds(JsonNode erasure) {
        return Duration.between(Instant.parse(erasure.path("requestedAt").asText()), Instant.parse(erasure.path("hiddenAt").asText())).toMillis() / 1e3;
    }

    /** @param begin nanoseconds when it was asked for */
    private Leaving leaving(DemoStack stack, String what, long begin, long leaving, long left) throws SQLException, InterruptedException {
        var gone = new double[1];
        var watch = Thread.ofVirtual().name("watch of the index").start(() -> {
            Awaitility.await("they have left").pollInterval(Duration.ofMillis(250)).timeout(LONGEST).until(() -> stack.index().count(Parcels.NAME) == left);
            gone[0] = (System.nanoTime() - begin) / 1e9;
        });
        var times = measured(stack, what + " of " + leaving + " documents");
        watch.join();
        System.out.printf("  %,d documents had left the index after %.1f s%n", leaving, gone[0]);
        return new Leaving(leaving, gone[0], times);
    }

    private static void write(Path folder, Report report) throws IOException {
        var file = folder.resolveSibling("verify.json");
        JsonMapper.builder().findAndAddModules().build().writerWithDefaultPrettyPrinter().writeValue(file.toFile(), report);
        System.out.println("All figures: " + file);
    }
}
