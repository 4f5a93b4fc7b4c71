package io.millrace.gate.rule;

import io.millrace.gate.avro.AvroWalker;
import io.millrace.pipeline.file.RowRule;
import io.millrace.pipeline.type.ColumnType;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.regex.Pattern;
import org.apache.avro.Schema;

/** The row rules of one table as they apply to one schema of its rows. Immutable. */
public final class RuleSet {

    /** None. */
    public static final RuleSet EMPTY = new RuleSet(List.of(), List.of(), List.of());

    private final List<String> fields;
    private final List<Judged> judged;
    private final List<String> unusable;

    /**
     * One thing that is asked of one column.
     *
     * @param column its name in the catalog
     * @param constraint the rule's word in the pipeline file, {@code maxLength} for example
     * @param bound what the file says there, for people
     * @param quarantine whether a breach keeps the row back
     */
    public record Constraint(String column, String constraint, String bound, boolean quarantine) {

        @Override
        public String toString() {
            return constraint + (bound.isEmpty() ? "" : " " + bound);
        }
    }

    /**
     * @param kept index of the field among {@link #fields()}
     * @param nullBranch which branch of the field's union is null, -1 where there is no union
     * @param nullBreaks whether null breaks it
     */
    private record Judged(Constraint constraint, int kept, int nullBranch, boolean nullBreaks, Check check) {

        String breach(byte[] bytes, int from, int to, Scratch scratch) {
            if (nullBranch < 0) {
                return check.breach(bytes, from, to, scratch);
            }
            // A union of two: its branch is one byte, 0 or 2.
            if (bytes[from] >> 1 == nullBranch) {
                return nullBreaks ? "null" : null;
            }
            return check.breach(bytes, from + 1, to, scratch);
        }
    }

    /** Is told of every breach of a row. */
    public interface Listener {

        /** @param kind what kind of value it was, never the value */
        void breached(Constraint constraint, String kind);
    }

    private RuleSet(List<String> fields, List<Judged> judged, List<String> unusable) {
        this.fields = fields;
        this.judged = judged;
        this.unusable = unusable;
    }

    /** What the rules ask of rows of this schema. */
    public static RuleSet of(List<RowRule> rules, Schema schema) {
        if (rules.isEmpty() || schema.getType() != Schema.Type.RECORD) {
            return EMPTY;
        }
        var fields = new ArrayList<String>();
        var judged = new ArrayList<Judged>();
        var unusable = new ArrayList<String>();
        for (var rule : rules) {
            var field = schema.getFields().stream().filter(f -> ColumnType.columnName(f).equals(rule.column())).findFirst();
            if (field.isEmpty()) {
                unusable.add("the rows have no column " + rule.column());
            } else {
                add(rule, field.get(), fields, judged, unusable);
            }
        }
        return new RuleSet(List.copyOf(fields), List.copyOf(judged), List.copyOf(unusable));
    }

    private static void add(RowRule rule, Schema.Field field, List<String> fields, List<Judged> judged, List<String> unusable) {
        var types = field.schema().isUnion() ? field.schema().getTypes() : List.of(field.schema());
        int nullBranch = types.size() == 2 ? types.get(0).getType() == Schema.Type.NULL ? 0 : types.get(1).getType() == Schema.Type.NULL ? 1 : -1 : -1;
        if (types.size() > 1 && nullBranch < 0) {
            unusable.add("the column " + rule.column() + " is a union of more than null and one type");
            return;
        }
        if (!fields.contains(field.name())) {
            fields.add(field.name());
        }
        int kept = fields.indexOf(field.name());
        boolean quarantine = rule.breach() == RowRule.Breach.QUARANTINE;
        if (rule.notNull()) {
            judged.add(new Judged(new Constraint(rule.column(), "notNull", "", quarantine), kept, nullBranch, true, new Check.Present()));
        }
        var type = ColumnType.of(field);
        for (var part : parts(rule)) {
            try {
                judged.add(new Judged(new Constraint(rule.column(), part.word, part.bound, quarantine), kept, nullBranch, false, part.check(type)));
            } catch (IllegalArgumentException | java.time.DateTimeException e) {
                unusable.add(part.word + " " + part.bound + " does not fit the column " + rule.column() + ": " + e.getMessage());
            }
        }
    }

    private static List<Part> parts(RowRule rule) {
        var parts = new ArrayList<Part>();
        if (rule.min() != null) {
            parts.add(new Part("min", rule.min(), type -> Ranges.of(type, rule.min(), null)));
        }
        if (rule.max() != null) {
            parts.add(new Part("max", rule.max(), type -> Ranges.of(type, null, rule.max())));
        }
        if (rule.pattern() != null) {
            parts.add(new Part("pattern", rule.pattern(), type -> new Check.Matching(text(type, Pattern.compile(rule.pattern())))));
        }
        if (!rule.oneOf().isEmpty()) {
            parts.add(new Part("enum", rule.oneOf().toString(), type -> listed(type, rule.oneOf())));
        }
        if (rule.maxLength() != null) {
            parts.add(new Part("maxLength", rule.maxLength().toString(), type -> type.kind() == ColumnType.Kind.BYTES
                    ? new Check.Longest(rule.maxLength(), false) : new Check.Longest(text(type, rule.maxLength()), true)));
        }
        return parts;
    }

    private record Part(String word, String bound, java.util.function.Function<ColumnType, Check> make) {

        Check check(ColumnType type) {
            return make.apply(type);
        }
    }

    private static <T> T text(ColumnType type, T bound) {
        return switch (type.kind()) {
            case TEXT, KEYWORD, JSON, NUMERIC -> bound;
            default -> throw new IllegalArgumentException("it is no text but " + type.kind());
        };
    }

    private static Check listed(ColumnType type, List<String> allowed) {
        return switch (type.kind()) {
            case INTEGER, BIGINT -> new Check.ListedWhole(allowed.stream().mapToLong(Long::parseLong).toArray());
            default -> new Check.ListedText(text(type, allowed).stream().map(t -> t.getBytes(StandardCharsets.UTF_8)).toArray(byte[][]::new));
        };
    }

    /** The fields whose places a walk has to keep, for {@link io.millrace.gate.avro.AvroProgram#of(Schema, List)}. */
    public List<String> fields() {
        return fields;
    }

    /** The rules that cannot be applied to rows of this schema, and why; for people. */
    public List<String> unusable() {
        return unusable;
    }

    public boolean isEmpty() {
        return judged.isEmpty();
    }

    /** Judges a row that has just been walked and found readable. */
    public void judge(byte[] row, AvroWalker walked, Scratch scratch, Listener listener) {
        for (var one : judged) {
            var kind = one.breach(row, walked.from(one.kept), walked.to(one.kept), scratch);
            if (kind != null) {
                listener.breached(one.constraint, kind);
            }
        }
    }
}
