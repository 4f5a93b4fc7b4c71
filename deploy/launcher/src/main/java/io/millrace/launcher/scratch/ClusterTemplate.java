package io.millrace.launcher.scratch;

import io.millrace.local.LocalException;
import io.millrace.local.LocalServers;
import io.millrace.local.Ports;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.DirectoryNotEmptyException;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.Comparator;
import java.util.TreeSet;
import java.util.regex.Pattern;

/**
 * What every scratch server is copied from: an empty cluster in {@code data}, Postgres's programs in {@code pg}, and the
 * libraries of the system that these need. Made once for a version of Postgres.
 */
record ClusterTemplate(Path folder) {

    private static final String LAYOUT = "1";
    private static final Pattern LIBRARY = Pattern.compile("(?m)(?:=>)?\\s(/\\S+) \\(0x");

    /** @param folder where the template of each version is kept */
    static ClusterTemplate in(Path folder) {
        var half = folder.resolve("check-template." + ProcessHandle.current().pid());
        var servers = LocalServers.in(half, Ports.free());
        var program = Path.of(servers.postgres().spec().command().stream().filter(c -> c.endsWith("/bin/postgres")).findFirst().orElseThrow());
        var programs = program.getParent().getParent();
        var whole = folder.resolve("check-template-" + programs.getFileName() + "-" + LAYOUT);
        if (!Files.isDirectory(whole)) {
            try {
                servers.postgres().spec().prepare().run();
                Files.move(half.resolve("postgres"), half.resolve("data"));
                copy(programs, half.resolve("pg"));
                libraries(half);
                for (var empty : new String[] {"dev/shm", "run", "tmp", "etc"}) {
                    Files.createDirectories(half.resolve(empty));
                }
                Files.writeString(half.resolve("etc/passwd"), "nobody:x:65534:65534:nobody:/:\n");
                Files.move(half, whole);
            } catch (FileAlreadyExistsException | DirectoryNotEmptyException _) {
                // Another check made it at the same time.
                delete(half);
            } catch (IOException e) {
                throw new LocalException("Making the template of scratch servers in " + whole + " failed: " + e.getMessage(), e);
            }
        }
        return new ClusterTemplate(whole);
    }

    /** Where the system keeps them, so that the loader finds them. */
    private static void libraries(Path root) throws IOException {
        var needed = new TreeSet<String>();
        try (var files = Files.walk(root.resolve("pg"))) {
            for (var file : files.filter(f -> f.getFileName().toString().contains(".so") || f.getFileName().toString().equals("postgres")).filter(Files::isRegularFile).toList()) {
                LIBRARY.matcher(output("ldd", file.toString())).results().map(m -> m.group(1)).filter(library -> !library.startsWith(root.toString())).forEach(needed::add);
            }
        }
        for (var library : needed) {
            var there = root.resolve(library.substring(1));
            Files.createDirectories(there.getParent());
            Files.copy(Path.of(library), there, StandardCopyOption.REPLACE_EXISTING);
        }
    }

    private static String output(String... command) throws IOException {
        var process = new ProcessBuilder(command).redirectError(ProcessBuilder.Redirect.DISCARD).start();
        return new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
    }

    /** An empty cluster of its own. */
    void copyCluster(Path to) {
        try {
            delete(to);
            Files.createDirectories(to.getParent());
            copy(folder.resolve("data"), to);
        } catch (IOException e) {
            throw new LocalException("Making an empty cluster in " + to + " failed: " + e.getMessage(), e);
        }
    }

    private static void copy(Path from, Path to) throws IOException {
        try (var files = Files.walk(from)) {
            for (var file : files.toList()) {
                Files.copy(file, to.resolve(from.relativize(file).toString()), LinkOption.NOFOLLOW_LINKS, StandardCopyOption.COPY_ATTRIBUTES);
            }
        }
    }

    static void delete(Path folder) {
        if (Files.exists(folder)) {
            try (var files = Files.walk(folder)) {
                for (var file : files.sorted(Comparator.reverseOrder()).toList()) {
                    Files.delete(file);
                }
            } catch (IOException e) {
                throw new UncheckedIOException("Deleting " + folder + " failed", e);
            }
        }
    }
}
