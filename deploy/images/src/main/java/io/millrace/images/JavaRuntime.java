package io.millrace.images;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.TreeSet;
import java.util.regex.Pattern;
import java.util.stream.Stream;

/**
 * A Java made by jlink from the one that runs this. An AOT cache fits exactly the Java it was trained with, so the images carry that one.
 *
 * @param folder where it is
 */
record JavaRuntime(Path folder) {

    private static final String MODULES = "java.se,jdk.unsupported,jdk.crypto.ec,jdk.management,jdk.naming.dns,jdk.zipfs,jdk.localedata,jdk.net,jdk.jfr";
    private static final Pattern LIBRARY = Pattern.compile("(/[^ ]+) \\(0x");

    /** Makes it, unless it is there from the same Java. */
    static JavaRuntime in(Path folder) {
        var home = Path.of(System.getProperty("java.home"));
        var runtime = new JavaRuntime(folder);
        try {
            var made = folder.resolve("made-from");
            if (Files.exists(made) && Files.readString(made).equals(home.toString() + Runtime.version())) {
                return runtime;
            }
            Commands.delete(folder);
            Files.createDirectories(folder.getParent());
            Commands.run(folder.getParent(), List.of(home.resolve("bin/jlink").toString(), "--add-modules", MODULES, "--strip-debug", "--no-header-files", "--no-man-pages",
                    "--include-locales", "en", "--output", folder.toString()));
            Files.writeString(made, home.toString() + Runtime.version());
            return runtime;
        } catch (IOException e) {
            throw new ImageException("Making a Java in " + folder + " failed: " + e, e);
        }
    }

    Path program() {
        return folder.resolve("bin/java");
    }

    /** The machine's libraries that Java's own are linked with, and their loader, for images that stand on nothing. */
    List<Path> libraries() {
        var found = new TreeSet<Path>();
        try (var files = Files.walk(folder)) {
            var own = new ArrayList<>(files.filter(f -> f.toString().endsWith(".so")).toList());
            own.add(program());
            for (var file : own) {
                LIBRARY.matcher(Commands.output(List.of("ldd", file.toString()))).results().map(r -> Path.of(r.group(1))).filter(p -> !p.startsWith(folder.toAbsolutePath())).forEach(found::add);
            }
        } catch (IOException e) {
            throw new ImageException("Looking through " + folder + " failed: " + e, e);
        }
        found.addAll(wantedByRocksDb(found));
        return List.copyOf(found);
    }

    /** The denormalizer unpacks a library at run time that is linked with these; they stand beside the C library. */
    private static List<Path> wantedByRocksDb(Collection<Path> found) {
        var folder = found.stream().filter(library -> library.endsWith("libc.so.6")).findFirst()
                .orElseThrow(() -> new ImageException("This machine's Java is not linked with the GNU C library; make the images from a registry's image with --base", null)).getParent();
        var libraries = Stream.of("libstdc++.so.6", "libgcc_s.so.1").map(folder::resolve).toList();
        var missing = libraries.stream().filter(library -> !Files.exists(library)).toList();
        if (!missing.isEmpty()) {
            throw new ImageException("RocksDB needs " + missing + ", which are not on this machine: install libstdc++6, or make the images from a registry's image with --base", null);
        }
        return libraries;
    }
}
