package io.millrace.tests.suite;

import io.millrace.tests.stack.DemoStack;
import io.millrace.tests.stack.Launcher;
import java.io.IOException;
import java.lang.management.ManagementFactory;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import java.util.TreeSet;
import java.util.function.UnaryOperator;
import java.util.regex.Pattern;
import java.util.stream.Collectors;

/** Commands that were typed, as two pages of the guide: one line of each with the seconds that a person waits for it, and the whole of what it answered. */
final class AskedPages {

    private static final Path GUIDE = DemoStack.home().resolve("deploy/guide");
    private static final String SECONDS = "first-hour.md";
    private static final String ANSWERS = "answers.md";
    private static final Pattern COMMAND = Pattern.compile("(?m)^## (.+)\\n(As it is meant: FirstHourIT)?");
    private static final Pattern ROW = Pattern.compile("(?m)^\\| `\\./millrace (.+?)` \\| (\\d+) \\|");
    private static final Pattern BLOCK = Pattern.compile("(?m)^Exit code (\\d+), after .*\\n```\\n\\$ \\./millrace (.+)$");
    private static final Pattern ID = Pattern.compile("\\b[0-9a-f]{8}-[0-9a-f-]{27}\\b");
    /** It follows what is said of a command that cannot be meant. */
    private static final Pattern USAGE = Pattern.compile("(?s)\\nUsage: .*");
    private static final int LONGEST_LINE = 220;

    private final UnaryOperator<String> hidden;
    private final List<String> commands;
    private final Set<String> wanted = new TreeSet<>();
    private final List<Asked> asked = new ArrayList<>();
    private double leastLoad = Double.MAX_VALUE;
    private double mostLoad;

    /**
     * @param words as they stand in the pages
     * @param line of the answer, the one that tells most
     */
    private record Asked(String command, String words, Launcher.Ran ran, String line) {}

    /**
     * @param folder of the test's, which stands in the pages as DIR
     * @throws IOException when COMMANDS.md, which names the commands, cannot be read
     */
    AskedPages(Path folder) throws IOException {
        hidden = text -> USAGE.matcher(text).replaceFirst("").replace(folder.toString(), "DIR").replace(DemoStack.home().toString(), "CHECKOUT").replaceAll("localhost:\\d+", "localhost:PORT");
        var names = new ArrayList<String>();
        COMMAND.matcher(Files.readString(DemoStack.home().resolve("deploy/launcher/COMMANDS.md"))).results().forEach(found -> {
            names.add(found.group(1));
            if (found.group(2) != null) {
                wanted.add(found.group(1));
            }
        });
        commands = names.stream().sorted(Comparator.comparingInt(String::length).reversed()).toList();
    }

    /** The words of a command as they can be typed. */
    static String typed(String... words) {
        return List.of(words).stream().map(word -> word.matches("[\\w./:@=-]+") ? word : "'" + word + "'").collect(Collectors.joining(" "));
    }

    /** @param says what the answer is held to say */
    void add(String words, Launcher.Ran ran, String says) {
        double load = ManagementFactory.getOperatingSystemMXBean().getSystemLoadAverage();
        leastLoad = Math.min(leastLoad, load);
        mostLoad = Math.max(mostLoad, load);
        var lines = ran.output().lines().filter(line -> !line.isBlank()).toList();
        var line = lines.stream().filter(one -> !says.isBlank() && one.contains(says)).findFirst().orElse(lines.isEmpty() ? "" : lines.getFirst());
        asked.add(new Asked(command(words), hidden.apply(words), ran, hidden.apply(line).strip().replaceAll("\\s+", " ")));
    }

    private String command(String words) {
        return commands.stream().filter(name -> words.equals(name) || words.startsWith(name + " ")).findFirst().orElseThrow(() -> new AssertionError("COMMANDS.md knows no command of " + words));
    }

    /** Commands of which COMMANDS.md says that they are shown here, and that nobody typed. */
    Set<String> missing() {
        var missing = new TreeSet<>(wanted);
        asked.forEach(one -> missing.remove(one.command()));
        return missing;
    }

    /** Into the module's target folder. */
    void write() throws IOException {
        var target = Files.createDirectories(DemoStack.home().resolve("tests/target"));
        Files.writeString(target.resolve(SECONDS), seconds());
        Files.writeString(target.resolve(ANSWERS), answers());
    }

    private String seconds() {
        var page = new StringBuilder("Load average while they were typed: %.1f to %.1f.%n%n| command | exit code | seconds | says |%n|---|---|---|---|%n".formatted(leastLoad, mostLoad));
        asked.forEach(one -> page.append("| `./millrace %s` | %d | %s | %s |%n".formatted(cell(one.words()), one.ran().code(), took(one), cell(one.line().length() > LONGEST_LINE ? one.line().substring(0, LONGEST_LINE) + " …" : one.line()))));
        return page.toString();
    }

    private static String cell(String text) {
        return text.replace("|", "\\|").replace("<", "&lt;");
    }

    private static String took(Asked one) {
        return String.format(Locale.ROOT, "%.1f", one.ran().took().toMillis() / 1e3);
    }

    private String answers() {
        var page = new StringBuilder("""
                # What commands answer, with a stack

                Left by `FirstHourIT`, which types them one after the other over a database of twelve tables, in the order of [the first hour](first-hour.md): here by command, each answer whole. Numbers, times and ids are those of that run.
                `DIR` is the folder of the test, `PORT` a port of its; commands about the stack were typed with `--data DIR/data`. What commands answer when they are asked wrongly, or nothing is there to answer, stands in [COMMANDS.md](../launcher/COMMANDS.md).
                """);
        var byCommand = new LinkedHashMap<String, List<Asked>>();
        asked.forEach(one -> byCommand.computeIfAbsent(one.command(), command -> new ArrayList<>()).add(one));
        byCommand.forEach((command, all) -> {
            page.append("\n## ").append(command).append('\n');
            all.forEach(one -> page.append("\nExit code ").append(one.ran().code()).append(", after ").append(took(one)).append(" s:\n```\n$ ./millrace ").append(one.words()).append('\n')
                    .append(hidden.apply(one.ran().output()).lines().map(String::stripTrailing).collect(Collectors.joining("\n")).strip()).append("\n```\n"));
        });
        return page.toString();
    }

    /** What was typed, with the exit codes, in the order of the table. */
    List<String> rows() {
        return asked.stream().map(one -> row(cell(one.words()), one.ran().code())).toList();
    }

    /** The same as the guide's table has it. */
    static List<String> rowsOfTheGuide() throws IOException {
        return ROW.matcher(Files.readString(GUIDE.resolve(SECONDS))).results().map(found -> row(found.group(1), Integer.parseInt(found.group(2)))).toList();
    }

    /** What was typed, with the exit codes, whatever the order. */
    Set<String> answered() {
        return asked.stream().map(one -> row(one.words(), one.ran().code())).collect(Collectors.toCollection(TreeSet::new));
    }

    /** The same as the guide's answers have it. */
    static Set<String> answersOfTheGuide() throws IOException {
        return BLOCK.matcher(Files.readString(GUIDE.resolve(ANSWERS))).results().map(found -> row(found.group(2), Integer.parseInt(found.group(1)))).collect(Collectors.toCollection(TreeSet::new));
    }

    private static String row(String words, int code) {
        return ID.matcher(words).replaceAll("ID") + " → " + code;
    }
}
