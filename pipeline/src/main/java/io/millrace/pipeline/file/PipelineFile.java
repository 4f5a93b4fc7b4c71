package io.millrace.pipeline.file;

import java.nio.file.Path;
import java.util.Map;

/**
 * A pipeline and the file that it was read from.
 *
 * @param path the file
 * @param pipeline what it asks for
 * @param lines for each path in the file, such as {@code document.one.team}, the line where its value begins
 */
public record PipelineFile(Path path, Pipeline pipeline, Map<String, Integer> lines) {

    /** A problem with what stands at a path of this file. */
    public Problem problem(String at, String message) {
        return new Problem(path, Yaml.nearest(lines, at), at, message);
    }
}
