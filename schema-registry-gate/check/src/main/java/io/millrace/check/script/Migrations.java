package io.millrace.check.script;

import io.millrace.check.CheckException;
import io.millrace.check.script.Migration.Runner;
import io.millrace.pipeline.file.Unreadable;
import java.io.IOException;
import java.math.BigInteger;
import java.nio.charset.MalformedInputException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** Reads SQL migrations and puts them into the order in which their runner would run them. */
public final class Migrations {

    private static final Pattern FLYWAY = Pattern.compile("([VUB])([0-9][0-9._]*)__(.*)\\.sql|(R)__(.*)\\.sql");
    private static final Pattern CALLBACK = Pattern.compile("(before|after)[A-Z]\\w*(__.*)?\\.sql");
    private static final Pattern LIQUIBASE = Pattern.compile("\\s*--\\s*liquibase\\s+formatted\\s+sql\\b.*", Pattern.CASE_INSENSITIVE | Pattern.DOTALL);
    private static final String ARCHIVE = "PGDMP";
    private static final Pattern NUMBER = Pattern.compile("[0-9]+");

    private final Map<String, String> placeholders;
    private final Map<String, String> settings = new HashMap<>();

    private Migrations(Map<String, String> placeholders) {
        this.placeholders = placeholders;
    }

    /**
     * Reads files and folders. A folder's files are ordered by its naming: Flyway's, Liquibase's, or plain names. Files that
     * are listed one by one stay in the order of the list, unless they have Flyway's names.
     *
     * @param placeholders values of Flyway's {@code ${name}}
     * @throws CheckException when there is nothing to read, or when the order is not plain
     */
    public static List<Migration> read(List<Path> paths, Map<String, String> placeholders) {
        var reader = new Migrations(placeholders);
        var scripts = new ArrayList<Script>();
        boolean folders = false;
        for (var path : paths) {
            if (Files.isDirectory(path)) {
                scripts.addAll(reader.folder(path));
                folders = true;
            } else {
                scripts.add(reader.file(path));
            }
        }
        return reader.order(scripts, folders);
    }

    /** The same with texts that somebody has read already, in the order given unless their names say otherwise. */
    public static List<Migration> of(List<Script> scripts, Map<String, String> placeholders) {
        return new Migrations(placeholders).order(scripts, false);
    }

    /** The same without placeholders. */
    public static List<Migration> of(List<Script> scripts) {
        return of(scripts, Map.of());
    }

    private List<Script> folder(Path folder) {
        try (var files = Files.walk(folder)) {
            var found = files.filter(f -> Files.isRegularFile(f) && !f.getFileName().toString().startsWith(".")).sorted(Comparator.comparing(Path::toString)).toList();
            for (var file : found) {
                if (file.toString().endsWith(".sql.conf")) {
                    settings.put(file.toString().substring(0, file.toString().length() - ".conf".length()), Files.readString(file));
                }
            }
            var scripts = found.stream().filter(f -> f.toString().endsWith(".sql")).map(this::file).toList();
            if (Files.exists(folder.resolve("toc.dat"))) {
                refuseArchive(folder.resolve("toc.dat"));
            }
            if (scripts.isEmpty()) {
                throw new CheckException("The folder " + folder + " holds no migration; a migration's name ends in .sql");
            }
            return scripts;
        } catch (IOException e) {
            throw new CheckException("The folder " + folder + " cannot be listed: " + e, e);
        }
    }

    private Script file(Path file) {
        try {
            refuseArchive(file);
            return new Script(file.toString(), Files.readString(file));
        } catch (MalformedInputException e) {
            throw new CheckException("The file " + file + " is not UTF-8; convert it", e);
        } catch (IOException e) {
            throw new CheckException("The file " + file + " cannot be read: " + Unreadable.why(e), e);
        }
    }

    /** What pg_restore reads is no SQL. */
    private static void refuseArchive(Path file) throws IOException {
        try (var in = Files.newInputStream(file)) {
            var begin = in.readNBytes(ARCHIVE.length());
            var text = new String(begin, StandardCharsets.ISO_8859_1);
            if (text.equals(ARCHIVE) || file.getFileName().toString().equals("toc.dat") || text.startsWith("toc.d")) {
                throw new CheckException("The file " + file + " is a dump in a format of pg_restore's, which is no SQL; make SQL of it: pg_restore --schema-only --file=schema.sql " + file);
            }
            if (text.startsWith("\u001f\u008b")) {
                throw new CheckException("The file " + file + " is compressed; unpack it: gunzip --keep " + file);
            }
        }
    }

    private List<Migration> order(List<Script> scripts, boolean folders) {
        if (scripts.isEmpty()) {
            throw new CheckException("There is no migration to check; name files or folders of them");
        }
        var names = new HashSet<String>();
        scripts.stream().filter(s -> !names.add(s.name())).findFirst().ifPresent(twice -> {
            throw new CheckException("The file " + twice.name() + " is listed twice; a migration runs once");
        });
        var flyway = scripts.stream().filter(s -> FLYWAY.matcher(s.base()).matches()).toList();
        var liquibase = scripts.stream().filter(s -> LIQUIBASE.matcher(s.text()).matches()).toList();
        if (!liquibase.isEmpty()) {
            refuseMixed(scripts, liquibase, "Liquibase's first line (--liquibase formatted sql)");
            return liquibase.stream().flatMap(s -> Changesets.read(s).stream()).toList();
        }
        if (!flyway.isEmpty()) {
            refuseMixed(scripts.stream().filter(s -> !CALLBACK.matcher(s.base()).matches()).toList(), flyway, "Flyway's names (V1__name.sql)");
            return flyway(flyway);
        }
        var forward = scripts.stream().filter(s -> !UpAndDown.isBack(s, scripts)).toList();
        if (forward.isEmpty()) {
            throw UpAndDown.onlyBack(scripts.getFirst());
        }
        var marked = forward.stream().filter(UpAndDown::isOne).toList();
        if (!marked.isEmpty()) {
            refuseMixed(forward, marked, "a way forward and one back (-- +goose Up, -- migrate:up, NAME.up.sql)");
            return (folders ? numbered(marked) : marked).stream().map(UpAndDown::read).toList();
        }
        if (folders) {
            refuseNumbers(scripts);
        }
        return scripts.stream().map(s -> migration(s.name(), Runner.PLAIN, s)).toList();
    }

    /** Their tools go by the number that the name begins with. */
    private static List<Script> numbered(List<Script> scripts) {
        return scripts.stream().sorted(Comparator.comparing(Migrations::number).thenComparing(Script::name)).toList();
    }

    private static BigInteger number(Script script) {
        var inFolder = NUMBER.matcher(script.base());
        var ofFolder = NUMBER.matcher(script.folder().substring(script.folder().lastIndexOf('/') + 1));
        return inFolder.lookingAt() ? new BigInteger(inFolder.group()) : ofFolder.lookingAt() ? new BigInteger(ofFolder.group()) : BigInteger.ZERO;
    }

    private static void refuseMixed(List<Script> all, List<Script> some, String what) {
        if (some.size() != all.size()) {
            var other = all.stream().filter(s -> !some.contains(s)).findFirst().orElseThrow();
            throw new CheckException("The files are in two orders: " + some.getFirst().name() + " has " + what + ", and " + other.name()
                    + " has not; give all of them one form, or check them apart");
        }
    }

    /** By name, 10_x comes before 2_x; whoever numbers files means the other order. */
    private static void refuseNumbers(List<Script> scripts) {
        for (int i = 1; i < scripts.size(); i++) {
            var before = scripts.get(i - 1);
            var after = scripts.get(i);
            var left = NUMBER.matcher(before.base());
            var right = NUMBER.matcher(after.base());
            if (before.folder().equals(after.folder()) && left.lookingAt() && right.lookingAt()
                    && new BigInteger(left.group()).compareTo(new BigInteger(right.group())) > 0) {
                throw new CheckException("The files are in two orders: by name " + before.name() + " comes before " + after.name()
                        + ", by number after it; write the numbers equally long, or list the files in their order");
            }
        }
    }

    private List<Migration> flyway(List<Script> scripts) {
        var versions = new HashMap<List<BigInteger>, Script>();
        for (var script : scripts) {
            var name = name(script);
            if ("V".equals(name.group(1))) {
                var other = versions.putIfAbsent(version(script), script);
                if (other != null) {
                    throw new CheckException("The files are in two orders: " + other.name() + " and " + script.name() + " have the same version; give one of them another");
                }
            }
        }
        var start = scripts.stream().filter(s -> "B".equals(name(s).group(1))).max(Migrations::compareVersions).orElse(null);
        var ordered = new ArrayList<Script>();
        if (start != null) {
            ordered.add(start);
        }
        scripts.stream().filter(s -> "V".equals(name(s).group(1)) && (start == null || compareVersions(s, start) > 0)).sorted(Migrations::compareVersions).forEach(ordered::add);
        scripts.stream().filter(s -> name(s).group(4) != null).sorted(Comparator.comparing(s -> name(s).group(5))).forEach(ordered::add);
        if (ordered.isEmpty()) {
            throw new CheckException("There is no migration to check: " + scripts.getFirst().name() + " only undoes one");
        }
        return ordered.stream().map(s -> migration(s.name(), settings.getOrDefault(s.name(), "").replace(" ", "").contains("executeInTransaction=false") ? Runner.UNWRAPPED : Runner.FLYWAY,
                new Script(s.name(), filled(s)))).toList();
    }

    private static Matcher name(Script script) {
        var name = FLYWAY.matcher(script.base());
        name.matches();
        return name;
    }

    private static List<BigInteger> version(Script script) {
        var parts = new ArrayList<BigInteger>();
        for (var part : name(script).group(2).split("[._]+")) {
            parts.add(new BigInteger(part));
        }
        while (parts.size() > 1 && parts.getLast().signum() == 0) {
            parts.removeLast();
        }
        return parts;
    }

    private static int compareVersions(Script a, Script b) {
        var left = version(a);
        var right = version(b);
        for (int i = 0; i < Math.max(left.size(), right.size()); i++) {
            int order = (i < left.size() ? left.get(i) : BigInteger.ZERO).compareTo(i < right.size() ? right.get(i) : BigInteger.ZERO);
            if (order != 0) {
                return order;
            }
        }
        return 0;
    }

    private String filled(Script script) {
        var text = script.text();
        for (var placeholder : placeholders.entrySet()) {
            text = text.replace("${" + placeholder.getKey() + "}", placeholder.getValue());
        }
        return text;
    }

    private static Migration migration(String name, Runner runner, Script script) {
        return new Migration(name, runner, Splitter.split(script.name(), 1, script.text(), ";"), WaiverReader.read(script.name(), 1, script.text()));
    }
}
