package io.millrace.check.catalog;

import io.millrace.pipeline.file.TableName;
import io.millrace.pipeline.schema.Column;
import java.util.List;
import java.util.Objects;

/**
 * A table as the catalog has it at one moment.
 *
 * @param oid stays the same when the table is renamed
 * @param name its name
 * @param partitioned whether its rows are in partitions
 * @param persistence {@code p} logged, {@code u} unlogged
 * @param replicaIdentity {@code d} primary key, {@code n} nothing, {@code f} full, {@code i} an index
 * @param filenode the file of its rows; another one after a rewrite; 0 for a partitioned table
 * @param partition whether it is a partition of its first parent
 * @param parents the oids of what it inherits from
 * @param readable whether the replicating role may read it
 * @param hidden whether row security hides rows from that role
 * @param columns in the order of the table; empty for tables of no interest
 * @param indexes its unique indexes; empty for tables of no interest
 */
public record Table(long oid, TableName name, boolean partitioned, char persistence, char replicaIdentity, long filenode, boolean partition, List<Long> parents,
        boolean readable, boolean hidden, List<Attribute> columns, List<Index> indexes) {

    /**
     * A column.
     *
     * @param number stays the same when the column is renamed
     * @param column as capture would see it
     * @param type as {@code format_type} prints it, with modifiers
     * @param plainType the same without modifiers
     * @param generated whether it is computed from other columns
     * @param identity whether it numbers itself
     * @param fallback its default's text, or its domain's; null where there is none
     * @param varying whether the default's value is not the same for every call
     * @param prefilled whether old rows have a value in it with which none of them was written
     * @param enumType the oid of the enum that it, or its elements, are of; 0 where of none
     * @param notNullByDomain whether its domain is what forbids nulls
     */
    public record Attribute(int number, Column column, String type, String plainType, boolean generated, boolean identity, String fallback, boolean varying, boolean prefilled, long enumType,
            boolean notNullByDomain) {

        public String name() {
            return column.name();
        }
    }

    /**
     * A unique index.
     *
     * @param columns the numbers of its key columns in their order
     * @param usable whether it can identify rows: valid, on plain columns, not partial
     */
    public record Index(long oid, String name, boolean primary, boolean replicaIdentity, boolean usable, List<Integer> columns) {}

    /** The column of that name, null where there is none. */
    public Attribute column(String wanted) {
        return columns.stream().filter(c -> c.name().equals(wanted)).findFirst().orElse(null);
    }

    /** The column of that number, null where there is none. */
    public Attribute column(int number) {
        return columns.stream().filter(c -> c.number() == number).findFirst().orElse(null);
    }

    /** The primary key's columns in the order of the key, empty where there is none, and where it is deferrable, since Postgres takes it for no replica identity then. */
    public List<Attribute> primaryKey() {
        return indexes.stream().filter(Index::primary).findFirst().map(this::columns).orElse(List.of());
    }

    public List<Attribute> columns(Index index) {
        return index.columns().stream().map(this::column).filter(Objects::nonNull).toList();
    }

    /** Whether updates and deletes name the row that they mean; without it Postgres refuses them on a published table. */
    public boolean identified() {
        return switch (replicaIdentity) {
            case 'f' -> true;
            case 'd' -> !primaryKey().isEmpty();
            case 'i' -> indexes.stream().anyMatch(Index::replicaIdentity);
            default -> false;
        };
    }
}
