package io.millrace.pipeline.form;

import io.millrace.pipeline.file.ColumnForm;
import io.millrace.pipeline.file.Expression;
import io.millrace.pipeline.file.RowForm;
import io.millrace.pipeline.schema.Column;
import java.util.ArrayList;
import java.util.List;
import java.util.function.BiFunction;
import java.util.function.Function;
import java.util.function.Predicate;

/** The columns that a table's rows have once they have the form that the pipeline file gives them. */
public final class CapturedColumns {

    private static final String TEXT = "text";

    private CapturedColumns() {}

    /** In the order of the table, those that the file adds behind them. A form of a column that is not there is passed over. */
    public static List<Column> of(RowForm form, List<Column> columns) {
        return of(form, columns, Column::name, Column::nullable, (name, nullable) -> new Column(name, TEXT, false, 0, 0, nullable));
    }

    /**
     * The same of columns as somebody else has them.
     *
     * @param text makes the column of a name that holds a text, or null where that may be
     */
    public static <C> List<C> of(RowForm form, List<C> columns, Function<C, String> name, Predicate<C> nullable, BiFunction<String, Boolean, C> text) {
        Predicate<String> isNullable = wanted -> columns.stream().noneMatch(c -> name.apply(c).equals(wanted) && !nullable.test(c));
        var captured = new ArrayList<C>();
        for (var column : columns) {
            var own = name.apply(column);
            switch (form.columns().get(own)) {
                case null -> captured.add(column);
                case ColumnForm.LeftOut() -> { }
                case ColumnForm.Hashed(var key) -> captured.add(text.apply(own, nullable.test(column)));
                case ColumnForm.Made(var value) -> captured.add(text.apply(own, isNullable(value, isNullable)));
            }
        }
        form.columns().forEach((own, made) -> {
            if (made instanceof ColumnForm.Made(var value) && columns.stream().noneMatch(c -> name.apply(c).equals(own))) {
                captured.add(text.apply(own, isNullable(value, isNullable)));
            }
        });
        return captured;
    }

    private static boolean isNullable(Expression value, Predicate<String> columns) {
        return switch (value) {
            case Expression.Constant constant -> false;
            case Expression.Concat concat -> false;
            case Expression.Column(var name) -> columns.test(name);
            case Expression.Text(var function, var of) -> isNullable(of, columns);
            case Expression.Replace(var of, var find, var with) -> isNullable(of, columns);
            case Expression.Mask(var of, var keep) -> isNullable(of, columns);
            default -> true;
        };
    }
}
