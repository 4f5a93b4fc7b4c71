package io.millrace.check.catalog;

import io.millrace.pipeline.catalog.Catalog;
import io.millrace.pipeline.file.TableName;
import io.millrace.pipeline.schema.Column;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;

/**
 * What the catalog says at one moment of everything that replication depends on.
 *
 * @param tables every table of the database by oid; columns and indexes only of those that are watched
 * @param publication the source's publication, null where it is not there
 * @param role the replicating role, null where it is not there
 * @param slot whether the replication slot is there
 * @param settings what is set for the server, for the database or for the role, and holds for capture's sessions from their next start on
 * @param enums the labels of enum types in their order, by the type's oid
 * @param enumDomains domains over enums, of whatever schema
 */
public record State(Map<Long, Table> tables, Publication publication, Role role, boolean slot, Map<String, String> settings, Map<Long, List<String>> enums, Set<String> enumDomains) {

    /**
     * @param complete whether inserts, updates, deletes and truncates are all published
     * @param viaRoot whether changes of partitions are published as their root's
     * @param tables what is published
     */
    public record Publication(boolean complete, boolean viaRoot, Map<TableName, Published> tables) {}

    /**
     * @param columns the names of the published columns
     * @param filter the condition on rows, null where there is none
     */
    public record Published(Set<String> columns, String filter) {}

    /**
     * @param name it may have been renamed
     * @param replicates whether it may replicate
     * @param entry what its login depends on, the database's door included
     */
    public record Role(String name, boolean replicates, String entry) {}

    /** The table of that name, null where there is none. */
    public Table table(TableName name) {
        for (var table : tables.values()) {
            if (table.name().equals(name)) {
                return table;
            }
        }
        return null;
    }

    /** The table that a partition's rows belong to in the end; the table itself where it is no partition. */
    public Table root(Table table) {
        var root = table;
        while (root.partition() && !root.parents().isEmpty() && tables.containsKey(root.parents().getFirst())) {
            root = tables.get(root.parents().getFirst());
        }
        return root;
    }

    /** Whether changes of that table, or of the partitions that are its own, leave the database under its name. */
    public boolean publishes(TableName name) {
        return publication != null && publication.tables().containsKey(name);
    }

    /** The columns that capture would see in a table's changes, in the order of the table. */
    public List<Column> captured(Table table) {
        var published = publication == null ? null : publication.tables().get(table.name());
        return table.columns().stream()
                .filter(c -> published == null ? !c.generated() : published.columns().contains(c.name()))
                .map(Table.Attribute::column).toList();
    }

    /** The key's columns as capture would see them. */
    public List<Column> capturedKey(Table table) {
        return table.primaryKey().stream().map(Table.Attribute::column).toList();
    }

    /** In the form that pipeline files are held against. */
    public Catalog catalog() {
        var catalog = new HashMap<TableName, Catalog.Table>();
        for (var table : tables.values()) {
            if (!table.columns().isEmpty()) {
                var unique = table.indexes().stream().filter(i -> !i.primary() && i.usable()).map(i -> names(table.columns(i))).toList();
                catalog.put(table.name(), new Catalog.Table(table.name(), table.partitioned(),
                        table.columns().stream().map(c -> new Catalog.Column(c.name(), c.plainType(), c.column().nullable())).toList(), names(table.primaryKey()), unique));
            }
        }
        return new Catalog(catalog);
    }

    private static List<String> names(List<Table.Attribute> columns) {
        return columns.stream().map(Table.Attribute::name).toList();
    }
}
