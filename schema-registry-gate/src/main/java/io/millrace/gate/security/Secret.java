package io.millrace.gate.security;

import io.millrace.gate.GateConfig.Reference;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;

/** Finds what must not stand in a configuration. */
public final class Secret {

    private Secret() {}

    /**
     * @param key the configuration's key that the reference stands under
     * @return the text without white space around it, null where nothing is referred to
     * @throws IllegalStateException when what is referred to is not there, or twice
     */
    public static String read(String key, Reference reference) {
        if (reference.env().isPresent() && reference.file().isPresent()) {
            throw new IllegalStateException(key + ".env and " + key + ".file are both set; it can come from one place only");
        }
        if (reference.env().isPresent()) {
            var name = reference.env().get();
            var text = System.getenv(name);
            if (text == null || text.isBlank()) {
                throw new IllegalStateException("The environment variable " + name + ", to which " + key + ".env refers, is not set; set it where the gate starts");
            }
            return text.strip();
        }
        return reference.file().isPresent() ? file(key, reference.file().get()) : null;
    }

    private static String file(String key, Path file) {
        try {
            var text = Files.readString(file);
            if (text.isBlank()) {
                throw new IllegalStateException("The file " + file + ", to which " + key + ".file refers, is empty; write the text into it");
            }
            return text.strip();
        } catch (IOException e) {
            throw new IllegalStateException("The file " + file + ", to which " + key + ".file refers, cannot be read (" + e + "); create it or correct the path", e);
        }
    }
}
