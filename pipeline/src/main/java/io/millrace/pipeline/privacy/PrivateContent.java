package io.millrace.pipeline.privacy;

import io.millrace.pipeline.comparison.Differences.Difference;
import io.millrace.pipeline.file.ColumnForm;
import io.millrace.pipeline.file.Expression;
import io.millrace.pipeline.file.Field;
import io.millrace.pipeline.file.Many;
import io.millrace.pipeline.file.Node;
import io.millrace.pipeline.file.One;
import io.millrace.pipeline.file.Pipeline;
import io.millrace.pipeline.file.TableName;
import java.util.HashMap;
import java.util.HashSet;
import java.util.Map;
import java.util.Set;
import java.util.regex.Pattern;
import java.util.stream.Stream;

/**
 * Which places of a pipeline's documents are made of columns that its file marks {@code private}, in whole or in part, and what is shown there to whoever may not see them. What
 * the differences of a verification and the console show of documents goes through it. Immutable.
 */
public final class PrivateContent {

    /** What stands in the place of a private value, as text. */
    public static final String MASK = "(private)";

    private static final String JSON_MASK = "\"" + MASK + "\"";
    private static final Pattern ELEMENTS = Pattern.compile("^(\\[\\d+])+");

    private final Place document;

    private PrivateContent(Place document) {
        this.document = document;
    }

    /** Those of one pipeline. */
    public static PrivateContent of(Pipeline pipeline) {
        return new PrivateContent(new Reader(pipeline).object(pipeline.document()));
    }

    /** The document as a whole. */
    public Place document() {
        return document;
    }

    /** Whether everybody may see all of it. */
    public boolean isEmpty() {
        return !document.isTouched();
    }

    /** The same difference without private values; one that is private in part says nothing of either side but whether there is a value. */
    public Difference masked(Difference difference) {
        return document.covers(difference.path().substring(1)) ? masked(difference.path(), difference) : difference;
    }

    /** The same difference with no value at all, for documents of which it is not known what is private. */
    public static Difference unknown(Difference difference) {
        return masked(difference.path(), difference);
    }

    private static Difference masked(String path, Difference difference) {
        return new Difference(path, difference.index() == null ? null : JSON_MASK, difference.postgres() == null ? null : JSON_MASK);
    }

    /**
     * A place of a document. An array has the place of its elements.
     *
     * @param isPrivate whether all that stands there is private
     * @param members those of which something is private, by name
     */
    public record Place(boolean isPrivate, Map<String, Place> members) {

        private static final Place OPEN = new Place(false, Map.of());

        public Place {
            members = Map.copyOf(members);
        }

        /** The place of a member of the object that stands here. */
        public Place member(String name) {
            return isPrivate ? this : members.getOrDefault(name, OPEN);
        }

        /** Whether anything that stands here is private. */
        public boolean isTouched() {
            return isPrivate || members.values().stream().anyMatch(Place::isTouched);
        }

        /** Whether anything private stands below here at a path such as {@code [2].key}; names may have dots themselves, and where a path can be read in two ways, both count. */
        private boolean covers(String path) {
            var rest = ELEMENTS.matcher(path).replaceFirst("");
            if (isPrivate || rest.isEmpty()) {
                return isTouched();
            }
            return members.entrySet().stream().anyMatch(member -> {
                var step = "." + member.getKey();
                return rest.startsWith(step) && (rest.length() == step.length() || ".[".indexOf(rest.charAt(step.length())) >= 0) && member.getValue().covers(rest.substring(step.length()));
            });
        }
    }

    /** Walks a document's shape. */
    private record Reader(Pipeline pipeline) {

        /** The columns of a table's rows that are private, with those that the file makes of them. */
        private Set<String> columns(TableName table) {
            var settings = pipeline.settings(table);
            var columns = new HashSet<String>(settings.privateColumns());
            settings.form().columns().forEach((column, form) -> {
                if (form instanceof ColumnForm.Made(var value) && value.columns().anyMatch(settings.privateColumns()::contains)) {
                    columns.add(column);
                }
            });
            return columns;
        }

        private boolean isPrivate(TableName table, Expression value) {
            return value != null && value.columns().anyMatch(columns(table)::contains);
        }

        private Place value(TableName table, Expression value) {
            return new Place(isPrivate(table, value), Map.of());
        }

        private Place object(Node node) {
            return new Place(false, members(node));
        }

        private Map<String, Place> members(Node node) {
            var members = new HashMap<String, Place>();
            fields(node.table(), node.fields().stream(), members);
            for (var relation : node.relations()) {
                members.put(relation.name(), switch (relation) {
                    case One one -> one.value() == null ? object(one.node()) : value(one.node().table(), one.value());
                    case Many many -> many(many);
                });
            }
            return members;
        }

        private void fields(TableName table, Stream<Field> fields, Map<String, Place> members) {
            fields.forEach(field -> members.put(field.name(), value(table, field.value())));
        }

        /** How many rows there are is no value of theirs. */
        private Place many(Many many) {
            var table = many.node().table();
            return switch (many.content()) {
                case Many.Values(var of) -> value(table, of);
                case Many.Aggregate(var function, var of) -> function == Many.Aggregate.Function.COUNT ? Place.OPEN : value(table, of);
                case Many.Objects() -> {
                    var members = members(many.node());
                    if (many.through() != null) {
                        fields(many.through().table(), many.through().fields().stream(), members);
                    }
                    yield new Place(false, members);
                }
            };
        }
    }
}
