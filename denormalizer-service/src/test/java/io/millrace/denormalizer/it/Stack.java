package io.millrace.denormalizer.it;

import io.millrace.local.LocalServers;
import io.millrace.local.ManagedProcess;
import io.millrace.local.Ports;
import io.millrace.local.ProcessSpec;
import io.millrace.local.Readiness;
import io.millrace.pipeline.topic.Topics;
import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ExecutionException;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.admin.AlterConfigOp;
import org.apache.kafka.clients.admin.ConfigEntry;
import org.apache.kafka.clients.admin.NewTopic;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.common.config.ConfigResource;
import org.apache.kafka.common.serialization.ByteArraySerializer;
import org.rocksdb.RocksDB;

/** Real servers, and denormalizers as processes of their own, so that they can be killed. */
final class Stack implements AutoCloseable {

    static final int PARTITIONS = 4;
    private static final int LARGE = 16 << 20;

    private final Path data;
    private final LocalServers servers;
    private final Map<Integer, Integer> httpPorts = new HashMap<>();
    private final List<ManagedProcess> services = new ArrayList<>();
    private final KafkaProducer<byte[], byte[]> producer;
    private final Admin admin;

    Stack(Path data) {
        this.data = data;
        this.servers = LocalServers.in(data, Ports.free());
        servers.postgres().start();
        servers.kafka().start();
        servers.registry().start();
        producer = new KafkaProducer<>(Map.of("bootstrap.servers", servers.kafkaBootstrap(), "linger.ms", 0, "batch.size", 256 << 10, "compression.type", "lz4", "max.request.size", LARGE, "request.timeout.ms", 10_000, "delivery.timeout.ms", 120_000), new ByteArraySerializer(), new ByteArraySerializer());
        admin = Admin.create(Map.of("bootstrap.servers", servers.kafkaBootstrap()));
    }

    LocalServers servers() {
        return servers;
    }

    KafkaProducer<byte[], byte[]> producer() {
        return producer;
    }

    void topics(List<String> names) throws ExecutionException, InterruptedException {
        admin.createTopics(names.stream().map(n -> new NewTopic(n, PARTITIONS, (short) 1).configs(Map.of("cleanup.policy", n.startsWith(Topics.QUARANTINE) ? "delete" : "compact"))).toList()).all().get();
    }

    /** Lets topics take records of several MiB. */
    void largeRecords(List<String> topics) throws ExecutionException, InterruptedException {
        var larger = List.of(new AlterConfigOp(new ConfigEntry("max.message.bytes", Integer.toString(LARGE)), AlterConfigOp.OpType.SET));
        admin.incrementalAlterConfigs(topics.stream().collect(Collectors.toMap(t -> new ConfigResource(ConfigResource.Type.TOPIC, t), t -> larger))).all().get();
    }

    /** A denormalizer with a state folder of its own; it is not started yet. */
    ManagedProcess service(int number, String pipelines, Map<String, String> settings) {
        return add(spec(number, pipelines, settings));
    }

    /** The same where no file can grow beyond so many KiB, so that the state's disk soon takes no more. */
    ManagedProcess starved(int number, String pipelines, Map<String, String> settings, int kibibytes) throws IOException {
        var spec = spec(number, pipelines, settings);
        var command = new ArrayList<>(List.of("sh", "-c", "ulimit -f " + kibibytes * 2 + " && exec \"$@\"", "sh"));
        command.addAll(spec.command());
        command.add(command.size() - 2, "-Djava.library.path=" + rocksdb());
        return add(new ProcessSpec(spec.name(), command, spec.program(), spec.marker(), spec.folder(), spec.environment(), spec.ports(), spec.prepare(), spec.readiness(),
                spec.startTimeout(), spec.stopSignal(), spec.stopTimeout(), spec.log()));
    }

    /** Where RocksDB's library lies, which the service would otherwise write to a file first. */
    private Path rocksdb() throws IOException {
        var folder = Files.createDirectories(data.resolve("native"));
        var name = "librocksdbjni-linux64.so";
        try (var library = RocksDB.class.getResourceAsStream("/" + name)) {
            Files.copy(library, folder.resolve(name), StandardCopyOption.REPLACE_EXISTING);
        }
        return folder;
    }

    private ManagedProcess add(ProcessSpec spec) {
        var process = new ManagedProcess(spec);
        services.add(process);
        return process;
    }

    private ProcessSpec spec(int number, String pipelines, Map<String, String> settings) {
        int port = httpPorts.computeIfAbsent(number, n -> Ports.free(1).getFirst());
        var properties = new HashMap<>(Map.of(
                "quarkus.http.port", Integer.toString(port),
                "kafka.bootstrap.servers", servers.kafkaBootstrap(),
                "millrace.denormalizer.pipelines", pipelines,
                "millrace.denormalizer.registry-url", servers.registryUrl(),
                "millrace.denormalizer.state-folder", data.resolve("state-" + number).toString()));
        properties.putAll(settings);
        return ProcessSpec.quarkus("denormalizer-" + number, data, "384m", Path.of("target/quarkus-app/quarkus-run.jar"), properties, Map.of(),
                Map.of("http", port), Readiness.http(URI.create("http://localhost:" + port + "/q/health/live"))).withFirstCompilerOnly();
    }

    /** What a denormalizer says of its joins; empty while it does not answer. */
    String health(int number) throws InterruptedException {
        try (var http = HttpClient.newHttpClient()) {
            return http.send(HttpRequest.newBuilder(URI.create("http://localhost:" + httpPorts.get(number) + "/q/health/ready")).build(), HttpResponse.BodyHandlers.ofString()).body();
        } catch (IOException e) {
            return "";
        }
    }

    /** Who runs, the end of each one's log, and what the denormalizers say of their joins. */
    String state() {
        var healths = httpPorts.keySet().stream().map(number -> {
            try {
                return "\n--- health of denormalizer-" + number + "\n" + health(number);
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
                return "";
            }
        });
        return Stream.concat(Stream.concat(Stream.of(servers.kafka(), servers.registry()), services.stream())
                .map(process -> "\n--- " + process.name() + (process.running().isPresent() ? " runs" : " does not run") + "\n" + process.tail()), healths).collect(Collectors.joining());
    }

    String bootstrap() {
        return servers.kafkaBootstrap();
    }

    Admin admin() {
        return admin;
    }

    @Override
    public void close() {
        services.forEach(ManagedProcess::stop);
        producer.close();
        admin.close();
        servers.stop();
    }
}
