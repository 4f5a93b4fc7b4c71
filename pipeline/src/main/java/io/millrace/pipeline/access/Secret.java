package io.millrace.pipeline.access;

import io.millrace.pipeline.file.Unreadable;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Optional;
import java.util.function.Function;

/** Where what must not stand in a configuration is found: in an environment variable or in a file, or nowhere. */
public final class Secret {

    private final String envKey;
    private final Optional<String> env;
    private final String fileKey;
    private final Optional<Path> file;

    private Secret(String envKey, Optional<String> env, String fileKey, Optional<Path> file) {
        this.envKey = envKey;
        this.env = env;
        this.fileKey = fileKey;
        this.file = file;
    }

    /**
     * @param key the configuration's key that both references stand under, as {@code env} and {@code file}
     * @param env the environment variable that holds it
     * @param file the file that holds it
     */
    public static Secret of(String key, Optional<String> env, Optional<Path> file) {
        return new Secret(key + ".env", env, key + ".file", file);
    }

    /** @param key the whole key of the reference */
    public static Secret inFile(String key, Optional<Path> file) {
        return new Secret(null, Optional.empty(), key, file);
    }

    /**
     * @return the text without white space around it, null where nothing is referred to
     * @throws IllegalStateException when what is referred to is not there, is empty, or is referred to twice
     */
    public String read() {
        return read(System::getenv);
    }

    String read(Function<String, String> environment) {
        if (env.isPresent() && file.isPresent()) {
            throw new IllegalStateException(envKey + " and " + fileKey + " are both set; it can come from one place only");
        }
        if (env.isPresent()) {
            var text = environment.apply(env.get());
            if (text == null || text.isBlank()) {
                throw new IllegalStateException("The environment variable " + env.get() + ", to which " + envKey + " refers, is not set; set it where this is started");
            }
            return text.strip();
        }
        return file.isPresent() ? text(file.get()) : null;
    }

    private String text(Path file) {
        try {
            var text = Files.readString(file);
            if (text.isBlank()) {
                throw new IllegalStateException("The file " + file + ", to which " + fileKey + " refers, is empty; write the text into it");
            }
            return text.strip();
        } catch (IOException e) {
            throw new IllegalStateException("The file " + file + ", to which " + fileKey + " refers, cannot be read (" + Unreadable.why(e) + "); create it or correct the path", e);
        }
    }

    /** Where it is found, never what it is. */
    @Override
    public String toString() {
        return file.map(path -> path + " (" + fileKey + ")").orElseGet(() -> env.map(name -> name + " (" + envKey + ")").orElse("nowhere"));
    }
}
