package io.millrace.pipeline.catalog;

import io.millrace.pipeline.file.ColumnForm;
import io.millrace.pipeline.file.Pipeline;
import io.millrace.pipeline.file.RowForm;
import io.millrace.pipeline.file.TableName;
import io.millrace.pipeline.form.CapturedColumns;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.Function;
import java.util.stream.Collectors;

/**
 * What a database's catalog says of the tables that pipelines use.
 *
 * @param tables by name; a table that does not exist is not in it
 * @param unfit what is there by a name that was asked for, and cannot be followed: why, and what to do, as the end of a sentence that begins with its kind
 * @param generated of each table the columns that Postgres computes, which are not in the log
 */
public record Catalog(Map<TableName, Table> tables, Map<TableName, String> unfit, Map<TableName, Set<String>> generated) {

    /** Tables of which every one can be followed, with all columns. */
    public Catalog(Map<TableName, Table> tables) {
        this(tables, Map.of(), Map.of());
    }

    /** The same with the columns that rows have once they have the form that the pipeline's file gives them. */
    public Catalog captured(Pipeline pipeline) {
        return new Catalog(tables.values().stream().map(table -> table.captured(pipeline.settings(table.name()).form())).collect(Collectors.toUnmodifiableMap(Table::name, Function.identity())), unfit, generated);
    }

    /**
     * @param name the table
     * @param partitioned whether its rows are in partitions; the rows of tables that inherit from a plain one are not its own
     * @param columns in the order of the table
     * @param primaryKey its columns in the order of the key, empty where there is none, and where it is deferrable, since Postgres takes it for no replica identity then
     * @param uniqueKeys the columns of every other unique index that is not partial, on plain columns and valid
     */
    public record Table(TableName name, boolean partitioned, List<Column> columns, List<String> primaryKey, List<List<String>> uniqueKeys) {

        private Table captured(RowForm form) {
            var captured = CapturedColumns.of(form, columns, Column::name, Column::nullable, (column, nullable) -> new Column(column, "text", nullable));
            var unique = uniqueKeys.stream().filter(key -> key.stream().allMatch(column -> isKept(form.columns().get(column)))).toList();
            return new Table(name, partitioned, captured, primaryKey, unique);
        }

        /** Whether values that are different stay so. */
        private static boolean isKept(ColumnForm form) {
            return form == null || form instanceof ColumnForm.Hashed;
        }

        /** The column of that name, null where the table has none. */
        public Column column(String name) {
            return columns.stream().filter(c -> c.name().equals(name)).findFirst().orElse(null);
        }
    }

    /**
     * @param name as the catalog has it
     * @param type the type as {@code format_type} prints it, without modifiers
     * @param nullable whether it may hold null
     */
    public record Column(String name, String type, boolean nullable) {}
}
