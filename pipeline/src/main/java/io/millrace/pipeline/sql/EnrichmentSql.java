package io.millrace.pipeline.sql;

import io.millrace.pipeline.catalog.Catalog;
import io.millrace.pipeline.file.Enrichment;
import io.millrace.pipeline.file.Join;
import io.millrace.pipeline.file.Pipeline;
import io.millrace.pipeline.file.TableName;
import java.util.stream.Collectors;

/**
 * The statements by which what others add to a document is kept. A key's parameters are the columns of the root's primary key, in its order, each to be set as text.
 *
 * @param read gives the object as text; parameters: the key
 * @param lock the same, and has others wait for the end of the transaction
 * @param insert does nothing where the document has a row; parameters: the key, the object as text
 * @param update parameters: the object as text, the key
 * @param delete parameters: the key
 */
public record EnrichmentSql(String read, String lock, String insert, String update, String delete) {

    /**
     * @param pipeline whose documents are enriched
     * @param catalog has the root table and the one from which they are enriched, which fit each other
     */
    public static EnrichmentSql of(Pipeline pipeline, Catalog catalog) {
        var enrichment = pipeline.enrichment();
        var table = catalog.tables().get(enrichment.table());
        var columns = catalog.tables().get(pipeline.document().table()).primaryKey().stream().map(key -> there(enrichment, key)).toList();
        var values = columns.stream().map(column -> JoinSql.keyOf("?", table.column(column))).toList();
        var names = columns.stream().map(TableName::quote).toList();
        var where = " WHERE (" + String.join(", ", names) + ") = (" + String.join(", ", values) + ")";
        var from = table.name().sql();
        var read = "SELECT " + Enrichment.COLUMN + "::text FROM " + from + where;
        return new EnrichmentSql(read, read + " FOR UPDATE",
                "INSERT INTO " + from + " (" + String.join(", ", names) + ", " + Enrichment.COLUMN + ") VALUES (" + String.join(", ", values) + ", CAST(? AS jsonb)) ON CONFLICT (" + String.join(", ", names) + ") DO NOTHING",
                "UPDATE " + from + " SET " + Enrichment.COLUMN + " = CAST(? AS jsonb)" + where,
                "DELETE FROM " + from + where);
    }

    /**
     * The statement that takes away what was added to the documents of somebody whose root rows are erased.
     *
     * @param column of the root table, by which its rows carry the subject
     * @param type of that column
     * @return a DELETE whose one parameter is the subject's key as text
     */
    public static String forgetting(Pipeline pipeline, String column, String type) {
        var enrichment = pipeline.enrichment();
        return "DELETE FROM " + enrichment.table().sql() + " e USING " + pipeline.document().table().sql() + " r WHERE "
                + enrichment.on().stream().map(join -> "e." + TableName.quote(join.there()) + " = r." + TableName.quote(join.here())).collect(Collectors.joining(" AND "))
                + " AND r." + TableName.quote(column) + " = CAST(? AS " + type + ")";
    }

    private static String there(Enrichment enrichment, String key) {
        return enrichment.on().stream().filter(join -> join.here().equals(key)).map(Join::there).findFirst()
                .orElseThrow(() -> new IllegalArgumentException("enrichment.join does not name " + key + ", which is of the root's primary key"));
    }
}
