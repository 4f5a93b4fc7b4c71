package io.millrace.denormalizer.it;

import io.millrace.pipeline.file.Pipeline;
import io.millrace.pipeline.file.PipelineFiles;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Collectors;

/** Pipeline files that are other files with all their look-up tables subscribed to. */
public final class Subscribing {

    private Subscribing() {}

    /**
     * Writes such a file.
     *
     * @param from has no {@code tables} of its own
     * @param name of the new pipeline
     */
    public static Pipeline write(Path from, Path to, String name) throws IOException {
        var pipeline = PipelineFiles.load(List.of(from)).getFirst().pipeline();
        var tables = pipeline.lookUpTables().stream().map(t -> "  '" + t + "': {lookup: subscribe}\n").collect(Collectors.joining());
        var text = Files.readString(from).replace("name: " + pipeline.name() + "\n", "name: " + name + "\n").replace("\ndocument:", "\ntables:\n" + tables + "document:");
        return PipelineFiles.load(List.of(Files.writeString(to, text))).getFirst().pipeline();
    }
}
