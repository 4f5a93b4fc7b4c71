package io.millrace.tests.stack;

import static org.junit.jupiter.api.Assertions.assertTrue;

import io.millrace.launcher.stack.Stage;
import io.millrace.pipeline.topic.Topics;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.Arrays;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.TreeSet;
import java.util.regex.Pattern;

/** Somebody who does what the stages' health says, by the command line, and nothing else. */
public final class OnCall {

    private static final Duration LONGEST = Duration.ofMinutes(25);
    /** A stage needs so long at most to find what is wrong. */
    private static final Duration NOTICED = Duration.ofSeconds(30);
    /** A name in capitals stands for what the reader has to find out. */
    private static final Pattern TOLD = Pattern.compile("\\./millrace recover ([a-z0-9]+(?:[._-][a-z0-9_]+)*)");

    private static final Pattern ANEW = Pattern.compile("\\./millrace resnapshot ([a-z0-9-]+) ([a-z0-9_]+\\.[a-z0-9_]+)");

    private final DemoStack stack;
    private final Health health;

    public OnCall(DemoStack stack) {
        this.stack = stack;
        this.health = new Health(stack);
    }

    /** Goes on until nothing more is said: sources first, then what the gate holds, then documents. */
    public void recover() throws IOException, InterruptedException {
        var until = Instant.now().plus(LONGEST);
        var anew = new TreeSet<String>();
        var quiet = Instant.now().plus(NOTICED);
        var last = "";
        while (Instant.now().isBefore(quiet)) {
            assertTrue(Instant.now().isBefore(until), () -> "It is not over: " + said());
            Thread.sleep(1_000);
            var said = said();
            if (said.stream().allMatch(one -> one.startsWith("200"))) {
                continue;
            }
            var told = told(said);
            if (!told.isEmpty() && told.first().startsWith(Topics.CAPTURED)) {
                readAnew(said, anew);
            }
            if (!told.isEmpty()) {
                // What was not mended at once waits until something else was tried.
                last = told.size() > 1 && told.first().equals(last) ? told.higher(last) : told.first();
                run(Map.of("MILLRACE_TOKEN", token()), "recover", last, "--kafka", kafka().toString(), "--url", stack.address(Stage.CAPTURE).toString(),
                        "--purge-url", stack.address(Stage.PURGE).toString(), "--token-env", "MILLRACE_TOKEN");
            }
            quiet = Instant.now().plus(NOTICED);
        }
    }

    /** Each table once. */
    private void readAnew(List<String> said, TreeSet<String> anew) throws IOException, InterruptedException {
        for (var found : said.stream().flatMap(one -> ANEW.matcher(one).results()).toList()) {
            if (anew.add(found.group(2))) {
                run(Map.of("MILLRACE_TOKEN", token()), "resnapshot", found.group(1), found.group(2), "--url", stack.address(Stage.CAPTURE).toString(), "--token-env", "MILLRACE_TOKEN");
            }
        }
    }

    private String token() throws IOException {
        return Files.readString(stack.stack().token()).strip();
    }

    private TreeSet<String> told(List<String> said) {
        var told = new TreeSet<>(Comparator.comparing((String what) -> what.startsWith(Topics.DOCUMENTS)).thenComparing(Comparator.naturalOrder()));
        said.forEach(one -> TOLD.matcher(one).results().forEach(found -> told.add(found.group(1))));
        if (told.stream().anyMatch(what -> what.indexOf('.') < 0)) {
            told.removeIf(what -> what.indexOf('.') >= 0);
        } else if (!health.ready(Stage.CAPTURE).startsWith("200")) {
            // What is read again is on its way.
            told.clear();
        }
        return told;
    }

    private List<String> said() {
        return Arrays.stream(Stage.values()).map(stage -> {
            try {
                return health.ready(stage);
            } catch (RuntimeException e) {
                return "0 " + stage + ": " + e;
            }
        }).toList();
    }

    private Path kafka() throws IOException {
        return Files.writeString(stack.stack().options().data().resolve("kafka.properties"), "bootstrap.servers=" + stack.stack().servers().kafkaBootstrap() + "\n");
    }

    /**
     * Has the command line do something.
     *
     * @return its exit code
     */
    public int run(Map<String, String> environment, String... arguments) throws IOException, InterruptedException {
        var ran = Launcher.typed(environment, arguments);
        System.out.printf("./millrace %s %s ended with %d%n%s%n", arguments[0], arguments[1], ran.code(), ran.output());
        return ran.code();
    }
}
