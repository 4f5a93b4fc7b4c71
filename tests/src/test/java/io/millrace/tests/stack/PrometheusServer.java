package io.millrace.tests.stack;

import io.millrace.launcher.stack.Stage;
import io.millrace.local.ManagedProcess;
import io.millrace.local.Ports;
import io.millrace.local.ProcessSpec;
import io.millrace.local.Readiness;
import io.restassured.RestAssured;
import java.io.IOException;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Collectors;

/** A Prometheus that scrapes a stack's services each second, twice: as those of two installations. */
public final class PrometheusServer implements AutoCloseable {

    /** The label by which one installation is told from the other. */
    public static final String LABEL = "installation";
    public static final String ONE = "one";
    private static final String PROGRAM = "millrace.prometheus";
    /** For whoever has no program. */
    public static final String HOW = "-D" + PROGRAM + "=PATH names no program of Prometheus; 'apt-get download prometheus && dpkg -x prometheus_*.deb FOLDER' leaves it at FOLDER/usr/bin/prometheus";
    private static final String JOB = """
              - job_name: %s
                scrape_interval: 1s
                metrics_path: /q/metrics
                static_configs: [{targets: [%s], labels: {%s: %s}}]
            """;

    private final URI address;
    private final ManagedProcess process;

    private PrometheusServer(Path program, Path folder, String jobs) throws IOException {
        Files.createDirectories(folder);
        var config = Files.writeString(folder.resolve("prometheus.yml"), "scrape_configs:\n" + jobs);
        int port = Ports.free(1).getFirst();
        address = URI.create("http://localhost:" + port);
        var data = folder.resolve("data").toAbsolutePath();
        var marker = "--storage.tsdb.path=" + data;
        process = new ManagedProcess(new ProcessSpec("prometheus", List.of(program.toString(), "--config.file=" + config, marker, "--web.listen-address=127.0.0.1:" + port), program.getFileName().toString(), marker, folder, Map.of(),
                Map.of("http", port), () -> { }, Readiness.http(address.resolve("/-/ready")), Duration.ofMinutes(1), "TERM", Duration.ofSeconds(20), folder.resolve("prometheus.log")));
        process.start();
    }

    /** Where the run was told that the program is; empty where it was told none. */
    public static Optional<Path> program() {
        return Optional.ofNullable(System.getProperty(PROGRAM)).map(Path::of).filter(Files::isExecutable);
    }

    /** @param folder of its own */
    public static PrometheusServer over(DemoStack stack, Path program, Path folder) throws IOException {
        var targets = Arrays.stream(Stage.values()).filter(stage -> stage != Stage.CONSOLE).map(stage -> "'localhost:" + stack.address(stage).getPort() + "'").collect(Collectors.joining(", "));
        return new PrometheusServer(program, folder, JOB.formatted(ONE, targets, LABEL, ONE) + JOB.formatted("two", targets, LABEL, "two"));
    }

    public String address() {
        return address.toString();
    }

    /** How many questions over a range it was asked so far. */
    public double rangesAsked() {
        return RestAssured.get(address + "/metrics").asString().lines().filter(line -> line.startsWith("prometheus_http_requests_total{") && line.contains("handler=\"/api/v1/query_range\""))
                .mapToDouble(line -> Double.parseDouble(line.substring(line.lastIndexOf(' ') + 1))).sum();
    }

    /** {@code STOP} has it accept connections and answer nothing, {@code CONT} lets it go on. */
    public void signal(String signal) throws IOException, InterruptedException {
        int exit = new ProcessBuilder("kill", "-" + signal, Long.toString(process.running().orElseThrow().pid())).inheritIO().start().waitFor();
        if (exit != 0) {
            throw new IOException("kill -" + signal + " of Prometheus ended with " + exit);
        }
    }

    @Override
    public void close() {
        process.stop();
    }
}
