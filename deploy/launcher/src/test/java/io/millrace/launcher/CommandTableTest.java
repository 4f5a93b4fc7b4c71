package io.millrace.launcher;

import static org.junit.jupiter.api.Assertions.assertAll;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.function.BiConsumer;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.function.Executable;
import org.junit.jupiter.api.io.TempDir;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.OptionSpec;

/**
 * Every command, asked rightly, wrongly, and where nothing answers: what it says, and its exit code. The answers stand in
 * {@code COMMANDS.md}, which this test makes anew under {@code target} and compares.
 */
class CommandTableTest {

    private static final String MADE = "COMMANDS.md";
    private static final int MOST_LINES = 12;
    private static final Set<Class<?>> NUMBERS = Set.of(int.class, long.class, double.class, Integer.class, Long.class, Double.class, Duration.class);
    private static final Pattern HINT = Pattern.compile("\\./millrace (?:up|down|reset|status|logs|resnapshot|retention|quarantine|recover|erasures)\\b[^;,\n]*");

    /** They need neither stack nor database nor servers, or are what brings them. */
    private static final Set<String> NEED_NOTHING = Set.of("up", "down", "reset", "validate", "manifests", "train", "bench", "images", "test", "generate-completion", "help", "demo", "quarantine", "quarantine documents");
    /** Of help picocli takes whatever stands behind it. */
    private static final String NEVER_WRONG = "generate-completion";
    /** Where it is shown that they do what they are for, and with which answer. */
    private static final Map<String, String> RIGHT_ELSEWHERE = Map.ofEntries(
            Map.entry("demo load", "UpIT"), Map.entry("demo traffic", "UpIT"),
            Map.entry("train", "TrainingIT"), Map.entry("bench", "the reports of the benches"), Map.entry("images", "`./millrace images --try`"), Map.entry("test", "every build"),
            Map.entry("demo", "its subcommands"), Map.entry("quarantine", "its subcommands"), Map.entry("quarantine documents", "its subcommands"));
    private static final String WITH_A_STACK = "FirstHourIT, with a stack ([what it answers](../guide/answers.md#%s))";

    private static final String PIPELINE = """
            millrace: 1
            name: %s
            source: {name: %s, url: "jdbc:postgresql://localhost:1/none", user: nobody, password: {env: NOT_SET}}
            document: {root: public.thing, fields: [id]}
            """;

    @TempDir
    Path folder;
    private final StringWriter said = new StringWriter();

    private enum Way {
        RIGHT("as it is meant"), WRONG("wrongly"), AWAY("with nothing to answer");

        private final String words;

        Way(String words) {
            this.words = words;
        }
    }

    /**
     * @param code exit code
     * @param says what stands in the answer
     */
    private record Asked(Way way, int code, String says, List<String> words) {}

    /** @param shown the answer without what differs from run to run */
    private record Answered(Asked asked, int code, String whole, String shown) {}

    @BeforeEach
    void prepare() throws IOException {
        Files.writeString(folder.resolve("password"), "none");
        Files.writeString(folder.resolve("regions.yaml"), """
                millrace: 1
                regions:
                  eu1:
                    source: {variables: {MILLRACE_SOURCE_URL: "jdbc:postgresql://localhost:1/none", MILLRACE_SOURCE_USER: nobody, MILLRACE_SOURCE_PASSWORD: {file: password}}}
                    kafka: {settings: {bootstrap.servers: "localhost:1", default.api.timeout.ms: "400", request.timeout.ms: "300"}}
                    registry: http://localhost:1
                """);
        Files.writeString(Files.createDirectories(folder.resolve("ran").resolve("logs")).resolve("gate.log"), "The gate runs\n");
        Files.writeString(Files.createDirectories(folder.resolve("home")).resolve("thesis.txt"), "precious");
        Files.createDirectories(folder.resolve("open").resolve("postgres"));
        Files.writeString(folder.resolve("a-file"), "x");
        Files.writeString(folder.resolve("one.yaml"), PIPELINE.formatted("one", "shop"));
        Files.writeString(folder.resolve("two.yaml"), PIPELINE.formatted("two", "office"));
        Files.writeString(Files.createDirectories(folder.resolve("moved").resolve("run")).resolve("stack.json"), "{\"state\":\"ready\",\"supervisor\":1,\"data\":\"\",\"pipelines\":[],\"own\":[\"" + folder.resolve("gone.yaml") + "\"],\"processes\":[]}");
        Files.writeString(folder.resolve("V1__change.sql"), "ALTER TABLE monitor ADD note text;");
        Files.copy(demo().resolve("monitors.yaml"), Files.createDirectories(folder.resolve("overlay/pipelines/files")).resolve("monitors.yaml"));
    }

    private List<Asked> table() {
        return List.of(
                wrong(2, "from 1 to 65519", "up", "--port-base", "99999", "--data", "DIR"),
                wrong(2, "registry-management", "up", "--port", "solr=1", "--data", "DIR"),
                wrong(2, "ports go from 1 to 65535", "up", "--port", "gate=70000", "--data", "DIR"),
                wrong(2, "would be taken twice", "up", "--port", "gate=15432", "--data", "DIR"),
                wrong(2, "no address of a server", "up", "--otlp", "localhost", "--data", "DIR"),
                wrong(2, "0 or more", "up", "--scale", "-1", "--data", "DIR"),
                wrong(1, "missing.yaml: the file cannot be read: there is no such file", "up", "--pipeline", "DIR/missing.yaml", "--data", "DIR"),
                wrong(1, "two.yaml:3: source.name: one stack reads one source", "up", "--pipeline", "DIR/one.yaml", "--pipeline", "DIR/two.yaml", "--data", "DIR/none"),
                wrong(1, "and of that nothing is there any more", "up", "--data", "DIR/moved"),
                wrong(1, "--data needs a folder", "up", "--data", "DIR/a-file"),
                wrong(1, "cannot be secured afterwards", "up", "--secure", "--data", "DIR/open"),
                wrong(2, "--with connect is for an open stack", "up", "--secure", "--with", "connect", "--data", "DIR/none"),
                wrong(2, "Invalid value for option '--with'", "up", "--with", "mongo", "--data", "DIR/none"),
                wrong(2, "Unknown option", "status", "--nonsense"),
                wrong(2, "1 or more", "status", "--watch", "0", "--data", "DIR"),
                wrong(1, "--data needs a folder", "status", "--data", "DIR/a-file"),
                away(3, "Start it with", "status", "--data", "DIR/none"),
                away(3, "stopped", "status", "--json", "--data", "DIR/none"),
                right(0, "Nothing was running", "down", "--data", "DIR/ran"),
                right(0, "Nothing has ever run", "down", "--data", "DIR/none"),
                wrong(1, "--data needs a folder", "down", "--data", "DIR/a-file"),
                right(0, "Nothing has ever run", "reset", "--data", "DIR/none"),
                wrong(1, "does not look like a data folder", "reset", "--data", "DIR/home"),
                right(0, "The gate runs", "logs", "gate", "--data", "DIR/ran"),
                wrong(1, "Logs there: gate", "logs", "gait", "--data", "DIR/ran"),
                wrong(2, "0 or more", "logs", "gate", "-n", "-5", "--data", "DIR/ran"),
                away(1, "Logs there: none", "logs", "gate", "--data", "DIR/none"),
                wrong(2, "traffic or load", "demo"),
                wrong(2, "1 or more", "demo", "load", "--scale", "0", "--data", "DIR/none"),
                away(1, "does not run", "demo", "load", "--data", "DIR/none"),
                wrong(2, "1 or more", "demo", "traffic", "--rate", "0", "--data", "DIR/none"),
                wrong(2, "1 or more", "demo", "traffic", "--seconds", "0", "--data", "DIR/none"),
                away(1, "does not run", "demo", "traffic", "--data", "DIR/none"),
                wrong(2, "from 0 to 1000", "search", "monitors", "--size", "5000", "--data", "DIR/none"),
                wrong(2, "1 or more", "search", "monitors", "--timeout", "0", "--data", "DIR/none"),
                wrong(2, "--where wants FIELD=VALUE", "search", "monitors", "--where", "status", "--data", "DIR/none"),
                wrong(2, "no address of a server", "search", "monitors", "--url", "nonsense"),
                away(1, "does not run", "search", "monitors", "disk", "--data", "DIR/none"),
                away(1, "nothing answers there", "search", "monitors", "disk", "--url", "http://localhost:1"),
                wrong(2, "ID", "document", "monitors", "--data", "DIR/none"),
                wrong(2, "no address of a server", "document", "monitors", "1", "--url", "nonsense"),
                away(3, "does not run", "document", "monitors", "1", "--diff", "--data", "DIR/none"),
                wrong(2, "ID", "trace", "monitors", "--data", "DIR/none"),
                away(1, "does not run", "trace", "monitors", "1", "--data", "DIR/none"),
                away(1, "nothing answers there", "trace", "monitors", "1", "--url", "http://localhost:1"),
                wrong(2, "is not a table name", "init", "--root", "a.b.c", "--url", "jdbc:postgresql://localhost:1/none"),
                wrong(2, "is no address of a PostgreSQL database", "init", "--root", "public.monitor", "--url", "mysql://localhost/none"),
                wrong(2, "1 or more", "init", "--root", "public.monitor", "--depth", "0", "--url", "jdbc:postgresql://localhost:1/none"),
                away(1, "Connecting to jdbc:postgresql://localhost:1/none as", "init", "--root", "public.monitor", "--url", "jdbc:postgresql://localhost:1/none?user=nobody&password=secret"),
                right(0, "is fine", "validate", "DEMO/monitors.yaml"),
                wrong(1, "missing.yaml: the file cannot be read: there is no such file", "validate", "DIR/missing.yaml"),
                wrong(2, "missing.sql", "check", "DIR/missing.sql", "--baseline", "none", "--pipeline", "DEMO"),
                wrong(2, "nothing.sql", "check", "DIR/V1__change.sql", "--baseline", "DIR/nothing.sql", "--pipeline", "DEMO"),
                away(2, "localhost", "check", "DIR/V1__change.sql", "--baseline", "none", "--pipeline", "DEMO", "--scratch", "jdbc:postgresql://localhost:1/none?user=nobody&password=none"),
                wrong(2, "1 or more", "check", "DIR/V1__change.sql", "--baseline", "none", "--pipeline", "DEMO", "--time-limit", "PT0S"),
                wrong(2, "no address of a server", "check", "DIR/V1__change.sql", "--baseline", "none", "--pipeline", "DEMO", "--registry", "nonsense"),
                wrong(2, "list, show", "quarantine"),
                wrong(2, "Unknown option", "quarantine", "list", "--nonsense"),
                wrong(2, "no address of a server", "quarantine", "list", "--url", "nonsense"),
                wrong(2, "--timeout wants seconds", "quarantine", "list", "--timeout", "0", "--url", "http://localhost:1"),
                away(1, "does not run", "quarantine", "list", "--data", "DIR/none"),
                away(1, "nothing answers there", "quarantine", "list", "--url", "http://localhost:1"),
                wrong(2, "TABLE", "quarantine", "show", "--data", "DIR/none"),
                wrong(2, "source.schema.table", "quarantine", "show", "tag", "--data", "DIR/none"),
                away(1, "does not run", "quarantine", "show", "demo.public.tag", "--data", "DIR/none"),
                wrong(2, "--reason", "quarantine", "accept", "demo.public.tag", "--data", "DIR/none"),
                wrong(2, "source.schema.table", "quarantine", "accept", "tag", "--reason", "seen", "--data", "DIR/none"),
                wrong(2, "no address of a server", "quarantine", "accept", "demo.public.tag", "--reason", "seen", "--reread", "--capture-url", "nonsense", "--data", "DIR/none"),
                away(1, "does not run", "quarantine", "accept", "demo.public.tag", "--reason", "seen", "--data", "DIR/none"),
                wrong(2, "--reason", "quarantine", "replay", "demo.public.tag", "--data", "DIR/none"),
                away(1, "does not run", "quarantine", "replay", "demo.public.tag", "--reason", "seen", "--data", "DIR/none"),
                wrong(2, "--reason", "quarantine", "hold", "demo.public.tag", "--data", "DIR/none"),
                away(1, "does not run", "quarantine", "hold", "demo.public.tag", "--reason", "a look", "--data", "DIR/none"),
                wrong(2, "--count", "quarantine", "discard", "demo.public.tag", "--reason", "seen", "--data", "DIR/none"),
                wrong(2, "0 or more", "quarantine", "discard", "demo.public.tag", "--count", "-3", "--reason", "seen", "--data", "DIR/none"),
                wrong(2, "two decisions", "quarantine", "discard", "demo.public.tag", "--count", "3", "--refused", "--missing", "--reason", "seen", "--data", "DIR/none"),
                away(1, "does not run", "quarantine", "discard", "demo.public.tag", "--count", "3", "--reason", "seen", "--data", "DIR/none"),
                wrong(2, "list, show", "quarantine", "documents"),
                wrong(2, "Unknown option", "quarantine", "documents", "list", "monitors", "--nonsense"),
                wrong(2, "from 1 to 1000", "quarantine", "documents", "list", "monitors", "--limit", "5000", "--data", "DIR/none"),
                away(1, "does not run", "quarantine", "documents", "list", "monitors", "--data", "DIR/none"),
                wrong(2, "ID", "quarantine", "documents", "show", "monitors", "--data", "DIR/none"),
                away(1, "does not run", "quarantine", "documents", "show", "monitors", "1", "--data", "DIR/none"),
                wrong(2, "--reason", "quarantine", "documents", "replay", "monitors", "--data", "DIR/none"),
                away(1, "does not run", "quarantine", "documents", "replay", "monitors", "--reason", "seen", "--data", "DIR/none"),
                wrong(2, "--count", "quarantine", "documents", "discard", "monitors", "--reason", "seen", "--data", "DIR/none"),
                away(1, "does not run", "quarantine", "documents", "discard", "monitors", "--count", "3", "--reason", "seen", "--data", "DIR/none"),
                wrong(2, "PIPELINE", "generations", "--data", "DIR/none"),
                away(1, "does not run", "generations", "monitors", "--data", "DIR/none"),
                away(1, "nothing answers there", "generations", "monitors", "--url", "http://localhost:1"),
                wrong(2, "do not go together", "rebuild", "monitors", "--hold", "--wait", "--data", "DIR/none"),
                wrong(2, "do not go together", "rebuild", "monitors", "--hold", "--when-verified", "--data", "DIR/none"),
                away(1, "does not run", "rebuild", "monitors", "--data", "DIR/none"),
                wrong(2, "--sample", "cutover", "monitors", "--sample", "many", "--data", "DIR/none"),
                wrong(2, "from 1 to 10000", "cutover", "monitors", "--sample", "20000", "--data", "DIR/none"),
                away(1, "does not run", "cutover", "monitors", "--data", "DIR/none"),
                wrong(2, "PIPELINE", "rollback", "--data", "DIR/none"),
                wrong(2, "--sample", "rollback", "monitors", "--sample", "many", "--data", "DIR/none"),
                away(1, "does not run", "rollback", "monitors", "--data", "DIR/none"),
                wrong(2, "Nothing is deleted", "retire", "monitors", "monitors-000001", "--name", "monitors-000002", "--data", "DIR/none"),
                away(1, "does not run", "retire", "monitors", "monitors-000001", "--name", "monitors-000001", "--data", "DIR/none"),
                wrong(2, "./millrace recover documents.PIPELINE", "recover", "rows.demo.public.monitor", "--data", "DIR/none"),
                wrong(2, "--look is about the documents", "recover", "demo", "--look", "--data", "DIR/none"),
                wrong(2, "--skip-log is about the log of a source", "recover", "documents.monitors", "--skip-log", "--data", "DIR/none"),
                wrong(2, "no address of a server", "recover", "documents.monitors", "--purge-url", "nonsense", "--data", "DIR/none"),
                away(1, "does not run", "recover", "demo", "--data", "DIR/none"),
                away(1, "does not run", "recover", "captured.demo.public.monitor", "--data", "DIR/none"),
                away(1, "does not run", "recover", "documents.monitors", "--data", "DIR/none"),
                wrong(2, "SOURCE", "resnapshot", "--data", "DIR/none"),
                wrong(2, "about one table", "resnapshot", "demo", "--cancel", "--data", "DIR/none"),
                away(1, "does not run", "resnapshot", "demo", "public.tag", "--data", "DIR/none"),
                wrong(2, "number of percent", "verify", "monitors", "--sample", "some", "--data", "DIR/none"),
                wrong(2, "from 0.01 to 100", "verify", "monitors", "--sample", "500%", "--data", "DIR/none"),
                wrong(2, "from 1 to 1000000", "verify", "monitors", "--rate", "0", "--data", "DIR/none"),
                away(1, "does not run", "verify", "monitors", "--data", "DIR/none"),
                away(1, "nothing answers there", "verify", "monitors", "--url", "http://localhost:1"),
                wrong(2, "--reason", "erase", "monitors", "1", "--data", "DIR/none"),
                wrong(2, "Which document?", "erase", "monitors", "--reason", "asked for", "--data", "DIR/none"),
                away(1, "does not run", "erase", "monitors", "1", "--reason", "asked for", "--data", "DIR/none"),
                wrong(2, "--limit", "erasures", "--limit", "many", "--data", "DIR/none"),
                wrong(2, "nothing-to-erase", "erasures", "--state", "gone", "--data", "DIR/none"),
                away(1, "does not run", "erasures", "--data", "DIR/none"),
                wrong(2, "--reason", "unerase", "7", "--data", "DIR/none"),
                away(1, "does not run", "unerase", "7", "--reason", "a mistake", "--data", "DIR/none"),
                wrong(2, "--confirm needs --reason", "retention", "monitors", "--confirm", "7", "--data", "DIR/none"),
                wrong(2, "do not go together", "retention", "monitors", "--run", "--runs", "--data", "DIR/none"),
                away(1, "does not run", "retention", "monitors", "--data", "DIR/none"),
                wrong(1, "missing.yaml", "plan", "--regions", "DIR/missing.yaml", "DEMO"),
                wrong(1, "There is no region 'ap9'", "plan", "--regions", "DIR/regions.yaml", "--region", "ap9", "DEMO"),
                away(1, "Connecting to the source", "plan", "--regions", "DIR/regions.yaml", "DEMO"),
                wrong(2, "--regions", "apply", "DEMO"),
                away(1, "0 of 1 region applied", "apply", "--regions", "DIR/regions.yaml", "DEMO"),
                wrong(2, "--regions", "destroy", "DEMO"),
                away(1, "Nothing was done", "destroy", "--regions", "DIR/regions.yaml", "DEMO"),
                wrong(2, "--regions", "adopt", "DEMO"),
                away(1, "0 of 1 region adopted", "adopt", "--regions", "DIR/regions.yaml", "DEMO"),
                wrong(2, "--regions", "rotate", "DEMO"),
                away(1, "0 of 1 region rotated", "rotate", "--regions", "DIR/regions.yaml", "DEMO"),
                right(0, "written, for monitors", "manifests", "DIR/overlay"),
                right(0, "was so already", "manifests", "DIR/overlay"),
                wrong(1, "where an overlay has its provisioner's Job", "manifests", "DIR/overlay", "--apply", "--context", "none"),
                wrong(2, "Say which cluster", "manifests", "DIR/overlay", "--apply"),
                wrong(2, "no cluster is touched", "manifests", "DIR/overlay", "--context", "none"),
                wrong(2, "1 or more", "manifests", "DIR/overlay", "--apply", "--context", "none", "--patience", "0"),
                wrong(1, "There is no folder", "manifests", "DIR/none"),
                wrong(2, "Invalid value", "train", "--port-base", "many"),
                wrong(2, "from 1 to 65519", "train", "--port-base", "99999"),
                wrong(2, "Invalid value", "bench", "everything"),
                wrong(1, "in the root of a checkout", "images"),
                wrong(1, "in the root of a checkout", "test"),
                right(0, "millrace", "generate-completion"),
                right(0, "verify", "help"),
                wrong(2, "nonsense", "help", "nonsense"));
    }

    private static Asked right(int code, String says, String... words) {
        return new Asked(Way.RIGHT, code, says, List.of(words));
    }

    private static Asked wrong(int code, String says, String... words) {
        return new Asked(Way.WRONG, code, says, List.of(words));
    }

    private static Asked away(int code, String says, String... words) {
        return new Asked(Way.AWAY, code, says, List.of(words));
    }

    @Test
    void everyCommandStandsInTheTable() {
        var byCommand = table().stream().collect(Collectors.groupingBy(asked -> command(asked.words()), Collectors.mapping(Asked::way, Collectors.toSet())));
        assertAll(commands().stream().map(command -> () -> {
            var ways = byCommand.getOrDefault(command, Set.of());
            assertTrue(ways.contains(Way.WRONG) || command.equals(NEVER_WRONG), () -> "nobody asks '" + command + "' wrongly");
            assertTrue(ways.contains(Way.AWAY) || NEED_NOTHING.contains(command), () -> "nobody asks '" + command + "' while what it needs is away");
        }));
    }

    @Test
    void everyCommandHasHelp() {
        assertAll(commands().stream().map(command -> () -> {
            var words = new ArrayList<>(List.of(command.split(" ")));
            words.add("--help");
            assertEquals(0, run(words), command);
            assertTrue(said.toString().contains("Usage:"), said::toString);
        }));
    }

    @Test
    void everyAnswerIsASentenceThatNamesTheStackItSpeaksOfAndStandsInTheDocs() throws IOException {
        var answers = table().stream().map(this::ask).toList();
        var made = page(answers);
        Files.writeString(Files.createDirectories(launcher().resolve("target")).resolve(MADE), made);
        assertAll(answers.stream().map(CommandTableTest::isAsTheTableSays));
        assertEquals(made, Files.readString(launcher().resolve(MADE)), () -> "COMMANDS.md is not what the commands say; " + launcher().resolve("target").resolve(MADE) + " is");
    }

    private static Executable isAsTheTableSays(Answered answered) {
        return () -> {
            var question = answered.asked().words() + " ended with " + answered.code() + " and: " + answered.whole();
            assertEquals(answered.asked().code(), answered.code(), question);
            assertTrue(answered.whole().contains(answered.asked().says()), question);
            assertFalse(answered.whole().contains("\tat ") || answered.whole().contains("fault of Millrace"), question);
            if (answered.asked().words().contains("--data")) {
                HINT.matcher(answered.shown()).results().forEach(hint -> assertTrue(hint.group().contains("--data"), () -> "'" + hint.group() + "' names no stack: " + question));
            }
        };
    }

    /** So that none is out of range to a server, or half-way through a work. */
    @Test
    void everyNumberHasBoundsAndEveryAddressOfAServerIsOneBeforeACommandBegins() {
        var unbounded = new TreeSet<String>();
        var unread = new TreeSet<String>();
        each("", Main.commandLine(), (name, command) -> command.getCommandSpec().args().forEach(argument -> {
            var option = name + " " + (argument instanceof OptionSpec one ? one.longestName() : argument.paramLabel());
            if ((NUMBERS.contains(argument.type()) && Bounds.of(argument) == null)) {
                unbounded.add(option);
            }
            if ("URL".equals(argument.paramLabel()) && argument.converters().length == 0) {
                unread.add(option);
            }
        }));
        assertEquals(Set.of("demo load --seed", "demo traffic --seed"), unbounded, "any number is a seed");
        assertEquals(Set.of("check --scratch"), unread, "the driver reads it, and nothing is done before");
    }

    /** To read the options of all of them by reflection takes longer than most commands do. */
    @Test
    void theCommandThatIsAskedForIsReadAlone() {
        var all = Main.commandLine().getSubcommands();
        assertTrue(all.size() > 30, all::toString);
        assertAll(all.keySet().stream().map(name -> () -> {
            assertEquals(name, all.get(name).getCommandSpec().userObject().getClass().getAnnotation(Command.class).name());
            assertEquals(Set.of("help", "generate-completion").contains(name) ? all.keySet() : Set.of(name), Main.commandLine(name, "--help").getSubcommands().keySet());
        }));
    }

    /** From the launcher's script without a build beside it. */
    @Test
    void helpBuildsNothing() throws IOException, InterruptedException {
        var checkout = Files.createDirectories(folder.resolve("checkout"));
        for (var name : List.of("millrace", "README.md")) {
            Files.copy(DataFolder.home().resolve(name), checkout.resolve(name), StandardCopyOption.COPY_ATTRIBUTES);
        }
        for (var words : List.of(List.of("--help"), List.of("help"), List.of("images", "--help"), List.of("test", "-h"))) {
            var process = new ProcessBuilder(Stream.concat(Stream.of(checkout.resolve("millrace").toString()), words.stream()).toList()).redirectErrorStream(true).start();
            var answer = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
            assertEquals(0, process.waitFor(), answer);
            assertTrue(answer.contains("./millrace verify PIPELINE") && !answer.contains("Building"), answer);
        }
        try (var files = Files.list(checkout)) {
            assertEquals(2, files.count(), "nothing was made");
        }
    }

    /** Where it may not build, it says what is missing. */
    @Test
    void nothingIsBuiltWhereThatIsForbidden() throws IOException, InterruptedException {
        var checkout = Files.createDirectories(folder.resolve("unbuilt"));
        Files.copy(DataFolder.home().resolve("millrace"), checkout.resolve("millrace"), StandardCopyOption.COPY_ATTRIBUTES);
        var builder = new ProcessBuilder(checkout.resolve("millrace").toString(), "validate", "a.yaml").redirectErrorStream(true);
        builder.environment().putAll(Map.of("MILLRACE_BUILD", "never", "JAVA_HOME", System.getProperty("java.home")));
        var process = builder.start();
        var answer = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
        assertEquals(1, process.waitFor(), answer);
        assertEquals("deploy/launcher is not built, and MILLRACE_BUILD=never forbids to build it", answer.strip());
    }

    private Answered ask(Asked asked) {
        int code = run(asked.words().stream().map(word -> word.replace("DEMO", demo().toString()).replace("DIR", folder.toString())).toList());
        var whole = said.toString();
        return new Answered(asked, code, whole, shown(whole));
    }

    private int run(List<String> words) {
        said.getBuffer().setLength(0);
        var writer = new PrintWriter(said, true);
        var typed = words.toArray(String[]::new);
        return Main.commandLine(typed).setOut(writer).setErr(writer).execute(typed);
    }

    /** Without the usage behind an error, the folders of this machine, and times. */
    private String shown(String answer) {
        int usage = answer.indexOf("\nUsage:");
        var text = (usage > 0 ? answer.substring(0, usage) : answer).replace(demo().toString(), "DEMO").replace(folder.toString(), "DIR").replace(DataFolder.home().toString(), "CHECKOUT")
                .replaceAll("(?m)^ *[0-9.]+ s  ", "  … s  ");
        var lines = text.lines().map(String::stripTrailing).toList();
        return String.join("\n", lines.size() > MOST_LINES ? Stream.concat(lines.stream().limit(MOST_LINES), Stream.of("…")).toList() : lines).strip();
    }

    private static String page(List<Answered> answers) {
        var byCommand = new LinkedHashMap<String, List<Answered>>();
        answers.forEach(answered -> byCommand.computeIfAbsent(command(answered.asked().words()), command -> new ArrayList<>()).add(answered));
        var page = new StringBuilder("""
                # What every command answers

                Made by `CommandTableTest`, which fails when a command is missing here or answers something else. `DIR` is a folder of the test's, `DEMO` the demo's pipeline files.
                What commands answer with a stack that runs stands in [answers](../guide/answers.md), which `FirstHourIT` of the module `tests` leaves. The usage that follows an error is left out.
                Exit code 2 is for what cannot be meant, whatever runs or stands anywhere: it is said before anything is done. 1 is for what was understood and could not be done. `status`, `verify`, `document` and `check` have codes of their own, which their `--help` tells.
                """);
        byCommand.forEach((command, all) -> {
            page.append("\n## ").append(command).append('\n');
            if (all.stream().noneMatch(answered -> answered.asked().way() == Way.RIGHT)) {
                page.append("As it is meant: ").append(RIGHT_ELSEWHERE.getOrDefault(command, WITH_A_STACK.formatted(command.replace(' ', '-')))).append(".\n");
            }
            all.forEach(answered -> page.append("\nAsked ").append(answered.asked().way().words).append(", exit code ").append(answered.code()).append(":\n```\n$ ./millrace ")
                    .append(answered.asked().words().stream().map(word -> word.matches("[\\w./:@=-]+") ? word : "'" + word + "'").collect(Collectors.joining(" "))).append('\n').append(answered.shown()).append("\n```\n"));
        });
        return page.toString();
    }

    /** The words that name the command, without what it is asked with. */
    private static String command(List<String> words) {
        var path = new ArrayList<String>();
        var at = Main.commandLine();
        for (var word : words) {
            at = at.getSubcommands().get(word);
            if (at == null) {
                break;
            }
            path.add(word);
        }
        return String.join(" ", path);
    }

    private static Set<String> commands() {
        var all = new TreeSet<String>();
        each("", Main.commandLine(), (name, command) -> all.add(name));
        return all;
    }

    private static void each(String above, CommandLine command, BiConsumer<String, CommandLine> then) {
        command.getSubcommands().forEach((name, sub) -> {
            then.accept(above + name, sub);
            each(above + name + " ", sub, then);
        });
    }

    private static Path demo() {
        return DataFolder.home().resolve("deploy/demo/pipelines");
    }

    private static Path launcher() {
        return DataFolder.home().resolve("deploy/launcher");
    }
}
