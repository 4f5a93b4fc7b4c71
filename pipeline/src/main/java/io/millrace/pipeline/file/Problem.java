package io.millrace.pipeline.file;

import java.nio.file.Path;

/**
 * One thing that is wrong with a pipeline file.
 *
 * @param file the file
 * @param line counted from 1; 0 where no line can be named
 * @param at path inside the file, such as {@code document.one.team.on}; empty for the whole
 * @param message what is wrong and what is allowed
 */
public record Problem(Path file, int line, String at, String message) {

    @Override
    public String toString() {
        return file + (line > 0 ? ":" + line : "") + ": " + (at.isEmpty() ? "" : at + ": ") + message;
    }
}
