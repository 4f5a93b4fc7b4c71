package io.millrace.launcher;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import picocli.CommandLine.IVersionProvider;

/** Version, commit of the checkout and JDK, as a report of a fault needs them. */
final class Version implements IVersionProvider {

    private static final String NUMBER = "0.1.0-SNAPSHOT";
    private static final int SHORT = 10;

    @Override
    public String[] getVersion() {
        return new String[] {"Millrace " + NUMBER, "Commit   " + commit(DataFolder.home().resolve(".git")), "Java     " + Runtime.version() + " in " + System.getProperty("java.home")};
    }

    /** What the folder of git says that is checked out; the files around it may have been changed since. */
    private static String commit(Path git) {
        try {
            var head = Files.readString(git.resolve("HEAD")).strip();
            if (!head.startsWith("ref: ")) {
                return abbreviated(head);
            }
            var reference = head.substring("ref: ".length());
            return Files.exists(git.resolve(reference)) ? abbreviated(Files.readString(git.resolve(reference)).strip()) : packed(git, reference);
        } catch (IOException e) {
            return "unknown: this is no checkout";
        }
    }

    private static String packed(Path git, String reference) throws IOException {
        try (var lines = Files.lines(git.resolve("packed-refs"))) {
            return lines.filter(line -> line.endsWith(" " + reference)).findFirst().map(Version::abbreviated).orElse("unknown");
        }
    }

    private static String abbreviated(String hash) {
        return hash.substring(0, Math.min(SHORT, hash.length()));
    }
}
