package io.millrace.launcher.stack;

import io.millrace.local.LocalException;
import io.millrace.local.LocalServers;
import io.millrace.local.LocalUser;
import io.millrace.local.ManagedProcess;
import io.millrace.local.ProcessSpec;
import io.millrace.local.Readiness;
import io.millrace.pipeline.file.PipelineFiles;
import io.millrace.pipeline.source.SourceUser;
import io.millrace.provisioner.Login;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.attribute.PosixFilePermissions;
import java.security.SecureRandom;
import java.util.Arrays;
import java.util.Collection;
import java.util.EnumMap;
import java.util.HexFormat;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/** The four servers, the five services and the console of one data folder, each a process of its own. */
public final class Stack {

    /** The database of the tables to which documents of pipelines with the target postgres go, where nothing is secured. */
    public static final String TABLES = "postgres";
    private static final String EXECUTABLE = "service";

    private final StackOptions options;
    private final LocalServers servers;
    private final Map<Stage, ManagedProcess> stages = new EnumMap<>(Stage.class);
    private final ManagedProcess connect;

    public Stack(StackOptions options) {
        this(options, options.secured() ? LocalServers.secured(options.data(), options.servers(), users(options)) : LocalServers.in(options.data(), options.servers()));
    }

    private Stack(StackOptions options, LocalServers servers) {
        this.options = options;
        this.servers = servers;
        for (var stage : Stage.values()) {
            stages.put(stage, new ManagedProcess(spec(stage)));
        }
        this.connect = new ManagedProcess(new ConnectWorker(options, servers).spec());
    }

    /**
     * The same servers, with services that read other pipeline files once they are started again; who runs meanwhile goes on as it is. A secured
     * stack's search engine knows from now on who reads the files' indexes.
     *
     * @param pipelines pipeline files, or folders of them
     */
    public Stack with(List<Path> pipelines) {
        var others = options.withPipelines(pipelines);
        servers.admit(users(others));
        return new Stack(others, servers);
    }

    /** The services, and for each index somebody who reads it. */
    private static List<LocalUser> users(StackOptions options) {
        var services = Arrays.stream(Stage.values()).map(stage -> new LocalUser(stage.user(), stage != Stage.CONSOLE, stage.asksRegistry()));
        var readers = PipelineFiles.load(options.pipelines()).stream().map(file -> new LocalUser(reader(file.pipeline().index().name()), false, false)).distinct();
        return Stream.concat(services, readers).toList();
    }

    /** As whom an application reads an index of a secured stack. */
    public static String reader(String index) {
        return "reader-" + index;
    }

    public StackOptions options() {
        return options;
    }

    public LocalServers servers() {
        return servers;
    }

    public ManagedProcess stage(Stage stage) {
        return stages.get(stage);
    }

    /** The Kafka Connect worker, also where none was asked for: an earlier run may have left one. */
    public ManagedProcess connect() {
        return connect;
    }

    /** What runs beside the servers and services, because it was asked for. */
    public List<ManagedProcess> extras() {
        return options.extras().contains(StackOptions.Extra.CONNECT) ? List.of(connect) : List.of();
    }

    /** Servers, then services, then what runs beside them. */
    public List<ManagedProcess> processes() {
        return Stream.of(servers.servers(), stages.values(), extras()).flatMap(Collection::stream).toList();
    }

    public String address(Stage stage) {
        return Stage.address(options.stages().get(stage), options.secured()).toString();
    }

    /** How its processes are reached. */
    public StackAccess access() {
        return StackAccess.of(options.data());
    }

    /** The order in which nothing is taken in that nobody takes on: sources first, then down the stream. */
    public static List<Stage> stopOrder() {
        return List.of(Stage.CONSOLE, Stage.CAPTURE, Stage.PURGE, Stage.GATE, Stage.DENORMALIZER, Stage.INDEXER);
    }

    /** @throws LocalException naming every service that has not been built */
    public void requireBuilt() {
        requireBuilt(options);
    }

    /** The same before there is a stack. */
    public static void requireBuilt(StackOptions options) {
        var missing = Arrays.stream(Stage.values()).filter(s -> !options.natives().contains(s) && !Files.exists(s.jar(options.home()))).map(s -> s.jar(options.home()).toString()).toList();
        if (!missing.isEmpty()) {
            throw new LocalException("Not built: " + String.join(", ", missing) + ". Run ./millrace up from the root of the checkout, which builds what is missing, or ./mvnw package -DskipTests");
        }
        options.natives().forEach(stage -> executable(options, stage));
        if (options.extras().contains(StackOptions.Extra.CONNECT)) {
            ConnectWorker.requireBuilt(options.home());
        }
    }

    /** The environment through which a service finds the database of the demo's pipeline files, as its own role; empty for a service that does not come there, and for a database of the user's own. */
    public Map<String, String> sourceEnvironment(Stage stage) {
        return options.source() == null ? Map.of() : stage.sourceUser().map(DemoDatabase::role).map(role -> Map.of(
                "MILLRACE_SOURCE_URL", servers.jdbcUrl(options.source().database()),
                "MILLRACE_SOURCE_USER", role,
                "MILLRACE_SOURCE_PASSWORD", sourcePassword(role))).orElse(Map.of());
    }

    /** The services that come to the demo's database as other roles than that of its pipeline files; empty for a database of the user's own. */
    public Map<SourceUser, Login> sourceRoles() {
        return options.source() == null ? Map.of() : Stream.of(SourceUser.PURGE, SourceUser.CONSOLE).collect(Collectors.toMap(user -> user, user -> new Login(DemoDatabase.role(user), sourcePassword(DemoDatabase.role(user)))));
    }

    private String sourcePassword(String role) {
        return servers.keyring().map(keyring -> keyring.password(role)).orElse(role);
    }

    private ProcessSpec spec(Stage stage) {
        int port = options.stages().get(stage);
        var ports = Map.of(stage.stageName(), port);
        var address = Stage.address(port, options.secured()).resolve("/q/health/live");
        var alive = servers.keyring().map(keyring -> Readiness.https(address, keyring)).orElseGet(() -> Readiness.http(address));
        if (isNative(stage)) {
            return ProcessSpec.executable(stage.stageName(), options.data(), stage.heap(), application(stage).resolve(EXECUTABLE), properties(stage), sourceEnvironment(stage), ports, alive)
                    .withPrepare(() -> {
                        makeToken();
                        takeBuild(stage, executable(options, stage), application(stage).resolve(EXECUTABLE));
                    });
        }
        var spec = ProcessSpec.copied(stage.stageName(), options.data(), stage.heap(), stage.jar(options.home()), application(stage).resolve("quarkus-run.jar"), properties(stage), sourceEnvironment(stage), ports, alive)
                .withPrepare(() -> {
                    makeToken();
                    takeBuild(stage, stage.jar(options.home()).getParent(), application(stage));
                });
        // These answer a few requests.
        return stage == Stage.PURGE || stage == Stage.CONSOLE ? spec.withFirstCompilerOnly() : spec.forShortLife();
    }

    private boolean isNative(Stage stage) {
        return options.natives().contains(stage);
    }

    private static Path executable(StackOptions options, Stage stage) {
        return stage.executable(options.home()).orElseThrow(() -> new LocalException("There is no native executable of " + stage.module()
                + ". Build it with ./mvnw package -DskipTests -Dnative -pl " + stage.module() + " -am, which needs Mandrel 25 or GraalVM 25 (capture has none)"));
    }

    private Path application(Stage stage) {
        return options.data().resolve("run").resolve("applications").resolve(stage.stageName());
    }

    /**
     * A build replaces the jars in {@code target}, and a service that then opens one of them hangs. So each start takes the
     * build as it is into the data folder, by links where the file system can.
     */
    private void takeBuild(Stage stage, Path from, Path to) {
        try (var files = Files.walk(from)) {
            Folders.delete(application(stage));
            Files.createDirectories(application(stage));
            for (var file : (Iterable<Path>) files::iterator) {
                var target = file.equals(from) ? to : to.resolve(from.relativize(file).toString());
                if (Files.isDirectory(file)) {
                    Files.createDirectories(target);
                } else {
                    linkOrCopy(file, target);
                }
            }
        } catch (IOException | UncheckedIOException e) {
            throw new LocalException("Taking the build of " + stage.module() + " from " + from + " to " + to + " failed: " + e + ". Build it again with ./mvnw package -DskipTests -pl "
                    + stage.module() + " -am", e);
        }
    }

    /** With its time, or the AOT cache would not be of this jar. */
    private static void linkOrCopy(Path file, Path target) throws IOException {
        try {
            Files.createLink(target, file);
        } catch (IOException | UnsupportedOperationException e) {
            Files.copy(file, target, StandardCopyOption.COPY_ATTRIBUTES);
        }
    }

    private Map<String, String> properties(Stage stage) {
        var prefix = "millrace." + stage.stageName() + ".";
        var p = new LinkedHashMap<String, String>();
        p.put("quarkus.http.host", "localhost");
        p.put("quarkus.http.port", options.stages().get(stage).toString());
        p.put(prefix + "pipelines", options.pipelines().stream().map(f -> f.toAbsolutePath().toString()).collect(Collectors.joining(",")));
        p.put("kafka.bootstrap.servers", servers.kafkaBootstrap());
        servers.keyring().ifPresent(keyring -> p.putAll(new SecuredStage(stage, keyring).properties(options.stages().get(stage))));
        if (options.otlp() != null) {
            p.put("quarkus.otel.sdk.disabled", "false");
            p.put("quarkus.otel.exporter.otlp.endpoint", options.otlp());
            p.put("quarkus.otel.exporter.otlp.protocol", "http/protobuf");
        }
        switch (stage) {
            case CAPTURE, GATE -> {
                p.put(prefix + "registry-url", servers.registryUrl());
                p.put(prefix + "token.file", token().toString());
            }
            case DENORMALIZER -> {
                p.put(prefix + "registry-url", servers.registryUrl());
                p.put(prefix + "state-folder", options.data().resolve("denormalizer").toString());
            }
            case INDEXER -> {
                p.put(prefix + "registry-url", servers.registryUrl());
                p.put(prefix + "token.file", token().toString());
                p.put(prefix + "search-url", servers.searchUrl());
                p.putAll(tables(prefix));
            }
            case PURGE -> {
                p.put(prefix + "token.file", token().toString());
                p.put(prefix + "freshness.search-url", servers.searchUrl());
                p.putAll(tables(prefix + "freshness."));
            }
            case CONSOLE -> {
                for (var other : Stage.values()) {
                    if (other != Stage.CONSOLE) {
                        p.put(prefix + other.stageName() + "-urls", address(other));
                    }
                }
                p.put(prefix + "search-url", servers.searchUrl());
                if (options.secured()) {
                    p.put(prefix + "token-file", token().toString());
                }
            }
        }
        return p;
    }

    /** Where documents of pipelines with the target postgres go: beside the registry's database, whose password is no secret. A secured stack has nobody in its database who may make tables there. */
    private Map<String, String> tables(String prefix) {
        return options.secured() ? Map.of() : Map.of(prefix + "table-url", servers.jdbcUrl(TABLES) + "?user=" + LocalServers.POSTGRES_USER + "&password=" + LocalServers.POSTGRES_PASSWORD);
    }

    /** Whoever reads this file may ask capture, the gate, the indexer and the purge service for changes. */
    public Path token() {
        return options.data().resolve("token");
    }

    private void makeToken() {
        if (Files.exists(token())) {
            return;
        }
        try {
            var bytes = new byte[24];
            new SecureRandom().nextBytes(bytes);
            Files.createDirectories(options.data());
            Files.createFile(token(), PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rw-------")));
            Files.writeString(token(), HexFormat.of().formatHex(bytes));
        } catch (IOException e) {
            throw new LocalException("Writing " + token() + " failed: " + e.getMessage(), e);
        }
    }
}
