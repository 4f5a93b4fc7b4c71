package io.millrace.check.script;

import io.millrace.check.CheckException;
import io.millrace.check.script.Migration.Runner;
import java.util.List;
import java.util.regex.Pattern;

/**
 * Migrations whose way back is in the same file, behind a mark, or in a file beside it: those of goose, dbmate, sql-migrate and
 * node-pg-migrate, and those of golang-migrate, diesel and db-migrate. Only the way forward is taken.
 */
final class UpAndDown {

    /**
     * @param up the line that begins the way forward
     * @param down the line that begins the way back
     * @param bare what in the file says that it runs without a transaction
     */
    private record Marks(Pattern up, Pattern down, Pattern bare) {

        private static Marks of(String up, String down, String bare) {
            return new Marks(line(up), line(down), line(bare));
        }

        private static Pattern line(String text) {
            return Pattern.compile("(?im)^[ \\t]*--[ \\t]*" + text + ".*$");
        }
    }

    private static final List<Marks> TOOLS = List.of(
            Marks.of("\\+goose[ \\t]+Up\\b", "\\+goose[ \\t]+Down\\b", "\\+goose[ \\t]+NO[ \\t]+TRANSACTION\\b"),
            Marks.of("migrate:up\\b", "migrate:down\\b", "migrate:up\\b.*\\btransaction:false\\b"),
            Marks.of("\\+migrate[ \\t]+Up\\b", "\\+migrate[ \\t]+Down\\b", "\\+migrate[ \\t]+Up\\b.*\\bnotransaction\\b"),
            Marks.of("Up Migration\\b", "Down Migration\\b", "pgm\\.noTransaction\\b"));
    private static final Pattern UP = Pattern.compile("(?i)(.*\\.)?up\\.sql");
    private static final Pattern DOWN = Pattern.compile("(?i)(.*\\.)?down\\.sql");
    /** Only a file beside it tells such a name from one that happens to end so. */
    private static final Pattern PERHAPS_DOWN = Pattern.compile("(?i).*[_-]down\\.sql");

    private UpAndDown() {}

    /** Whether the file is the way back of another one. */
    static boolean isBack(Script script, List<Script> all) {
        if (DOWN.matcher(script.base()).matches()) {
            return true;
        }
        var forward = script.name().replaceAll("(?i)down\\.sql$", "up.sql");
        return PERHAPS_DOWN.matcher(script.base()).matches() && all.stream().anyMatch(s -> s.name().equalsIgnoreCase(forward));
    }

    /** Whether the file's name or text has the form of one of these tools. */
    static boolean isOne(Script script) {
        return UP.matcher(script.base()).matches() || marks(script) != null;
    }

    private static Marks marks(Script script) {
        return TOOLS.stream().filter(m -> m.up().matcher(script.text()).find()).findFirst().orElse(null);
    }

    /** The way forward; the lines of the other one are empty, so that all keep their numbers. */
    static Migration read(Script script) {
        var marks = marks(script);
        if (marks == null) {
            var statements = Splitter.split(script.name(), 1, script.text(), ";");
            return new Migration(script.name(), statements.size() > 1 ? Runner.WRAPPED : Runner.UNWRAPPED, statements, WaiverReader.read(script.name(), 1, script.text()));
        }
        var text = new StringBuilder();
        boolean forward = false;
        for (var line : script.text().split("\n", -1)) {
            if (marks.up().matcher(line).matches()) {
                forward = true;
            } else if (marks.down().matcher(line).matches()) {
                forward = false;
            }
            text.append(forward ? line : "").append('\n');
        }
        var runner = marks.bare().matcher(script.text()).find() ? Runner.UNWRAPPED : Runner.WRAPPED;
        return new Migration(script.name(), runner, Splitter.split(script.name(), 1, text.toString(), ";"), WaiverReader.read(script.name(), 1, text.toString()));
    }

    static CheckException onlyBack(Script script) {
        return new CheckException("There is no migration to check: " + script.name() + " only undoes one");
    }
}
