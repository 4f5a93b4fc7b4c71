package io.millrace.check.script;

import io.millrace.check.CheckException;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * What {@code pg_dump} and {@code pg_dumpall} write as text. Such a dump may make its database and connect to it; here the
 * database is there already.
 */
final class Dump {

    private static final Pattern HEAD = Pattern.compile("(?m)^-- PostgreSQL database (cluster )?dump");
    /** {@code \connect shop}, {@code \connect "my shop"}, {@code \connect -reuse-previous=on "dbname='shop'"}. */
    static final Pattern CONNECT = Pattern.compile("\\\\connect\\s+(?:-reuse-previous=on\\s+)?\"?(?:dbname=)?'?([^'\"]+)'?\"?.*");
    private static final Pattern OF_DATABASE = Pattern.compile("(?is)(CREATE|DROP)\\s+(DATABASE|TABLESPACE)\\b.*");
    private static final Pattern MAKES_TABLE = Pattern.compile("(?is)CREATE\\s+(UNLOGGED\\s+)?TABLE\\b.*");

    private Dump() {}

    static boolean isOne(String text) {
        return HEAD.matcher(text).find();
    }

    /**
     * The statements of the one database that the dump has tables of, after those of the server as a whole.
     *
     * @throws CheckException where it has tables of several databases
     */
    static List<Statement> ofOneDatabase(String file, List<Statement> all) {
        List<Statement> common = new ArrayList<>();
        Map<String, List<Statement>> databases = new LinkedHashMap<>();
        var into = common;
        for (var statement : all) {
            var connect = CONNECT.matcher(statement.text());
            if (connect.matches()) {
                into = databases.computeIfAbsent(connect.group(1), _ -> new ArrayList<>());
            } else if (!OF_DATABASE.matcher(statement.text()).matches()) {
                into.add(statement);
            }
        }
        var full = databases.entrySet().stream().filter(d -> d.getValue().stream().map(Statement::text).map(MAKES_TABLE::matcher).anyMatch(Matcher::matches)).toList();
        if (full.size() > 1) {
            throw new CheckException("The dump " + file + " holds several databases (" + String.join(", ", full.stream().map(Map.Entry::getKey).toList())
                    + "), and a check is for one; make one of that alone: pg_dump --schema-only --dbname=NAME");
        }
        if (full.size() == 1) {
            common.addAll(full.getFirst().getValue());
        }
        return List.copyOf(common);
    }
}
