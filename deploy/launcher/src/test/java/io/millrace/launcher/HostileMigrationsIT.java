package io.millrace.launcher;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.millrace.launcher.scratch.EmbeddedScratch;
import java.io.IOException;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.ArrayList;
import java.util.List;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What migrations that mean harm can do to the machine on which they are checked: nothing outside of their sandbox, and nothing to the next check. */
@Tag("long")
class HostileMigrationsIT {

    private static final String SECRET = "the-secret-of-the-caller";
    private static final String SLEEPER = "sleep 4711";

    @TempDir
    private Path folder;
    private final StringWriter out = new StringWriter();
    private final StringWriter err = new StringWriter();

    @Test
    void noneOfThemReachesAnythingAndTheNextCheckIsAsBefore() throws Exception {
        var secret = Files.writeString(folder.resolve("secret"), SECRET);
        Files.setPosixFilePermissions(secret, PosixFilePermissions.fromString("rw-------"));
        var outside = Path.of("/tmp", "millrace-hostile-" + ProcessHandle.current().pid());
        write("baseline/001.sql", "CREATE TABLE monitor (id bigint PRIMARY KEY, name text, note text);");
        write("good.sql", "CREATE INDEX ON monitor (name);\n");
        write("monitors.yaml", "millrace: 1\nname: monitors\nsource: {name: demo, url: {env: NOT_SET}, user: {env: NOT_SET}, password: {env: NOT_SET}}\ndocument:\n  root: public.monitor\n  fields: [id, name]\n");
        var wrong = new ArrayList<String>();
        try (var home = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
            for (var one : cases()) {
                var text = one.substring(one.indexOf('\n')).replace("${secret}", secret.toString()).replace("${outside}", outside.toString()).replace("${port}", "" + home.getLocalPort());
                var name = one.lines().findFirst().orElseThrow();
                write("hostile.sql", text);
                check("hostile.sql", "--require-sandbox", "--time-limit", value(one, "limit", "PT2M"));
                var said = out + "\n" + err;
                System.out.println(name + ": " + said.lines().filter(l -> Pattern.compile(value(one, "comes", "")).matcher(l).find()).findFirst().map(String::strip).orElse("?? " + said));
                if (!Pattern.compile(value(one, "comes", "")).matcher(said).find()) {
                    wrong.add(name + " ends with: " + said);
                }
                if (said.contains(SECRET) || said.contains("not sandboxed") || Files.exists(outside)) {
                    wrong.add(name + " got out: " + said);
                }
            }
        }
        assertEquals(List.of(), wrong);
        assertTrue(ProcessHandle.allProcesses().noneMatch(p -> p.info().commandLine().filter(c -> c.contains(SLEEPER)).isPresent()), "a process is left");
        assertEquals(0, check("good.sql"), () -> out + "\n" + err);
    }

    @Test
    void twoChecksAtOnceDoNotDisturbEachOtherAndNothingIsLeft() throws Exception {
        var home = Path.of(System.getProperty("millrace.home")).resolve(".millrace");
        long before = servers();
        try (var one = EmbeddedScratch.start(home, true, _ -> { }); var other = EmbeddedScratch.start(home, true, _ -> { }); var first = one.open(_ -> { }); var second = other.open(_ -> { })) {
            assertEquals(first.create(null), second.create(null));
            assertTrue(servers() > before);
        }
        assertEquals(before, servers());
    }

    private static long servers() {
        return ProcessHandle.allProcesses().filter(p -> p.info().commandLine().filter(c -> c.contains("/pg/bin/postgres -D /data")).isPresent()).count();
    }

    private static List<String> cases() throws IOException {
        try (var text = HostileMigrationsIT.class.getResourceAsStream("/hostile.sql")) {
            return List.of(new String(text.readAllBytes(), StandardCharsets.UTF_8).split("(?m)^-- case: ")).stream().filter(c -> !c.isBlank()).toList();
        }
    }

    private static String value(String one, String name, String otherwise) {
        return one.lines().filter(l -> l.startsWith("-- " + name + ": ")).map(l -> l.substring(name.length() + 5)).map(t -> name.equals("comes") ? t.replace("(", "\\(").replace(")", "\\)") : t).findFirst().orElse(otherwise);
    }

    private void write(String name, String text) throws IOException {
        var file = folder.resolve(name);
        Files.createDirectories(file.getParent());
        Files.writeString(file, text);
    }

    private int check(String migration, String... more) {
        out.getBuffer().setLength(0);
        err.getBuffer().setLength(0);
        var arguments = new ArrayList<>(List.of("check", folder.resolve(migration).toString(), "--baseline", folder.resolve("baseline").toString(), "--pipeline", folder.resolve("monitors.yaml").toString()));
        arguments.addAll(List.of(more));
        return Main.commandLine().setOut(new PrintWriter(out)).setErr(new PrintWriter(err)).execute(arguments.toArray(String[]::new));
    }
}
