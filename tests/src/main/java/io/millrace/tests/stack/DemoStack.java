package io.millrace.tests.stack;

import io.millrace.launcher.Output;
import io.millrace.launcher.stack.DemoDatabase;
import io.millrace.launcher.stack.Provisioning;
import io.millrace.launcher.stack.Stack;
import io.millrace.launcher.stack.Stage;
import io.millrace.launcher.stack.StackOptions;
import io.millrace.local.ManagedProcess;
import io.millrace.pipeline.file.PipelineFiles;
import io.millrace.tests.oracle.IndexReader;
import io.millrace.tests.oracle.Oracles;
import io.millrace.tests.oracle.Settled;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.SQLException;
import java.time.Duration;
import java.util.Collection;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Callable;
import java.util.function.Consumer;
import java.util.stream.Stream;
import javax.sql.DataSource;
import org.postgresql.ds.PGSimpleDataSource;

/**
 * The launcher's stack over the demo, without its supervisor: nothing starts a process again that a test has killed.
 *
 * <p>Used in this order: {@link #startServers}, {@link #load}, {@link #provision}, {@link #startServices}; or {@link #start}.
 */
public final class DemoStack implements AutoCloseable {

    static final String DATABASE = "demo";
    private static final String PIPELINES = "pipelines";

    /** Whether stacks of this run are secured ones, from the system property {@code millrace.tests.secured}. */
    public static final boolean SECURED = Boolean.getBoolean("millrace.tests.secured");

    private final Stack stack;
    private final IndexReader index;
    private final Output output;

    /**
     * @param data folder of everything that it writes
     * @param portBase the first of some fifteen ports
     * @param monitors how many monitors the demo gets, everything else in proportion
     * @param output receives a line for each thing that was done
     */
    public DemoStack(Path data, int portBase, int monitors, Output output) {
        this(data, portBase, monitors, null, output);
    }

    /** @param otlp where the services send their spans; null for nowhere */
    public DemoStack(Path data, int portBase, int monitors, String otlp, Output output) {
        this(data, portBase, monitors, otlp, List.of(home().resolve("deploy").resolve("demo").resolve("pipelines"), data.resolve(PIPELINES)), output);
    }

    /** @param pipelines files and folders of them, over the demo's database */
    public DemoStack(Path data, int portBase, int monitors, String otlp, List<Path> pipelines, Output output) {
        this(options(data, portBase, monitors, otlp, pipelines).withSecured(SECURED), output);
    }

    private DemoStack(StackOptions options, Output output) {
        makePipelinesFolder(options.data());
        this.stack = new Stack(options);
        this.index = new IndexReader(stack.servers().searchUrl(), stack.access());
        this.output = output;
    }

    /** A secured one, whatever the run's others are. @param pipelines files and folders of them, over the demo's database */
    public static DemoStack secured(Path data, int portBase, int monitors, List<Path> pipelines, Output output) {
        return new DemoStack(options(data, portBase, monitors, null, pipelines).withSecured(true), output);
    }

    /** With a Kafka Connect worker, which is started by whoever wants it. @param pipelines files and folders of them, over the demo's database */
    public static DemoStack withConnect(Path data, int portBase, int monitors, List<Path> pipelines, Output output) {
        return new DemoStack(options(data, portBase, monitors, null, pipelines).with(List.of(StackOptions.Extra.CONNECT)), output);
    }

    private static StackOptions options(Path data, int portBase, int monitors, String otlp, List<Path> pipelines) {
        return StackOptions.of(home(), data, pipelines, new StackOptions.DemoSource(DATABASE, monitors), portBase, Map.of()).withOtlp(otlp).withNatives(natives());
    }

    /** No service starts without it, and a secured stack is made of what is in it. */
    private static void makePipelinesFolder(Path data) {
        try {
            Files.createDirectories(data.resolve(PIPELINES));
        } catch (IOException e) {
            throw new UncheckedIOException("Making the folder " + data.resolve(PIPELINES) + " failed", e);
        }
    }

    /** Which services run as native executables, from the system property {@code millrace.native}: {@code gate,indexer}. */
    private static List<Stage> natives() {
        return Stream.of(System.getProperty("millrace.native", "").split(",")).filter(name -> !name.isBlank())
                .map(name -> Stage.named(name.strip()).orElseThrow(() -> new IllegalArgumentException("The system property millrace.native names '" + name + "', which is no stage"))).toList();
    }

    /** The root of the checkout, from the system property {@code millrace.home}, which the build and the launcher set. */
    public static Path home() {
        var home = System.getProperty("millrace.home");
        if (home == null) {
            throw new IllegalStateException("The system property millrace.home is not set; give it the root of the checkout: -Dmillrace.home=…");
        }
        return Path.of(home).toAbsolutePath().normalize();
    }

    /** Removes what an earlier run has left. */
    public static void delete(Path folder) throws IOException {
        if (Files.exists(folder)) {
            try (var files = Files.walk(folder)) {
                for (var file : files.sorted(Comparator.reverseOrder()).toList()) {
                    Files.delete(file);
                }
            }
        }
    }

    /** From nothing to running services. */
    public void start() {
        startServers();
        load();
        provision();
        startServices();
    }

    public void startServers() {
        stack.requireBuilt();
        makePipelinesFolder(stack.options().data());
        // What a killed run has left must not write into what this run begins.
        stack.connect().stop();
        Stack.stopOrder().forEach(stage -> stack.stage(stage).stop());
        stack.servers().start(output::line);
    }

    /** Makes and fills the demo's database. */
    public void load() {
        DemoDatabase.prepare(stack, output);
    }

    public void provision() {
        Provisioning.apply(stack, PipelineFiles.load(stack.options().pipelines()), output);
    }

    /** Starts the services side by side and returns when each answers. */
    public void startServices() {
        for (var stage : Stage.values()) {
            stack.stage(stage).launch();
        }
        for (var stage : Stage.values()) {
            stack.stage(stage).awaitReady();
        }
        output.line("The services and the console answer");
    }

    public Stack stack() {
        return stack;
    }

    public ManagedProcess process(Stage stage) {
        return stack.stage(stage);
    }

    /** Stops services one after the other, and returns when all answer again, with the pipeline files that are there by then. */
    public void restart(Collection<Stage> stages) {
        again(stages, ManagedProcess::stop);
    }

    /** The same of all services, each of which is killed. */
    public void killAndRestart() {
        again(List.of(Stage.values()), ManagedProcess::kill);
    }

    private void again(Collection<Stage> stages, Consumer<ManagedProcess> end) {
        for (var stage : stages) {
            end.accept(process(stage));
            process(stage).launch();
        }
        stages.forEach(stage -> process(stage).awaitReady());
    }

    /** Sends a signal to a stage's process: {@code STOP} pauses it, {@code CONT} lets it go on. */
    public void signal(Stage stage, String signal) throws IOException, InterruptedException {
        signal(process(stage), signal);
    }

    /** The same to a process of a stack. */
    public static void signal(ManagedProcess process, String signal) throws IOException, InterruptedException {
        long pid = process.running().orElseThrow().pid();
        int exit = new ProcessBuilder("kill", "-" + signal, Long.toString(pid)).inheritIO().start().waitFor();
        if (exit != 0) {
            throw new IOException("kill -" + signal + " of " + process.name() + " (pid " + pid + ") ended with " + exit);
        }
    }

    /** While all services are paused, so that something else has the machine. They go on in any case. */
    public <T> T halted(Callable<T> work) throws Exception {
        try {
            for (var stage : Stage.values()) {
                signal(stage, "STOP");
            }
            return work.call();
        } finally {
            for (var stage : Stage.values()) {
                signal(stage, "CONT");
            }
        }
    }

    public URI address(Stage stage) {
        return URI.create(stack.address(stage));
    }

    /** Where further pipeline files are put, which the services read when they start. */
    public Path pipelines() {
        return stack.options().data().resolve(PIPELINES);
    }

    /** A connection of its own, in auto-commit. */
    public Connection connect() throws SQLException {
        return database().getConnection();
    }

    public DataSource database() {
        var source = new PGSimpleDataSource();
        source.setUrl(stack.servers().jdbcUrl(DATABASE));
        source.setUser(stack.servers().postgresUser());
        source.setPassword(stack.servers().postgresPassword());
        return source;
    }

    /** Carries statements out in the demo's database, each in a transaction of its own. */
    public void execute(String... statements) throws SQLException {
        try (var connection = connect(); var statement = connection.createStatement()) {
            for (var sql : statements) {
                statement.execute(sql);
            }
        }
    }

    /** The first value of a query's first row as text; null where there is no row, or the value is null. */
    public String value(String query) throws SQLException {
        try (var connection = connect(); var statement = connection.createStatement(); var row = statement.executeQuery(query)) {
            return row.next() ? row.getString(1) : null;
        }
    }

    public IndexReader index() {
        return index;
    }

    public Oracles oracles() {
        return Oracles.demo(database(), index);
    }

    /** Patient enough for two busy cores. */
    public Settled settled() {
        return settled(oracles());
    }

    /** The same where one document is gone although its row is there: it has been erased. */
    public Settled settledBut(String pipeline, String erased) {
        return settled(oracles().without(pipeline, erased));
    }

    public static Settled settled(Oracles oracles) {
        return new Settled(oracles, Duration.ofSeconds(60), Duration.ofMinutes(4));
    }

    @Override
    public void close() {
        stack.connect().stop();
        Stack.stopOrder().forEach(stage -> stack.stage(stage).stop());
        stack.servers().stop();
    }
}
