package io.millrace.pipeline.file;

import java.nio.file.Path;
import java.time.Duration;
import java.time.format.DateTimeParseException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.HashSet;
import java.util.IdentityHashMap;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.SequencedSet;
import java.util.Set;
import java.util.function.BiFunction;
import java.util.regex.Pattern;
import org.yaml.snakeyaml.LoaderOptions;
import org.yaml.snakeyaml.constructor.SafeConstructor;
import org.yaml.snakeyaml.error.MarkedYAMLException;
import org.yaml.snakeyaml.error.YAMLException;
import org.yaml.snakeyaml.nodes.MappingNode;
import org.yaml.snakeyaml.nodes.Node;
import org.yaml.snakeyaml.nodes.NodeTuple;
import org.yaml.snakeyaml.nodes.ScalarNode;
import org.yaml.snakeyaml.nodes.SequenceNode;
import org.yaml.snakeyaml.nodes.Tag;
import org.yaml.snakeyaml.reader.ReaderException;

/**
 * A value of a YAML file together with where it stands, read key by key so that what nobody asked for is noticed.
 *
 * <p>Nothing throws on bad input: problems are collected, and a reader goes on with null or a default to find the next
 * one. Not for use by several threads.
 */
final class Yaml {

    private static final Pattern BYTES = Pattern.compile("([1-9]\\d{0,5})(MB|GB|TB)");
    /** What a value without a tag of its own is. */
    private static final Set<Tag> PLAIN = Set.of(Tag.STR, Tag.INT, Tag.FLOAT, Tag.BOOL, Tag.NULL, Tag.TIMESTAMP, Tag.MAP, Tag.SEQ);
    private static final Pattern DURATION = Pattern.compile("(\\d{1,9})(ms|s|m|h|d)");

    private final Document document;
    private final Node node;
    private final String at;
    private final SequencedSet<String> asked = new LinkedHashSet<>();

    private Yaml(Document document, Node node, String at) {
        this.document = document;
        this.node = node;
        this.at = at;
        if (node != null) {
            document.lines.put(at, node.getStartMark().getLine() + 1);
        }
    }

    /** The lines and problems of one file. */
    static final class Document {
        final Path file;
        final Map<String, Integer> lines = new LinkedHashMap<>();
        final List<Problem> problems = new ArrayList<>();

        Document(Path file) {
            this.file = file;
        }

        void problem(int line, String at, String message) {
            problems.add(new Problem(file, line, at, message));
        }

        /** The line of a path, or of the nearest one around it. */
        int line(String at) {
            return nearest(lines, at);
        }
    }

    /** The line of a path, or of the nearest one around it that has one; 0 where none has. */
    static int nearest(Map<String, Integer> lines, String at) {
        var around = at;
        while (!lines.containsKey(around) && !around.isEmpty()) {
            around = around.substring(0, Math.max(0, Math.max(around.lastIndexOf('.'), around.lastIndexOf('['))));
        }
        return lines.getOrDefault(around, 0);
    }

    /** Parses a file; null when it holds no mapping, which is then a problem of the document. */
    static Yaml parse(Document document, String text) {
        var options = new LoaderOptions();
        options.setAllowDuplicateKeys(false);
        try {
            var root = new org.yaml.snakeyaml.Yaml(new SafeConstructor(options)).compose(new java.io.StringReader(text));
            if (root instanceof MappingNode) {
                return refuse(document, root, Collections.newSetFromMap(new IdentityHashMap<>())) ? null : new Yaml(document, root, "");
            }
            document.problem(1, "", "a pipeline file is a mapping with the keys name, source, document");
        } catch (MarkedYAMLException e) {
            int line = e.getProblemMark() == null ? 0 : e.getProblemMark().getLine() + 1;
            document.problem(line, "", "this is not YAML: " + e.getProblem());
        } catch (ReaderException e) {
            int line = 1 + (int) text.codePoints().limit(e.getPosition()).filter(c -> c == '\n').count();
            document.problem(line, "", "this is not YAML: the character U+%04X may not stand in it; where a value needs it, write it as \\u%04X in double quotes".formatted(e.getCodePoint(), e.getCodePoint()));
        } catch (YAMLException e) {
            // Too deep, too long, too many aliases: the parser does not say where.
            document.problem(1, "", "this is not read: " + e.getMessage());
        }
        return null;
    }

    /** A tag is a program's own way to make a value, which is not known here; an alias inside its own anchor has no end. */
    private static boolean refuse(Document document, Node node, Set<Node> around) {
        if (!PLAIN.contains(node.getTag())) {
            document.problem(node.getStartMark().getLine() + 1, "", "the tag " + node.getTag().getValue() + " is not read; write the value itself in its place");
            return true;
        }
        if (!around.add(node)) {
            document.problem(node.getStartMark().getLine() + 1, "", "what begins here contains itself by an alias, without end; write a relation that repeats itself once, with depth: and a number");
            return true;
        }
        var below = switch (node) {
            case MappingNode mapping -> mapping.getValue().stream().map(NodeTuple::getValueNode).toList();
            case SequenceNode sequence -> sequence.getValue();
            default -> List.<Node>of();
        };
        for (var child : below) {
            if (refuse(document, child, around)) {
                return true;
            }
        }
        around.remove(node);
        return false;
    }

    String at() {
        return at;
    }

    boolean isText() {
        return node instanceof ScalarNode;
    }

    boolean isList() {
        return node instanceof SequenceNode;
    }

    boolean isNull() {
        return scalar() == Scalar.NULL;
    }

    /** What a scalar without quotes is taken for. */
    enum Scalar { TEXT, NUMBER, BOOLEAN, NULL, NONE }

    Scalar scalar() {
        if (!(node instanceof ScalarNode)) {
            return Scalar.NONE;
        }
        var tag = node.getTag();
        return tag.equals(Tag.NULL) ? Scalar.NULL : tag.equals(Tag.BOOL) ? Scalar.BOOLEAN : tag.equals(Tag.INT) || tag.equals(Tag.FLOAT) ? Scalar.NUMBER : Scalar.TEXT;
    }

    /** The first key of a mapping, null where there is none. */
    String firstKey() {
        return node instanceof MappingNode mapping && !mapping.getValue().isEmpty() && mapping.getValue().getFirst().getKeyNode() instanceof ScalarNode key ? key.getValue() : null;
    }

    void problem(String message) {
        document.problem(node == null ? document.line(at) : node.getStartMark().getLine() + 1, at, message);
    }

    private String path(String key) {
        return at.isEmpty() ? key : at + "." + key;
    }

    /** Whether a mapping has this key and no other. */
    boolean holdsOnly(String key) {
        return node instanceof MappingNode mapping && mapping.getValue().size() == 1 && key.equals(firstKey());
    }

    /** The value under a key, null where the mapping does not have it. */
    Yaml get(String key) {
        asked.add(key);
        if (node instanceof MappingNode mapping) {
            for (var entry : mapping.getValue()) {
                if (entry.getKeyNode() instanceof ScalarNode k && k.getValue().equals(key)) {
                    return new Yaml(document, entry.getValueNode(), path(key));
                }
            }
        }
        return null;
    }

    /** The value under a key that must be there. */
    Yaml need(String key) {
        var value = get(key);
        if (value == null) {
            problem("the key '" + key + "' is missing");
        }
        return value;
    }

    /** Every member of a mapping in the order of the file. */
    <T> List<T> members(BiFunction<String, Yaml, T> read) {
        var result = new ArrayList<T>();
        if (node instanceof MappingNode mapping) {
            var seen = new LinkedHashSet<String>();
            for (var entry : mapping.getValue()) {
                if (entry.getKeyNode() instanceof ScalarNode key) {
                    var member = new Yaml(document, entry.getValueNode(), path(key.getValue()));
                    if (!seen.add(key.getValue())) {
                        member.problem("the key '" + key.getValue() + "' is there twice");
                    }
                    add(result, read.apply(key.getValue(), member));
                }
            }
        } else {
            problem("must be a mapping");
        }
        return result;
    }

    /** Every element of a list. */
    <T> List<T> elements(java.util.function.Function<Yaml, T> read) {
        var result = new ArrayList<T>();
        if (node instanceof SequenceNode sequence) {
            int i = 0;
            for (var element : sequence.getValue()) {
                add(result, read.apply(new Yaml(document, element, at + "[" + i++ + "]")));
            }
        } else {
            problem("must be a list");
        }
        return result;
    }

    private static <T> void add(List<T> result, T value) {
        if (value != null) {
            result.add(value);
        }
    }

    /** A scalar as the text it was written as; null, with a problem, for anything else. */
    String text() {
        if (node instanceof ScalarNode scalar && scalar.getTag() != Tag.NULL) {
            return scalar.getValue();
        }
        problem("must be a text");
        return null;
    }

    int number(int otherwise) {
        var text = text();
        if (text != null) {
            try {
                return Integer.parseInt(text);
            } catch (NumberFormatException e) {
                problem("'" + text + "' is not a whole number");
            }
        }
        return otherwise;
    }

    /** A number from 0 to 1; null, with a problem, for anything else. */
    Double share() {
        var text = text();
        try {
            double share = text == null ? 0 : Double.parseDouble(text);
            if (share >= 0 && share <= 1) {
                return share;
            }
        } catch (NumberFormatException _) {
            // Said below.
        }
        problem("'" + text + "' is not a number from 0 to 1");
        return null;
    }

    /** True for {@code true}; false, with a problem for anything but {@code false}. */
    boolean truth() {
        var text = text();
        if (text != null && !text.equals("true") && !text.equals("false")) {
            problem("'" + text + "' is neither true nor false");
        }
        return "true".equals(text);
    }

    Duration duration(Duration otherwise) {
        var text = text();
        var match = text == null ? null : DURATION.matcher(text);
        if (match == null || !match.matches()) {
            problem("'" + text + "' is not a duration; write a number and ms, s, m, h or d, such as 500ms");
            return otherwise;
        }
        try {
            return switch (match.group(2)) {
                case "ms" -> Duration.ofMillis(Long.parseLong(match.group(1)));
                case "d" -> Duration.ofDays(Long.parseLong(match.group(1)));
                default -> Duration.parse("PT" + text);
            };
        } catch (DateTimeParseException e) {
            problem("'" + text + "' is not a duration (" + e.getMessage() + ")");
            return otherwise;
        }
    }

    /** A number of bytes; 0, with a problem, for anything else. */
    long bytes() {
        var text = text();
        var match = text == null ? null : BYTES.matcher(text);
        if (match == null || !match.matches()) {
            problem("'" + text + "' is no number of bytes; write a number above 0 and MB, GB or TB, such as 50GB");
            return 0;
        }
        return Long.parseLong(match.group(1)) * switch (match.group(2)) {
            case "MB" -> 1_000_000L;
            case "GB" -> 1_000_000_000L;
            default -> 1_000_000_000_000L;
        };
    }

    <E extends Enum<E>> E oneOf(Class<E> type, E otherwise) {
        var text = text();
        for (var value : type.getEnumConstants()) {
            if (value.name().equals(text)) {
                return value;
            }
        }
        problem("'" + text + "' is not known; allowed: " + String.join(", ", Arrays.stream(type.getEnumConstants()).map(Enum::name).toList()));
        return otherwise;
    }

    /** An enum's constant by its name in lower case, with hyphens; null, with a problem, for anything else. */
    <E extends Enum<E>> E oneOfWords(Class<E> type) {
        var text = text();
        for (var value : type.getEnumConstants()) {
            if (word(value).equals(text)) {
                return value;
            }
        }
        problem("'" + text + "' is not known; allowed: " + String.join(", ", Arrays.stream(type.getEnumConstants()).map(Yaml::word).toList()));
        return null;
    }

    private static String word(Enum<?> value) {
        return value.name().toLowerCase(Locale.ROOT).replace('_', '-');
    }

    TableName table() {
        var text = text();
        try {
            return text == null ? null : TableName.parse(text);
        } catch (IllegalArgumentException e) {
            problem(e.getMessage());
            return null;
        }
    }

    /** The value as plain lists, maps and scalars; where what is inside of it stands is known afterwards. */
    Object plain() {
        note(node, at);
        return new PlainConstructor().of(node);
    }

    /** Values as JSON has them: what looks like a date is its text. */
    private static final class PlainConstructor extends SafeConstructor {

        PlainConstructor() {
            super(new LoaderOptions());
            yamlConstructors.put(Tag.TIMESTAMP, new ConstructYamlStr());
        }

        Object of(Node value) {
            return constructDocument(value);
        }
    }

    private void note(Node value, String path) {
        document.lines.putIfAbsent(path, value.getStartMark().getLine() + 1);
        switch (value) {
            case MappingNode mapping -> {
                var seen = new HashSet<String>();
                for (var entry : mapping.getValue()) {
                    if (entry.getKeyNode() instanceof ScalarNode key) {
                        var below = path + "." + key.getValue();
                        if (!seen.add(key.getValue())) {
                            document.problem(key.getStartMark().getLine() + 1, below, "the key '" + key.getValue() + "' is there twice");
                        }
                        note(entry.getValueNode(), below);
                    }
                }
            }
            case SequenceNode sequence -> {
                int i = 0;
                for (var item : sequence.getValue()) {
                    note(item, path + "[" + i++ + "]");
                }
            }
            default -> { }
        }
    }

    /** Reports every key that was not asked for. Call it after reading a mapping. */
    Yaml done() {
        if (node instanceof MappingNode mapping) {
            var seen = new LinkedHashSet<String>();
            for (var entry : mapping.getValue()) {
                var key = entry.getKeyNode() instanceof ScalarNode k ? k.getValue() : entry.getKeyNode().toString();
                int line = entry.getKeyNode().getStartMark().getLine() + 1;
                if (!asked.contains(key)) {
                    document.problem(line, path(key), "unknown key '" + key + "'; allowed: " + String.join(", ", asked) + Elsewhere.hint(key));
                } else if (!seen.add(key)) {
                    document.problem(line, path(key), "the key '" + key + "' is there twice");
                }
            }
        } else {
            problem("must be a mapping with the keys " + String.join(", ", asked));
        }
        return this;
    }
}
