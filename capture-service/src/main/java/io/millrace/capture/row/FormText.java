package io.millrace.capture.row;

import io.millrace.pipeline.file.ColumnForm;
import io.millrace.pipeline.file.Expression;
import io.millrace.pipeline.file.Where;
import java.util.Collection;
import java.util.stream.Collectors;

/**
 * Forms of rows as text, equal for equal forms. Marks are made of it that Kafka remembers: another text for the same form would make
 * every row of its table old, so what is written here stays as it is.
 */
final class FormText {

    private FormText() {}

    /** @param hash what stands for the key of a hash, null for any other form */
    static String of(ColumnForm form, String hash) {
        return switch (form) {
            case ColumnForm.LeftOut _ -> "LeftOut[]";
            case ColumnForm.Hashed _ -> "hashed " + hash;
            case ColumnForm.Made(var value) -> "Made[value=" + of(value) + "]";
        };
    }

    private static String of(Expression value) {
        return switch (value) {
            case Expression.Column(var name) -> "Column[name=" + name + "]";
            case Expression.Constant(var kind, var text) -> "Constant[kind=" + kind.name() + ", text=" + text + "]";
            case Expression.Concat(var parts, var delimiter) -> "Concat[parts=" + all(parts) + (delimiter.isEmpty() ? "" : ", delimiter=" + exact(delimiter)) + "]";
            case Expression.Coalesce(var options) -> "Coalesce[options=" + all(options) + "]";
            case Expression.Cast(var of, var to) -> "Cast[of=" + of(of) + ", to=" + to.name() + "]";
            case Expression.JsonPath(var of, var path) -> "JsonPath[of=" + of(of) + ", path=[" + String.join(", ", path) + "]]";
            case Expression.Element(var of, var at) -> "Element[of=" + of(of) + ", at=" + at + "]";
            case Expression.Text(var function, var of) -> "Text[function=" + function.name() + ", of=" + of(of) + "]";
            case Expression.Replace(var of, var find, var with) -> "Replace[of=" + of(of) + ", find=" + exact(find) + ", with=" + exact(with) + "]";
            case Expression.Mask(var of, var keep) -> "Mask[of=" + of(of) + ", keep=" + keep + "]";
            case Expression.GeoPoint(var lat, var lon) -> "GeoPoint[lat=" + of(lat) + ", lon=" + of(lon) + "]";
        };
    }

    /** With its length in front, so that no text ends where another one would go on. */
    private static String exact(String text) {
        return text.length() + ":" + text;
    }

    private static String all(Collection<Expression> values) {
        return values.stream().map(FormText::of).collect(Collectors.joining(", ", "[", "]"));
    }

    /** @param rows null where all of them go */
    static String of(Where rows) {
        return rows == null ? "null" : rows.any().stream().map(every -> every.stream().map(FormText::of).collect(Collectors.joining(", ", "[", "]"))).collect(Collectors.joining(", ", "Where[any=[", "]]"));
    }

    private static String of(Where.Condition condition) {
        return "Condition[column=" + condition.column() + ", comparison=" + condition.comparison().name() + ", values=" + (condition.values() == null ? "null" : "[" + String.join(", ", condition.values()) + "]") + "]";
    }
}
