package io.millrace.launcher.stack;

import com.fasterxml.jackson.databind.DeserializationFeature;
import com.fasterxml.jackson.databind.json.JsonMapper;
import io.millrace.local.LocalException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.List;
import java.util.Optional;

/**
 * What the supervisor tells other programs about a stack: {@code run/stack.json} in its data folder.
 *
 * @param state {@code starting}, {@code ready} or {@code stopping}
 * @param supervisor pid of the supervisor
 * @param pipelines the files of its pipelines
 * @param own those of them that are not the demo's, with which a later {@code up} on this folder begins
 * @param source JDBC URL of the demo database; null when the source is the user's own
 * @param slots replication slots in the sources, which stay when the stack stops
 * @param search address of the search engine
 * @param indexes the aliases to search
 * @param processes servers and services
 */
public record StackFile(String state, long supervisor, String data, List<String> pipelines, List<String> own, String source, List<String> slots, String search, List<String> indexes,
        List<Entry> processes) {

    private static final JsonMapper JSON = JsonMapper.builder().disable(DeserializationFeature.FAIL_ON_UNKNOWN_PROPERTIES).build();

    /**
     * @param kind {@code server}, {@code service}, or {@code worker} of Kafka Connect
     * @param pid -1 while it does not run
     * @param restarts how often the supervisor had to start it again
     */
    public record Entry(String name, String kind, String address, int port, long pid, int restarts, String log) {}

    public StackFile {
        own = own == null ? List.of() : own;
    }

    static Path in(Path data) {
        return data.resolve("run").resolve("stack.json");
    }

    /** The last that was written, also when that supervisor is gone since. */
    public static Optional<StackFile> read(Path data) {
        var file = in(data);
        if (!Files.exists(file)) {
            return Optional.empty();
        }
        try {
            return Optional.of(JSON.readValue(file.toFile(), StackFile.class));
        } catch (IOException e) {
            throw new LocalException("Reading " + file + " failed: " + e.getMessage() + ". Delete it and run ./millrace up --data " + data + " again", e);
        }
    }

    void write(Path data) {
        var file = in(data);
        try {
            Files.createDirectories(file.getParent());
            var fresh = file.resolveSibling("stack.json.new");
            JSON.writerWithDefaultPrettyPrinter().writeValue(fresh.toFile(), this);
            Files.move(fresh, file, StandardCopyOption.REPLACE_EXISTING, StandardCopyOption.ATOMIC_MOVE);
        } catch (IOException e) {
            throw new LocalException("Writing " + file + " failed: " + e.getMessage(), e);
        }
    }

    public Optional<Entry> process(String name) {
        return processes.stream().filter(p -> p.name().equals(name)).findFirst();
    }
}
