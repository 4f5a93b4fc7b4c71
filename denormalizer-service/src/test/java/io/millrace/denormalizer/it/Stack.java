package io.millrace.denormalizer.it;

import io.millrace.local.LocalServers;
import io.millrace.local.ManagedProcess;
import io.millrace.local.Ports;
import io.millrace.local.ProcessSpec;
import io.millrace.local.Readiness;
import java.net.URI;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ExecutionException;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.admin.NewTopic;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.common.serialization.ByteArraySerializer;

/** Real servers, and denormalizers as processes of their own, so that they can be killed. */
final class Stack implements AutoCloseable {

    static final int PARTITIONS = 4;

    private final Path data;
    private final LocalServers servers;
    private final List<ManagedProcess> services = new ArrayList<>();
    private final KafkaProducer<byte[], byte[]> producer;
    private final Admin admin;

    Stack(Path data) {
        this.data = data;
        this.servers = LocalServers.in(data, Ports.free());
        servers.postgres().start();
        servers.kafka().start();
        servers.registry().start();
        producer = new KafkaProducer<>(Map.of("bootstrap.servers", servers.kafkaBootstrap(), "linger.ms", 0), new ByteArraySerializer(), new ByteArraySerializer());
        admin = Admin.create(Map.of("bootstrap.servers", servers.kafkaBootstrap()));
    }

    LocalServers servers() {
        return servers;
    }

    KafkaProducer<byte[], byte[]> producer() {
        return producer;
    }

    void topics(List<String> names) throws ExecutionException, InterruptedException {
        admin.createTopics(names.stream().map(n -> new NewTopic(n, PARTITIONS, (short) 1).configs(Map.of("cleanup.policy", "compact"))).toList()).all().get();
    }

    /** A denormalizer with a state folder of its own; it is not started yet. */
    ManagedProcess service(int number, String pipelines, Map<String, String> settings) {
        int port = Ports.free(1).getFirst();
        var properties = new HashMap<>(Map.of(
                "quarkus.http.port", Integer.toString(port),
                "kafka.bootstrap.servers", servers.kafkaBootstrap(),
                "millrace.denormalizer.pipelines", pipelines,
                "millrace.denormalizer.registry-url", servers.registryUrl(),
                "millrace.denormalizer.state-folder", data.resolve("state-" + number).toString()));
        properties.putAll(settings);
        var process = new ManagedProcess(ProcessSpec.quarkus("denormalizer-" + number, data, "384m", Path.of("target/quarkus-app/quarkus-run.jar"), properties, Map.of(),
                Map.of("http", port), Readiness.http(URI.create("http://localhost:" + port + "/q/health/live"))));
        services.add(process);
        return process;
    }

    @Override
    public void close() {
        services.forEach(ManagedProcess::stop);
        producer.close();
        admin.close();
        servers.stop();
    }
}
