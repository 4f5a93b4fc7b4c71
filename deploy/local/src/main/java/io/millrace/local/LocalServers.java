package io.millrace.local;

import java.io.IOException;
import java.net.URI;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.channels.OverlappingFileLockException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.PosixFileAttributeView;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Properties;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Executors;
import java.util.function.Consumer;
import java.util.stream.Stream;

/**
 * PostgreSQL, Kafka, Apicurio Registry and OpenSearch as processes of this machine, with their data in one folder that
 * survives restarts. One instance at a time owns a data folder, from {@link #start} to {@link #stop}. Thread-safe.
 */
public final class LocalServers implements AutoCloseable {

    /** Superuser of the local PostgreSQL. It listens on the loopback interface only, so a fixed password is enough. */
    public static final String POSTGRES_USER = "postgres";
    public static final String POSTGRES_PASSWORD = "postgres";

    private static final String LAYOUT = "1";
    private static final List<String> LOGGING = List.of("-Dlog4j2.configurationFile=io/millrace/local/log4j2.xml", "-Dlog4j2.disableJmx=true");

    private final Path data;
    private final Ports ports;
    private final ManagedProcess postgres;
    private final ManagedProcess kafka;
    private final ManagedProcess registry;
    private final ManagedProcess search;
    /** Guarded by this; open while this instance owns the data folder. */
    private FileChannel lock;

    private LocalServers(Path data, Ports ports, Map<String, String> postgresSettings, Map<String, String> kafkaSettings) {
        var installation = Installation.find();
        this.data = data.toAbsolutePath().normalize();
        this.ports = ports;
        this.postgres = new ManagedProcess(new Postgres(installation, this.data, ports.postgres(), postgresSettings).spec(logs()));
        this.kafka = new ManagedProcess(kafkaSpec(installation, kafkaSettings));
        this.registry = new ManagedProcess(registrySpec(installation));
        this.search = new ManagedProcess(searchSpec(installation));
    }

    /** Servers whose data, logs and settings are under {@code data}. Nothing is started or written yet. */
    public static LocalServers in(Path data, Ports ports) {
        return in(data, ports, Map.of());
    }

    /** The same with PostgreSQL settings changed, e.g. {@code wal_level=replica} to see a service refuse it. */
    public static LocalServers in(Path data, Ports ports, Map<String, String> postgresSettings) {
        return in(data, ports, postgresSettings, Map.of());
    }

    /** The same with settings of the broker changed as well, e.g. those of {@link GuardedListener}. */
    public static LocalServers in(Path data, Ports ports, Map<String, String> postgresSettings, Map<String, String> kafkaSettings) {
        return new LocalServers(data, ports, postgresSettings, kafkaSettings);
    }

    /** The process that owns a data folder at this moment. */
    public static Optional<ProcessHandle> owner(Path data) {
        var file = lockFile(data);
        if (!Files.exists(file)) {
            return Optional.empty();
        }
        try (var channel = FileChannel.open(file, StandardOpenOption.READ, StandardOpenOption.WRITE)) {
            return tryLock(channel) ? Optional.empty() : ProcessHandle.of(Long.parseLong(Files.readString(file).strip()));
        } catch (IOException | NumberFormatException e) {
            throw new LocalException("Reading who owns the data folder " + data + " from " + file + " failed: " + e.getMessage(), e);
        }
    }

    /**
     * Takes the data folder for this instance, until {@link #stop} or {@link #release}; {@link #start} does so itself. To be
     * called first by whoever touches what an earlier run has left, which may still be in use. Does nothing the second time.
     *
     * @throws LocalException when another run has it, or when it is of another version
     */
    public synchronized void claim() {
        if (lock != null) {
            return;
        }
        try {
            var file = lockFile(data);
            Files.createDirectories(data);
            ownersAlone(data);
            Files.createDirectories(file.getParent());
            checkLayout();
            var channel = FileChannel.open(file, StandardOpenOption.CREATE, StandardOpenOption.READ, StandardOpenOption.WRITE);
            if (!tryLock(channel)) {
                channel.close();
                throw new LocalException(alreadyRuns(data, Long.parseLong(Files.readString(file).strip())));
            }
            channel.truncate(0);
            channel.write(ByteBuffer.wrap(Long.toString(ProcessHandle.current().pid()).getBytes(StandardCharsets.UTF_8)));
            lock = channel;
        } catch (IOException | NumberFormatException e) {
            throw new LocalException("The data folder " + data + " cannot be used: " + e.getMessage(), e);
        }
    }

    /** Rows, documents and passwords stand in it, and in its logs. */
    private static void ownersAlone(Path folder) throws IOException {
        if (Files.getFileStore(folder).supportsFileAttributeView(PosixFileAttributeView.class)) {
            Files.setPosixFilePermissions(folder, PosixFilePermissions.fromString("rwx------"));
        }
    }

    /** The message for whoever finds a data folder in use. */
    public static String alreadyRuns(Path data, long owner) {
        return "Millrace already runs on " + data + ", process " + owner
                + ". See it with ./millrace status --data " + data + ", stop it with ./millrace down --data " + data + ", or run another one beside it with another --data and --port-base";
    }

    /** Whether this instance has the data folder. */
    public synchronized boolean isOwner() {
        return lock != null;
    }

    /** As {@link #start(Consumer)}, silently. */
    public void start() {
        start(line -> { });
    }

    /**
     * Claims the data folder, starts all four and returns when all serve; what a crashed run has left is ended first.
     *
     * @param progress receives one line for each server that became ready
     * @throws LocalException when the data folder is in use or of another version, a port is taken, or a server does not
     *                        start; servers already started are stopped again
     */
    public synchronized void start(Consumer<String> progress) {
        claim();
        try (var threads = Executors.newVirtualThreadPerTaskExecutor()) {
            var chains = Stream.of(List.of(postgres, registry), List.of(kafka), List.of(search))
                    .map(chain -> threads.submit(() -> chain.forEach(server -> start(server, progress)))).toList();
            RuntimeException failure = null;
            for (var chain : chains) {
                try {
                    chain.get();
                } catch (ExecutionException e) {
                    failure = failure == null && e.getCause() instanceof RuntimeException cause ? cause : failure;
                }
            }
            if (failure != null) {
                stop();
                throw failure;
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            stop();
            throw new LocalException("Interrupted while starting the servers", e);
        }
    }

    /** Stops those that run, the registry before the database that it stores in, and gives the data folder free. */
    public synchronized void stop() {
        for (var server : List.of(registry, search, kafka, postgres)) {
            server.stop();
        }
        release();
    }

    /** The servers stay; another run may find them with {@link #servers()} or replace them. */
    public synchronized void release() {
        try {
            if (lock != null) {
                lock.close();
                lock = null;
            }
        } catch (IOException e) {
            throw new LocalException("Giving up the lock of " + data + " failed", e);
        }
    }

    @Override
    public void close() {
        stop();
    }

    public ManagedProcess postgres() {
        return postgres;
    }

    public ManagedProcess kafka() {
        return kafka;
    }

    public ManagedProcess registry() {
        return registry;
    }

    public ManagedProcess search() {
        return search;
    }

    /** All four, in the order in which they may be started one by one. */
    public List<ManagedProcess> servers() {
        return List.of(postgres, kafka, registry, search);
    }

    public Path data() {
        return data;
    }

    public Ports ports() {
        return ports;
    }

    /** {@link #POSTGRES_USER}. */
    public String postgresUser() {
        return POSTGRES_USER;
    }

    /** {@link #POSTGRES_PASSWORD}. */
    public String postgresPassword() {
        return POSTGRES_PASSWORD;
    }

    /** Address of one database, without credentials. */
    public String jdbcUrl(String database) {
        return "jdbc:postgresql://localhost:" + ports.postgres() + "/" + database;
    }

    public String kafkaBootstrap() {
        return "localhost:" + ports.kafka();
    }

    /** Apicurio's own API, version 3. */
    public String registryUrl() {
        return "http://localhost:" + ports.registry() + "/apis/registry/v3";
    }

    public String searchUrl() {
        return "http://localhost:" + ports.search();
    }

    /** The addresses by name, for a machine-readable description of the stack. */
    public Map<String, String> addresses() {
        return Map.of("postgres", "localhost:" + ports.postgres(), "kafka", kafkaBootstrap(), "registry", registryUrl(), "search", searchUrl());
    }

    private static void start(ManagedProcess server, Consumer<String> progress) {
        var took = server.start();
        progress.accept("%-10s ready in %4.1f s, pid %d".formatted(server.name(), took.toMillis() / 1000.0, server.running().map(ProcessHandle::pid).orElse(-1L)));
    }

    private static Path lockFile(Path data) {
        return data.resolve("run").resolve("servers.lock");
    }

    private static boolean tryLock(FileChannel channel) throws IOException {
        try {
            return channel.tryLock() != null;
        } catch (OverlappingFileLockException e) {
            return false;
        }
    }

    private void checkLayout() throws IOException {
        var file = data.resolve("layout");
        if (!Files.exists(file)) {
            Files.writeString(file, LAYOUT + "\n");
        } else if (!Files.readString(file).strip().equals(LAYOUT)) {
            throw new LocalException("The data folder " + data + " has layout " + Files.readString(file).strip() + ", and this version of Millrace knows layout " + LAYOUT
                    + ". Choose another folder with --data DIR, or delete its data with ./millrace reset --data " + data);
        }
    }

    private Path logs() {
        return data.resolve("logs");
    }

    private ProcessSpec kafkaSpec(Installation installation, Map<String, String> changed) {
        var settings = data.resolve("run").resolve("kafka.properties");
        var arguments = new ArrayList<>(installation.trained("kafka"));
        arguments.addAll(LOGGING);
        arguments.addAll(installation.run("kafka.Broker", settings.toString()));
        return ProcessSpec.jvm("kafka", data, "320m", arguments, data, Map.of(), Map.of("kafka", ports.kafka(), "kafka-controller", ports.kafkaController()),
                Readiness.kafka(ports.kafka())).forShortLife().withPrepare(() -> writeKafkaSettings(settings, changed));
    }

    private void writeKafkaSettings(Path file, Map<String, String> changed) {
        var p = new Properties();
        p.put("node.id", "1");
        p.put("process.roles", "broker,controller");
        p.put("controller.quorum.voters", "1@localhost:" + ports.kafkaController());
        p.put("controller.listener.names", "CONTROLLER");
        p.put("listeners", "PLAINTEXT://localhost:" + ports.kafka() + ",CONTROLLER://localhost:" + ports.kafkaController());
        p.put("advertised.listeners", "PLAINTEXT://localhost:" + ports.kafka());
        p.put("listener.security.protocol.map", "PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT");
        p.put("log.dirs", data.resolve("kafka").toString());
        p.put("num.network.threads", "2");
        p.put("num.io.threads", "4");
        for (var topic : List.of("offsets.topic", "transaction.state.log", "share.coordinator.state.topic")) {
            p.put(topic + ".replication.factor", "1");
            p.put(topic + ".num.partitions", "1");
        }
        p.put("transaction.state.log.min.isr", "1");
        p.put("share.coordinator.state.topic.min.isr", "1");
        p.put("group.initial.rebalance.delay.ms", "0");
        // After SIGKILL the broker may register again only when its old session is over; the default is 9 s.
        p.put("broker.session.timeout.ms", "4000");
        p.put("broker.heartbeat.interval.ms", "1000");
        // At rest the controller writes a record that says nothing each half second, by default.
        p.put("metadata.max.idle.interval.ms", "10000");
        // A topic that nobody provisioned is a mistake to be seen, not to be papered over.
        p.put("auto.create.topics.enable", "false");
        // The default of 128 MiB does not fit the heap.
        p.put("log.cleaner.dedupe.buffer.size", Integer.toString(16 << 20));
        p.putAll(changed);
        try {
            Files.createDirectories(file.getParent());
            try (var out = Files.newOutputStream(file)) {
                p.store(out, null);
            }
        } catch (IOException e) {
            throw new LocalException("Writing " + file + " failed: " + e.getMessage(), e);
        }
    }

    private ProcessSpec registrySpec(Installation installation) {
        var jar = installation.registryJar();
        var arguments = new ArrayList<>(installation.trained("registry"));
        arguments.addAll(List.of(
                "-Dquarkus.http.host=localhost", "-Dquarkus.http.port=" + ports.registry(),
                "-Dquarkus.management.host=localhost", "-Dquarkus.management.port=" + ports.registryManagement(),
                "-Dapicurio.storage.sql.kind=postgresql",
                "-Dapicurio.datasource.url=" + jdbcUrl(Postgres.REGISTRY_DATABASE),
                "-Dapicurio.datasource.username=" + POSTGRES_USER,
                "-Dapicurio.datasource.jdbc.initial-size=1", "-Dapicurio.datasource.jdbc.min-size=1", "-Dapicurio.datasource.jdbc.max-size=10",
                // A refused version answers 409 on both of its APIs.
                "-Dapicurio.rest.legacy-error-codes.enabled=true",
                "-jar", jar.toString()));
        return ProcessSpec.jvm("registry", data, "224m", arguments, jar.getParent(), Map.of("APICURIO_DATASOURCE_PASSWORD", POSTGRES_PASSWORD),
                Map.of("registry", ports.registry(), "registry-management", ports.registryManagement()),
                Readiness.http(URI.create("http://localhost:" + ports.registryManagement() + "/health/ready"))).withFirstCompilerOnly();
    }

    private ProcessSpec searchSpec(Installation installation) {
        var folder = data.resolve("search");
        var arguments = new ArrayList<>(installation.trained("search"));
        arguments.addAll(LOGGING);
        arguments.addAll(installation.run("search.SearchNode",
                "path.home=" + folder, "path.data=" + folder.resolve("data"), "path.logs=" + logs(),
                "cluster.name=millrace", "node.name=millrace", "discovery.type=single-node",
                "network.host=localhost", "http.port=" + ports.search(), "transport.port=" + ports.searchTransport(),
                // The serial collector lets the heap fill up before it collects; by its real use, requests would be refused for garbage.
                "indices.breaker.total.use_real_memory=false",
                "cluster.routing.allocation.disk.threshold_enabled=false"));
        return ProcessSpec.jvm("search", data, "384m", arguments, data, Map.of(), Map.of("search", ports.search(), "search-transport", ports.searchTransport()),
                Readiness.http(URI.create("http://localhost:" + ports.search() + "/_cluster/health?wait_for_status=yellow&timeout=1s")));
    }
}
