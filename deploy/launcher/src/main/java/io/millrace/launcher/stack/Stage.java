package io.millrace.launcher.stack;

import io.millrace.local.LocalException;
import io.millrace.pipeline.source.SourceUser;
import java.io.IOException;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Optional;

/** The five services, in the order of the data's flow, and the console. */
public enum Stage {
    CAPTURE("capture-service", 18101, "320m"),
    GATE("schema-registry-gate", 18102, "256m"),
    DENORMALIZER("denormalizer-service", 18103, "448m"),
    INDEXER("search-indexer", 18104, "256m"),
    PURGE("purge-service", 18105, "128m"),
    /** No stage of the data's way: the page that shows them. */
    CONSOLE("deploy/console", 18106, "112m");

    private final String module;
    private final int defaultPort;
    private final String heap;

    Stage(String module, int defaultPort, String heap) {
        this.module = module;
        this.defaultPort = defaultPort;
        this.heap = heap;
    }

    /** As in {@code millrace.<name>.*}, {@code --port <name>=N} and {@code logs <name>}. */
    public String stageName() {
        return name().toLowerCase();
    }

    /** Folder of its Maven module. */
    public String module() {
        return module;
    }

    int defaultPort() {
        return defaultPort;
    }

    /** As {@code -Xmx} takes it. */
    String heap() {
        return heap;
    }

    /** What its build leaves. */
    public Path jar(Path home) {
        return home.resolve(module).resolve("target").resolve("quarkus-app").resolve("quarkus-run.jar");
    }

    /** What its native build leaves; empty where there is none. */
    public Optional<Path> executable(Path home) {
        var target = home.resolve(module).resolve("target");
        if (!Files.isDirectory(target)) {
            return Optional.empty();
        }
        try (var files = Files.list(target)) {
            return files.filter(f -> f.getFileName().toString().endsWith("-runner") && Files.isExecutable(f)).findFirst();
        } catch (IOException e) {
            throw new LocalException("Looking for the native executable of " + module + " in " + target + " failed: " + e, e);
        }
    }

    static URI address(int port, boolean secured) {
        return URI.create((secured ? "https" : "http") + "://localhost:" + port);
    }

    /** As whom it comes to the servers of a secured stack; its rights are those of that name. */
    public String user() {
        return this == CONSOLE ? "console" : module;
    }

    /** What it does in the source database; empty where it never comes there. */
    Optional<SourceUser> sourceUser() {
        return switch (this) {
            case CAPTURE -> Optional.of(SourceUser.CAPTURE);
            case PURGE -> Optional.of(SourceUser.PURGE);
            case CONSOLE -> Optional.of(SourceUser.CONSOLE);
            case GATE, DENORMALIZER, INDEXER -> Optional.empty();
        };
    }

    /** Whether it comes to the registry. */
    boolean asksRegistry() {
        return this != PURGE && this != CONSOLE;
    }

    public static Optional<Stage> named(String name) {
        return Arrays.stream(values()).filter(s -> s.stageName().equals(name)).findFirst();
    }
}
