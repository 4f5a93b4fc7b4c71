package io.millrace.local.postgres;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.Comparator;
import java.util.zip.ZipFile;

import org.apache.commons.compress.archivers.tar.TarArchiveInputStream;
import org.tukaani.xz.XZInputStream;

/**
 * Unpacks PostgreSQL's programs from their jar; runs as a process of its own because the control API knows only the JDK.
 * Arguments: the jar, the target folder. The target appears whole or not at all.
 */
final class Unpack {

    private Unpack() { }

    public static void main(String[] args) throws IOException {
        var target = Path.of(args[1]);
        var half = Files.createTempDirectory(Files.createDirectories(target.getParent()), "unpacking-");
        // Readable for the user that the servers run as, which may not be the one who built.
        Files.setPosixFilePermissions(half, PosixFilePermissions.fromString("rwxr-xr-x"));
        try (var jar = new ZipFile(args[0])) {
            var archive = jar.stream().filter(e -> e.getName().endsWith(".txz")).findFirst().orElseThrow();
            try (var tar = new TarArchiveInputStream(new XZInputStream(jar.getInputStream(archive)))) {
                for (var entry = tar.getNextEntry(); entry != null; entry = tar.getNextEntry()) {
                    var file = half.resolve(entry.getName()).normalize();
                    if (!file.startsWith(half)) {
                        throw new IOException("The archive holds a path outside of itself: " + entry.getName());
                    }
                    if (entry.isDirectory()) {
                        Files.createDirectories(file);
                    } else if (entry.isSymbolicLink()) {
                        Files.createDirectories(file.getParent());
                        Files.createSymbolicLink(file, Path.of(entry.getLinkName()));
                    } else {
                        Files.createDirectories(file.getParent());
                        Files.copy(tar, file);
                        file.toFile().setExecutable((entry.getMode() & 0100) != 0, false);
                    }
                }
            }
        }
        try {
            Files.move(half, target);
        } catch (IOException e) {
            // Another start has won the race; its copy is as good.
            if (!Files.isDirectory(target)) {
                throw e;
            }
            try (var files = Files.walk(half)) {
                for (var file : files.sorted(Comparator.reverseOrder()).toList()) {
                    Files.delete(file);
                }
            }
        }
    }
}
