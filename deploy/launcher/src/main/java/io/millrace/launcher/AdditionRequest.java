package io.millrace.launcher;

import com.fasterxml.jackson.databind.json.JsonMapper;
import io.millrace.launcher.stack.Folders;
import io.millrace.local.LocalException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.time.Instant;
import java.util.List;
import java.util.Optional;

/**
 * What {@code up --pipeline} asks of the supervisor of a stack that runs, by a file in {@code run/additions} of the data folder, which its owner alone
 * may enter. The answer comes as lines in {@code ID.log}, and at its end the exit code in {@code ID.code}.
 *
 * @param files absolute paths of pipeline files, or folders of them
 * @param changeReplicaIdentity whether a table's replica identity may be changed
 * @param begun when the person began to wait, in milliseconds since the Unix epoch
 */
record AdditionRequest(List<String> files, boolean changeReplicaIdentity, long begun) {

    private static final String REQUEST = ".json";
    private static final JsonMapper JSON = new JsonMapper();

    /** One that was handed in. @param folder where it is @param id its name there */
    record Ticket(Path folder, String id) {

        Path log() {
            return folder.resolve(id + ".log");
        }

        /** The exit code, once the answer is complete. */
        Optional<Integer> code() throws IOException {
            var file = folder.resolve(id + ".code");
            return Files.exists(file) ? Optional.of(Integer.parseInt(Files.readString(file).strip())) : Optional.empty();
        }

        /** Ends the answer. */
        void end(int code) throws IOException {
            replace(folder.resolve(id + ".code"), Integer.toString(code));
        }

        /** Whether neither request nor answer is there: another supervisor has begun anew. */
        boolean isLost() {
            return !Files.exists(folder.resolve(id + REQUEST)) && !Files.exists(log());
        }

        /** To be called by whoever has read the answer. */
        void forget() throws IOException {
            Files.deleteIfExists(log());
            Files.deleteIfExists(folder.resolve(id + ".code"));
        }
    }

    /** There while a supervisor takes requests. */
    static Path folder(Path data) {
        return data.resolve("run").resolve("additions");
    }

    /** From now on requests are taken. */
    static void open(Path data) throws IOException {
        close(data);
        Files.createDirectories(folder(data));
    }

    /** From now on none are, and those of an earlier run are forgotten. */
    static void close(Path data) throws IOException {
        Folders.delete(folder(data));
    }

    AdditionRequest {
        files = List.copyOf(files);
    }

    Instant begin() {
        return Instant.ofEpochMilli(begun);
    }

    /** Hands it in. */
    Ticket hand(Path data) {
        var ticket = new Ticket(folder(data), "%d-%d".formatted(System.currentTimeMillis(), ProcessHandle.current().pid()));
        try {
            replace(ticket.folder().resolve(ticket.id() + REQUEST), JSON.writeValueAsString(this));
            return ticket;
        } catch (IOException e) {
            throw new LocalException("Asking the supervisor by " + ticket.folder() + " failed: " + e + ". It may be stopping; see ./millrace status --data " + data, e);
        }
    }

    /** The one that was handed in first and has not been taken yet. */
    static Optional<Ticket> first(Path data) throws IOException {
        try (var files = Files.list(folder(data))) {
            return files.map(file -> file.getFileName().toString()).filter(name -> name.endsWith(REQUEST)).sorted().findFirst().map(name -> new Ticket(folder(data), name.substring(0, name.length() - REQUEST.length())));
        }
    }

    /** What was asked; nobody else takes it any more. */
    static AdditionRequest take(Ticket ticket) throws IOException {
        var file = ticket.folder().resolve(ticket.id() + REQUEST);
        var request = JSON.readValue(file.toFile(), AdditionRequest.class);
        Files.delete(file);
        return request;
    }

    /** Whoever reads it sees all of it or nothing. */
    private static void replace(Path file, String text) throws IOException {
        var whole = Files.writeString(file.resolveSibling(file.getFileName() + ".new"), text);
        Files.move(whole, file, StandardCopyOption.ATOMIC_MOVE);
    }
}
