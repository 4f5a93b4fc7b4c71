package io.millrace.check.script;

import io.millrace.check.CheckException;
import io.millrace.check.script.Migration.Runner;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.regex.Pattern;

/**
 * Reads Liquibase-formatted SQL. Every changeset for Postgres is taken, whatever its contexts and labels; preconditions and
 * rollbacks are comments.
 */
final class Changesets {

    private static final Pattern HEAD = Pattern.compile("\\s*--\\s*changeset\\s+(\\S+?):(\\S+)(.*)", Pattern.CASE_INSENSITIVE);
    private static final Pattern IGNORE = Pattern.compile("\\s*--\\s*ignoreLines:(\\S+).*", Pattern.CASE_INSENSITIVE);

    private Changesets() {}

    static List<Migration> read(Script script) {
        var changesets = new ArrayList<Migration>();
        var lines = script.text().split("\n", -1);
        String head = null;
        int first = 0;
        var body = new StringBuilder();
        int ignored = 0;
        boolean ignoring = false;
        for (int i = 0; i < lines.length; i++) {
            var ignore = IGNORE.matcher(lines[i]);
            if (ignore.matches()) {
                ignoring = ignore.group(1).equalsIgnoreCase("start");
                ignored = ignore.group(1).matches("\\d+") ? Integer.parseInt(ignore.group(1)) : 0;
            } else if (HEAD.matcher(lines[i]).matches()) {
                add(script, head, first, body, changesets);
                head = lines[i];
                first = i + 2;
                body.setLength(0);
                continue;
            } else if (ignored > 0 || ignoring) {
                ignored = Math.max(0, ignored - 1);
                body.append('\n');
                continue;
            }
            body.append(lines[i]).append('\n');
        }
        add(script, head, first, body, changesets);
        if (changesets.isEmpty()) {
            throw new CheckException("The file " + script.name() + " is Liquibase's and holds no changeset for Postgres; a changeset begins with --changeset author:id");
        }
        return changesets;
    }

    private static void add(Script script, String head, int first, CharSequence body, List<Migration> into) {
        if (head == null) {
            return;
        }
        var parts = HEAD.matcher(head);
        parts.matches();
        var attributes = parts.group(3);
        var dbms = attribute(attributes, "dbms");
        if (dbms != null && (List.of(dbms.split(",")).contains("!postgresql") || !dbms.contains("postgresql") && !dbms.contains("!"))) {
            return;
        }
        var delimiter = attribute(attributes, "endDelimiter");
        boolean split = !"false".equals(attribute(attributes, "splitStatements"));
        var runner = "false".equals(attribute(attributes, "runInTransaction")) ? Runner.UNWRAPPED : Runner.LIQUIBASE;
        var text = body.toString();
        into.add(new Migration(script.name() + "::" + parts.group(2) + "::" + parts.group(1), runner,
                Splitter.split(script.name(), first, text, split ? delimiter == null ? ";" : delimiter : null), WaiverReader.read(script.name(), first, text)));
    }

    private static String attribute(String attributes, String name) {
        var match = Pattern.compile("\\b" + name + ":(?:\"([^\"]*)\"|(\\S+))", Pattern.CASE_INSENSITIVE).matcher(attributes);
        if (!match.find()) {
            return null;
        }
        var value = match.group(1) == null ? match.group(2) : match.group(1);
        return name.equals("endDelimiter") ? value : value.toLowerCase(Locale.ROOT);
    }
}
