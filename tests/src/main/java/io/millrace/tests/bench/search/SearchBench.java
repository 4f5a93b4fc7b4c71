package io.millrace.tests.bench.search;

import com.fasterxml.jackson.databind.json.JsonMapper;
import io.millrace.demo.Traffic;
import io.millrace.launcher.Output;
import io.millrace.launcher.Within;
import io.millrace.launcher.stack.Stage;
import io.millrace.local.LocalException;
import io.millrace.tests.bench.BenchLine;
import io.millrace.tests.bench.Percentiles;
import io.millrace.tests.bench.Prober;
import io.millrace.tests.stack.DemoStack;
import java.io.IOException;
import java.io.PrintWriter;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.SQLException;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Executors;
import java.util.logging.Level;
import java.util.logging.Logger;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

/** The same questions of a page to Postgres, to Postgres tuned, and to the index; and what that does to Postgres and to replication. */
@Command(name = "bench search", mixinStandardHelpOptions = true,
        description = "Asks Postgres with the plain schema, with indexes, with a materialized view, and the index the same questions, compares the answers, and measures them.")
public final class SearchBench implements Callable<Integer> {

    private static final int QUESTIONS = 60;
    private static final int USERS_BESIDE_TRAFFIC = 8;
    private static final long SEED = 900;
    private static final Duration REST = Duration.ofMillis(500);
    private static final Duration LONGEST = Duration.ofMinutes(20);

    /** The pages that can be asked. */
    enum Which {
        MONITORS(new MonitorsPage()), METRICS(new MetricsPage());

        private final Page page;

        Which(Page page) {
            this.page = page;
        }
    }

    @Option(names = "--page", defaultValue = "monitors", description = "monitors: the demo's; metrics: many small rows joined to each. Default: ${DEFAULT-VALUE}.")
    private Which which;
    @Within(of = "rows", from = 1)
    @Option(names = "--size", description = "Monitors in all (default 30000), or active metrics of the large organisation (default 20000).")
    private Integer size;
    @Within(of = "users", from = 1)
    @Option(names = "--users", split = ",", defaultValue = "1,8,32", description = "At once. Default: ${DEFAULT-VALUE}.")
    private List<Integer> users;
    @Within(of = "seconds", from = 1)
    @Option(names = "--seconds", defaultValue = "6", description = "For each number of users and each side. Default: ${DEFAULT-VALUE}.")
    private int seconds;
    @Within(of = "changes a second", from = 1)
    @Option(names = "--rate", defaultValue = "100", description = "Row changes a second in the part with traffic. Default: ${DEFAULT-VALUE}.")
    private int rate;
    @Within(of = "seconds", from = 0)
    @Option(names = "--warm-up", defaultValue = "20", description = "Seconds of traffic before anything is measured, in which the services compile. Default: ${DEFAULT-VALUE}.")
    private int warmUp;
    @Within(of = "a port", from = 1, to = 65_000)
    @Option(names = "--port-base", defaultValue = "27000", description = "The first of some fifteen ports. Default: ${DEFAULT-VALUE}.")
    private int portBase;
    @Option(names = "--out", description = "Folder for figures (JSON) and plots (SVG). Default: tests/target/bench/search.")
    private Path out;

    /**
     * @param side who was asked meanwhile; empty for nobody
     * @param postgres cores that PostgreSQL took, and its log senders of that
     * @param changesPerSecond that the traffic came to
     * @param indexed from the UPDATE of a probe until the index had it
     * @param found until a search found it
     */
    record Load(String side, Percentiles answers, double answersPerSecond, PostgresCpu.Use postgres, double changesPerSecond, Percentiles indexed, Percentiles found, int lost) {}

    /**
     * @param setup seconds by statement, for each side of Postgres
     * @param sameAnswers for each side of Postgres how many of the questions the index answers the same way
     * @param rest with nothing else going on
     * @param traffic while rows change and are replicated
     */
    record Report(Instant at, String page, int size, long documents, int cores, int questions, Map<String, Map<String, Double>> setup, Map<String, Integer> sameAnswers, List<Users.Result> rest,
            List<Load> traffic) {}

    private final HttpClient http = HttpClient.newHttpClient();
    private DemoStack stack;
    private Page page;
    private List<Question> questions;
    private final List<Load> loads = new ArrayList<>();
    private int runs;

    public static void main(String[] args) {
        Locale.setDefault(Locale.ROOT);
        Logger.getLogger("").setLevel(Level.SEVERE);
        System.exit(BenchLine.of(new SearchBench()).execute(args));
    }

    /** Exits with 0 when all sides gave the same answers. */
    @Override
    public Integer call() throws Exception {
        page = which.page;
        int rows = size == null ? page.defaultSize() : size;
        var folder = DemoStack.home().resolve("tests").resolve("target").resolve("bench");
        var output = new Output(new PrintWriter(System.out, true, StandardCharsets.UTF_8));
        try (var started = new DemoStack(folder.resolve("stack"), portBase, page.monitors(rows), null, List.of(page.pipeline()), output)) {
            stack = started;
            Runtime.getRuntime().addShutdownHook(new Thread(started::close, "stop"));
            started.close();
            DemoStack.delete(folder.resolve("stack"));
            long documents = fill(rows);
            output.line("%,d documents are searchable".formatted(documents));
            var report = measure(rows, documents, output);
            write(out == null ? folder.resolve("search") : out, report);
            return report.sameAnswers.values().stream().allMatch(n -> n == questions.size()) ? CommandLine.ExitCode.OK : CommandLine.ExitCode.SOFTWARE;
        }
    }

    private long fill(int rows) throws SQLException, IOException, InterruptedException {
        stack.startServers();
        stack.load();
        try (var connection = stack.connect()) {
            page.load(connection, rows);
            questions = page.questions(connection, QUESTIONS);
        }
        stack.provision();
        stack.startServices();
        return settle();
    }

    /** Returns when searches see every change that is committed by now, also where many documents show it. @return documents */
    private long settle() throws SQLException, IOException, InterruptedException {
        String position;
        try (var connection = stack.connect(); var statement = connection.createStatement(); var row = statement.executeQuery("SELECT pg_current_wal_insert_lsn()::text")) {
            row.next();
            position = row.getString(1);
        }
        var asked = HttpRequest.newBuilder(stack.address(Stage.PURGE).resolve("/pipelines/" + page.name() + "/freshness?wait=5s&position=" + position))
                .header("Authorization", "Bearer " + Files.readString(stack.stack().token()).strip()).build();
        long end = System.nanoTime() + LONGEST.toNanos();
        while (true) {
            var answer = http.send(asked, BodyHandlers.ofString());
            if (answer.statusCode() == 200 && answer.body().contains("\"fresh\":true") && stack.index().count(page.name()) == wanted()) {
                return wanted();
            }
            if (System.nanoTime() > end) {
                throw new LocalException("The index has not come to " + position + " within " + LONGEST.toMinutes() + " minutes: " + answer.body());
            }
            Thread.sleep(REST);
        }
    }

    private long wanted() throws SQLException {
        try (var connection = stack.connect(); var statement = connection.createStatement(); var row = statement.executeQuery(page.rows())) {
            row.next();
            return row.getLong(1);
        }
    }

    private Report measure(int rows, long documents, Output output) throws SQLException, IOException, InterruptedException, ExecutionException {
        var index = new IndexSide(stack.stack().servers().searchUrl(), page);
        var setup = new LinkedHashMap<String, Map<String, Double>>();
        var same = new LinkedHashMap<String, Integer>();
        var rest = new ArrayList<Users.Result>();
        System.out.println(Percentiles.head());
        warmUp();
        load(null);
        settle();
        for (var sql : page.sql()) {
            setup.put(sql.name(), sql.setUp(stack.database()));
            var side = sql.over(stack.database());
            same.put(sql.name(), compare(side, index));
            ask(side, rest);
            load(side);
            settle();
        }
        ask(index, rest);
        load(index);
        setup.forEach((side, statements) -> statements.forEach((sql, took) -> output.line("%s: %.1f s for %s".formatted(side, took, sql))));
        return new Report(Instant.now(), page.name(), rows, documents, Runtime.getRuntime().availableProcessors(), questions.size(), setup, same, rest, List.copyOf(loads));
    }

    /** Also the warm-up of both: each is asked every question once before it is measured. */
    private int compare(Side side, Side index) throws SQLException, IOException, InterruptedException {
        int same = 0;
        try (var left = side.open(); var right = index.open()) {
            for (var question : questions) {
                var one = left.ask(question);
                var other = right.ask(question);
                if (one.equals(other)) {
                    same++;
                } else {
                    System.out.printf("  %s and the index differ: %s%n    %s%n    %s%n", side.name(), question, one, other);
                }
            }
        }
        System.out.printf("  %s: %d of %d answers are the index's%n", side.name(), same, questions.size());
        return same;
    }

    private void ask(Side side, List<Users.Result> into) throws InterruptedException, ExecutionException {
        for (int n : users) {
            var result = new Users(side, questions).ask(n, Duration.ofSeconds(seconds));
            System.out.println(result.times().row(side.name() + ", " + n + " at once"));
            into.add(result);
        }
    }

    private void warmUp() throws SQLException, IOException, InterruptedException {
        if (page.hasTraffic() && warmUp > 0) {
            traffic(System.nanoTime() + Duration.ofSeconds(warmUp).toNanos());
            settle();
        }
    }

    /** Rows change and are replicated while a side is asked, or nobody. */
    private void load(Side side) throws SQLException, InterruptedException, ExecutionException {
        if (!page.hasTraffic()) {
            return;
        }
        var time = Duration.ofSeconds(seconds + 4);
        var postgres = stack.stack().servers().postgres();
        try (var threads = Executors.newVirtualThreadPerTaskExecutor(); var watch = stack.connect(); var prober = Prober.in(stack, time)) {
            var before = PostgresCpu.now(postgres, watch);
            long end = System.nanoTime() + time.toNanos();
            var changes = threads.submit(() -> traffic(end));
            var asked = side == null ? null : threads.submit(() -> new Users(side, questions).ask(USERS_BESIDE_TRAFFIC, time));
            var probes = threads.submit(() -> prober.run(time));
            var done = changes.get();
            var use = PostgresCpu.now(postgres, watch).since(before);
            var answers = asked == null ? null : asked.get();
            var lag = probes.get();
            var indexed = lag.get("probe: commit to indexed");
            var found = lag.get("probe: commit to found by a search");
            var name = side == null ? "" : side.name();
            System.out.println(found.row("lag beside " + (side == null ? "nobody" : USERS_BESIDE_TRAFFIC + " of " + name)));
            loads.add(new Load(name, answers == null ? null : answers.times(), answers == null ? 0 : answers.perSecond(), use, done.changes() / (double) time.toSeconds(), indexed, found, prober.lost()));
        }
    }

    private Traffic.Done traffic(long end) throws SQLException {
        try (var connection = stack.connect()) {
            return new Traffic(connection, SEED + ++runs, Traffic.Mix.STEADY).run(rate, () -> System.nanoTime() < end);
        }
    }

    private void write(Path folder, Report report) throws IOException {
        Files.createDirectories(folder);
        var name = report.page();
        JsonMapper.builder().findAndAddModules().build().writerWithDefaultPrettyPrinter().writeValue(folder.resolve(name + ".json").toFile(), report);
        Files.writeString(folder.resolve(name + ".md"), Tables.of(report));
        Files.writeString(folder.resolve(name + ".svg"), Plots.answers(report).svg());
        if (!report.traffic().isEmpty()) {
            Files.writeString(folder.resolve(name + "-lag.svg"), Plots.lag(report).svg());
        }
        System.out.println("\n" + Tables.of(report) + "All figures: " + folder);
    }
}
