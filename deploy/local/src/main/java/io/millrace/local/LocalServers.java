package io.millrace.local;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.net.URI;
import java.net.URLEncoder;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.channels.OverlappingFileLockException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.HashMap;
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

    /** Superuser of the local PostgreSQL. It listens on the loopback interface only, so a fixed password is enough, but in a secured stack. */
    public static final String POSTGRES_USER = "postgres";
    public static final String POSTGRES_PASSWORD = "postgres";

    private static final String LAYOUT = "1";
    private static final String KAFKA = "kafka";
    private static final String REGISTRY = "registry";
    private static final String BROKER = "broker";
    private static final List<String> LOGGING = List.of("-Dlog4j2.configurationFile=io/millrace/local/log4j2.xml", "-Dlog4j2.disableJmx=true");

    private final Path data;
    private final Ports ports;
    private final ManagedProcess postgres;
    private final ManagedProcess kafka;
    private final ManagedProcess registry;
    private final ManagedProcess search;
    /** Null where the servers believe everybody. */
    private final Keyring keyring;
    /** Whoever may come, besides those of the servers themselves. */
    private volatile List<LocalUser> users;
    /** Guarded by this; open while this instance owns the data folder. */
    private FileChannel lock;

    private LocalServers(Path data, Ports ports, Map<String, String> postgresSettings, Map<String, String> kafkaSettings, Keyring keyring, List<LocalUser> users) {
        var installation = Installation.find();
        this.data = data.toAbsolutePath().normalize();
        this.ports = ports;
        this.keyring = keyring;
        this.users = List.copyOf(users);
        this.postgres = new ManagedProcess(new Postgres(installation, this.data, ports.postgres(), postgresSettings, keyring).spec(logs()));
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
        return new LocalServers(data, ports, postgresSettings, kafkaSettings, null, List.of());
    }

    /**
     * Servers that speak nothing but TLS and answer nobody whom they do not know: Kafka by SCRAM and with its own authorizer, PostgreSQL
     * by SCRAM, registry and search engine by basic authentication and roles. Passwords and certificates are those of the folder's
     * {@link Keyring}, which is made now where there is none; {@link Keyring#ADMIN} may everything.
     *
     * @param users who comes, besides
     * @throws LocalException when the folder has data already and is not secured: passwords are in the data from the first start on
     */
    public static LocalServers secured(Path data, Ports ports, List<LocalUser> users) {
        requireSecurable(data);
        return new LocalServers(data, ports, Map.of(), Map.of(), Keyring.in(data), users);
    }

    /** @throws LocalException when the folder has data already and is not secured */
    public static void requireSecurable(Path data) {
        if (!Keyring.isIn(data) && Files.exists(data.resolve("postgres"))) {
            throw new LocalException("The data folder " + data + " is that of an open stack, whose data cannot be secured afterwards. Choose another folder with --data DIR, or delete its data with ./millrace reset --data " + data);
        }
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
            OwnersAlone.folder(data);
            Files.createDirectories(file.getParent());
            checkLayout();
            checkSecured();
            var channel = FileChannel.open(file, StandardOpenOption.CREATE, StandardOpenOption.READ, StandardOpenOption.WRITE);
            if (!tryLock(channel)) {
                channel.close();
                throw new LocalException(alreadyRuns(data, Long.parseLong(Files.readString(file).strip())));
            }
            channel.truncate(0);
            channel.write(ByteBuffer.wrap(Long.toString(ProcessHandle.current().pid()).getBytes(StandardCharsets.UTF_8)));
            lock = channel;
            if (keyring != null) {
                keyring.renew();
            }
        } catch (IOException | NumberFormatException e) {
            throw new LocalException("The data folder " + data + " cannot be used: " + e.getMessage(), e);
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

    /**
     * Lets others come than before. The search engine of a secured stack knows them at once, for it reads its users again; Kafka and the registry
     * know them from their next start on. Nothing is written where the servers believe everybody.
     *
     * @param all who comes, besides {@link Keyring#ADMIN}
     */
    public void admit(List<LocalUser> all) {
        users = List.copyOf(all);
        if (keyring != null) {
            writeSearchUsers();
        }
    }

    /** Stops those that run, the registry before the database that it stores in, and gives the data folder free. */
    public synchronized void stop() {
        for (var server : List.of(registry, search, kafka, postgres)) {
            server.stop();
        }
        release();
    }

    /**
     * Deletes the certificates and passwords of a secured stack for which no server has begun its data: the folder would be a secured
     * one for whoever starts next, without having asked for that. To be called by whoever has claimed the folder.
     */
    public synchronized void forgetUnusedSecrets() {
        if (keyring != null && Stream.of("postgres", KAFKA, "search").noneMatch(server -> Files.exists(data.resolve(server)))) {
            keyring.forget();
        }
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

    /** {@link #POSTGRES_PASSWORD}, but in a secured stack. */
    public String postgresPassword() {
        return keyring == null ? POSTGRES_PASSWORD : keyring.password(POSTGRES_USER);
    }

    /** Certificates and passwords; empty where the servers believe everybody. */
    public Optional<Keyring> keyring() {
        return Optional.ofNullable(keyring);
    }

    /** Address of one database, without credentials. */
    public String jdbcUrl(String database) {
        var url = "jdbc:postgresql://localhost:" + ports.postgres() + "/" + database;
        return keyring == null ? url : url + "?sslmode=verify-full&sslrootcert=" + URLEncoder.encode(keyring.authority().toString(), StandardCharsets.UTF_8);
    }

    public String kafkaBootstrap() {
        return "localhost:" + ports.kafka();
    }

    /** How a client of Kafka gets in as {@link Keyring#ADMIN}, with the address; its names are Kafka's. Holds a password where there are any. */
    public Map<String, String> kafkaAdmin() {
        var settings = new HashMap<>(Map.of("bootstrap.servers", kafkaBootstrap()));
        keyring().ifPresent(known -> settings.putAll(known.kafkaAdmin()));
        return Map.copyOf(settings);
    }

    private String scheme() {
        return keyring == null ? "http" : "https";
    }

    /** Apicurio's own API, version 3. */
    public String registryUrl() {
        return scheme() + "://localhost:" + ports.registry() + "/apis/registry/v3";
    }

    public String searchUrl() {
        return scheme() + "://localhost:" + ports.search();
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

    private void checkSecured() {
        if (keyring == null && Keyring.isIn(data)) {
            throw new LocalException("The data folder " + data + " is that of a secured stack, and this one is to be an open one. Start it with --secure, or choose another folder with --data DIR");
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
        if (keyring != null) {
            arguments.add(kafkaLogins().toString());
        }
        return ProcessSpec.jvm(KAFKA, data, "320m", arguments, data, Map.of(), Map.of(KAFKA, ports.kafka(), "kafka-controller", ports.kafkaController()),
                Readiness.kafka(keyring == null ? Readiness.Connecting.PLAIN : Readiness.Connecting.tls(keyring::clients), ports.kafka())).forShortLife().withPrepare(() -> writeKafkaSettings(settings, changed));
    }

    private Path kafkaLogins() {
        return keyring.folder().resolve("kafka-logins.properties");
    }

    /** Broker and controller know each other by their certificate, everybody else by SCRAM. */
    private Map<String, String> securedKafka() {
        var shown = keyring.bundle(KAFKA).toString();
        var p = new HashMap<String, String>();
        p.put("listeners", "SASL_SSL://localhost:" + ports.kafka() + ",CONTROLLER://localhost:" + ports.kafkaController());
        p.put("advertised.listeners", "SASL_SSL://localhost:" + ports.kafka());
        p.put("listener.security.protocol.map", "SASL_SSL:SASL_SSL,CONTROLLER:SSL");
        p.put("inter.broker.listener.name", "SASL_SSL");
        p.put("sasl.enabled.mechanisms", "SCRAM-SHA-512");
        p.put("sasl.mechanism.inter.broker.protocol", "SCRAM-SHA-512");
        p.put("listener.name.sasl_ssl.scram-sha-512.sasl.jaas.config", keyring.scram(BROKER));
        p.put("listener.name.controller.ssl.client.auth", "required");
        p.put("ssl.keystore.type", "PEM");
        p.put("ssl.keystore.location", shown);
        p.put("ssl.truststore.type", "PEM");
        p.put("ssl.truststore.location", keyring.authority().toString());
        p.put("authorizer.class.name", "org.apache.kafka.metadata.authorizer.StandardAuthorizer");
        p.put("super.users", "User:CN=" + KAFKA + ";User:" + BROKER + ";User:" + Keyring.ADMIN);
        return p;
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
        if (keyring != null) {
            p.putAll(securedKafka());
            var logins = new Properties();
            Stream.concat(users.stream().filter(LocalUser::kafka).map(LocalUser::name), Stream.of(BROKER, Keyring.ADMIN)).forEach(user -> logins.put(user, keyring.password(user)));
            write(kafkaLogins(), logins);
        }
        p.putAll(changed);
        write(file, p);
    }

    /** Passwords stand in some of them. Whoever loads them from bytes takes these for ISO 8859-1, in which other characters are escaped. */
    static void write(Path file, Properties properties) {
        var bytes = new ByteArrayOutputStream();
        try {
            properties.store(bytes, null);
            Files.createDirectories(file.getParent());
        } catch (IOException e) {
            throw new LocalException("Writing " + file + " failed: " + e.getMessage(), e);
        }
        OwnersAlone.write(file, bytes.toString(StandardCharsets.ISO_8859_1));
    }

    private ProcessSpec registrySpec(Installation installation) {
        var jar = installation.registryJar();
        var arguments = new ArrayList<>(installation.trained("registry"));
        arguments.addAll(List.of(
                "-Dquarkus.http.host=localhost", "-Dquarkus.http.port=" + ports.registry(),
                "-Dquarkus.management.host=localhost", "-Dquarkus.management.port=" + ports.registryManagement(),
                "-Dapicurio.storage.sql.kind=postgresql",
                "-Dapicurio.datasource.url=" + jdbcUrl(Postgres.REGISTRY_DATABASE),
                "-Dapicurio.datasource.username=" + (keyring == null ? POSTGRES_USER : Postgres.REGISTRY_DATABASE),
                "-Dapicurio.datasource.jdbc.initial-size=1", "-Dapicurio.datasource.jdbc.min-size=1", "-Dapicurio.datasource.jdbc.max-size=10",
                // A refused version answers 409 on both of its APIs.
                "-Dapicurio.rest.legacy-error-codes.enabled=true",
                "-jar", jar.toString()));
        var taken = Map.of(REGISTRY, ports.registry(), "registry-management", ports.registryManagement());
        var ready = URI.create(scheme() + "://localhost:" + ports.registryManagement() + "/health/ready");
        if (keyring == null) {
            return ProcessSpec.jvm(REGISTRY, data, "224m", arguments, jar.getParent(), Map.of("APICURIO_DATASOURCE_PASSWORD", POSTGRES_PASSWORD), taken, Readiness.http(ready)).withFirstCompilerOnly();
        }
        var settings = keyring.folder().resolve("registry.properties");
        arguments.addFirst("-Dquarkus.config.locations=" + settings);
        return ProcessSpec.jvm(REGISTRY, data, "224m", arguments, jar.getParent(), Map.of(), taken, Readiness.https(ready, keyring)).withFirstCompilerOnly().withPrepare(() -> writeRegistrySettings(settings));
    }

    private void writeRegistrySettings(Path file) {
        var shown = keyring.certificate(REGISTRY);
        var p = new Properties();
        p.put("apicurio.datasource.password", keyring.password(Postgres.REGISTRY_DATABASE));
        for (var http : List.of("quarkus.http", "quarkus.management")) {
            p.put(http + ".ssl.certificate.files", shown.certificate().toString());
            p.put(http + ".ssl.certificate.key-files", shown.key().toString());
        }
        p.put("quarkus.http.ssl-port", Integer.toString(ports.registry()));
        p.put("quarkus.http.insecure-requests", "disabled");
        p.put("quarkus.http.auth.basic", "true");
        p.put("apicurio.auth.role-based-authorization", "true");
        // It keeps the roles itself, where the provisioner gives them; but for the one who may give them.
        p.put("apicurio.auth.role-source", "application");
        p.put("apicurio.auth.admin-override.enabled", "true");
        p.put("apicurio.auth.admin-override.from", "token");
        p.put("apicurio.auth.admin-override.type", "user");
        p.put("apicurio.auth.admin-override.user", Keyring.ADMIN);
        p.put("quarkus.security.users.embedded.plain-text", "true");
        Stream.concat(users.stream().filter(LocalUser::registry).map(LocalUser::name), Stream.of(Keyring.ADMIN)).forEach(user -> {
            p.put("quarkus.security.users.embedded.users." + user, keyring.password(user));
            // A user has to have one there; what it may do is said by the registry's own.
            p.put("quarkus.security.users.embedded.roles." + user, "user");
        });
        write(file, p);
    }

    private ProcessSpec searchSpec(Installation installation) {
        var folder = data.resolve("search");
        var arguments = new ArrayList<>(installation.trained("search"));
        arguments.addAll(LOGGING);
        arguments.addAll(installation.run("search.SearchNode"));
        arguments.addAll(List.of("path.home=" + folder, "path.data=" + folder.resolve("data"), "path.logs=" + logs(),
                "cluster.name=millrace", "node.name=millrace", "discovery.type=single-node",
                "network.host=localhost", "http.port=" + ports.search(), "transport.port=" + ports.searchTransport(),
                // The serial collector lets the heap fill up before it collects; by its real use, requests would be refused for garbage.
                "indices.breaker.total.use_real_memory=false",
                "cluster.routing.allocation.disk.threshold_enabled=false"));
        var taken = Map.of("search", ports.search(), "search-transport", ports.searchTransport());
        var ready = URI.create(scheme() + "://localhost:" + ports.search() + "/_cluster/health?wait_for_status=yellow&timeout=1s");
        if (keyring == null) {
            return ProcessSpec.jvm("search", data, "384m", arguments, data, Map.of(), taken, Readiness.http(ready));
        }
        arguments.addAll(List.of("http.type=netty4-secure", "transport.type=netty4-secure", "millrace.secured=" + data));
        return ProcessSpec.jvm("search", data, "384m", arguments, data, Map.of(), taken, Readiness.https(ready, keyring, Keyring.ADMIN)).withPrepare(this::writeSearchUsers);
    }

    private void writeSearchUsers() {
        keyring.certificate("search");
        var known = new Properties();
        Stream.concat(users.stream().map(LocalUser::name), Stream.of(Keyring.ADMIN)).forEach(user -> known.put(user, keyring.password(user)));
        write(keyring.folder().resolve("search-users.properties"), known);
    }
}
