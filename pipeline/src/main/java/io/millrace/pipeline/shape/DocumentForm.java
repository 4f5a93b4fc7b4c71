package io.millrace.pipeline.shape;

import io.millrace.pipeline.file.Expression;
import io.millrace.pipeline.file.Field;
import io.millrace.pipeline.file.Join;
import io.millrace.pipeline.file.Many;
import io.millrace.pipeline.file.Node;
import io.millrace.pipeline.file.One;
import io.millrace.pipeline.file.Relation;
import io.millrace.pipeline.file.Where;
import java.util.Collection;
import java.util.List;
import java.util.stream.Stream;

/**
 * Writes the canonical form of what a file says of its documents: {@code (kind 5:texts 3:and(parts))}, each text behind the number of its characters, so that no two forms look the same.
 *
 * <p>It is written here, part by part, and not taken from how the model prints itself: a part of the file that is not used, or that a later version knows in addition, does not show in it. Stored state goes by it, so what it gives for a
 * file may never change. Not thread-safe.
 */
public final class DocumentForm {

    private final StringBuilder text = new StringBuilder();

    /** Appends an object of the document, with all below it. */
    public DocumentForm node(Node node) {
        text.append("(node");
        string(node.table().toString());
        where(node.where());
        node.fields().forEach(this::field);
        node.relations().forEach(this::relation);
        return close();
    }

    private void relation(Relation relation) {
        switch (relation) {
            case One one -> {
                begin("one", one);
                node(one.node());
                if (one.own()) {
                    text.append("(own)");
                }
                if (one.value() != null) {
                    text.append("(value");
                    expression(one.value());
                    close();
                }
            }
            case Many many -> {
                begin("many", many);
                many(many);
            }
        }
        close();
    }

    private void begin(String kind, Relation relation) {
        text.append('(').append(kind);
        string(relation.name());
        joins("on", relation.on());
    }

    private void many(Many many) {
        var through = many.through();
        if (through != null) {
            text.append("(through");
            string(through.table().toString());
            where(through.where());
            joins("to", through.to());
            through.fields().forEach(this::field);
            close();
        }
        list("order", many.orderBy().stream().flatMap(order -> Stream.of(order.column(), order.descending() ? "DESC" : "ASC")));
        if (many.distinct()) {
            text.append("(distinct)");
        }
        if (many.limit() != null) {
            list("limit", Stream.of(many.limit().toString()));
        }
        switch (many.content()) {
            case Many.Objects() -> { }
            case Many.Values(var of) -> {
                text.append("(values");
                expression(of);
                close();
            }
            case Many.Aggregate(var function, var of) -> {
                text.append("(aggregate");
                string(function.name());
                if (of != null) {
                    expression(of);
                }
                close();
            }
        }
        node(many.node());
    }

    private void field(Field field) {
        text.append("(field");
        string(field.name());
        expression(field.value());
        close();
    }

    private void expression(Expression expression) {
        switch (expression) {
            case Expression.Column(var name) -> list("column", Stream.of(name));
            case Expression.Constant(var kind, var constant) -> list("constant", Stream.of(kind.name(), constant));
            case Expression.Concat(var parts, var delimiter) -> function("concat", parts, delimiter.isEmpty() ? new String[0] : new String[] {delimiter});
            case Expression.Coalesce(var options) -> function("coalesce", options);
            case Expression.Cast(var of, var to) -> function("cast", List.of(of), to.name());
            case Expression.JsonPath(var of, var path) -> function("json", List.of(of), path.toArray(String[]::new));
            case Expression.Element(var of, var at) -> function("element", List.of(of), Integer.toString(at));
            case Expression.Text(var function, var of) -> function("text", List.of(of), function.name());
            case Expression.Replace(var of, var find, var with) -> function("replace", List.of(of), find, with);
            case Expression.Mask(var of, var keep) -> function("mask", List.of(of), Integer.toString(keep));
            case Expression.GeoPoint(var lat, var lon) -> function("geo", List.of(lat, lon));
        }
    }

    private void function(String name, List<Expression> operands, String... settings) {
        text.append('(').append(name);
        Stream.of(settings).forEach(this::string);
        operands.forEach(this::expression);
        close();
    }

    private void where(Where where) {
        if (where == null) {
            return;
        }
        text.append("(where");
        for (var alternative : where.any()) {
            text.append("(all");
            for (var condition : alternative) {
                list("is", Stream.concat(Stream.of(condition.column(), condition.comparison().name()), condition.values().stream()));
            }
            close();
        }
        close();
    }

    private void joins(String kind, List<Join> joins) {
        list(kind, joins.stream().flatMap(join -> Stream.of(join.here(), join.there())));
    }

    /** Appends some texts under a name; nothing where there are none. */
    public DocumentForm list(String kind, Stream<String> strings) {
        var all = strings.toList();
        if (!all.isEmpty()) {
            text.append('(').append(kind);
            all.forEach(this::string);
            close();
        }
        return this;
    }

    private void string(String string) {
        text.append(' ').append(string.length()).append(':').append(string);
    }

    private DocumentForm close() {
        text.append(')');
        return this;
    }

    @Override
    public String toString() {
        return text.toString();
    }
}
