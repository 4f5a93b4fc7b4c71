package io.millrace.pipeline.file;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.function.Function;

/** A setting that the pipeline file names without holding it, or, where that is no secret, holds. */
public sealed interface Reference permits Reference.Literal, Reference.Environment, Reference.FromFile, KubernetesSecret {

    /** Looks the value up. */
    default String resolve() {
        return resolve(System::getenv);
    }

    /**
     * @param environment where variables are looked up; gives null for one that is not set
     * @throws IllegalStateException when the reference leads nowhere
     */
    String resolve(Function<String, String> environment);

    /** A value written in the file itself. */
    record Literal(String value) implements Reference {
        @Override
        public String resolve(Function<String, String> environment) {
            return value;
        }
    }

    /** The value of an environment variable. */
    record Environment(String name) implements Reference {
        @Override
        public String resolve(Function<String, String> environment) {
            var value = environment.apply(name);
            if (value == null || value.isEmpty()) {
                throw new IllegalStateException("The environment variable " + name + ", which the pipeline file refers to, is not set; set it where this is started");
            }
            return value;
        }
    }

    /** The content of a file, white space at its end left out. */
    record FromFile(Path path) implements Reference {
        @Override
        public String resolve(Function<String, String> environment) {
            try {
                return Files.readString(path).stripTrailing();
            } catch (IOException e) {
                throw new IllegalStateException("The file " + path + ", which the pipeline file refers to, cannot be read (" + Unreadable.why(e) + "); create it or correct the path", e);
            }
        }
    }
}
