package io.millrace.pipeline.file;

import jakarta.validation.Valid;
import jakarta.validation.constraints.NotEmpty;
import jakarta.validation.constraints.NotNull;
import java.util.List;
import java.util.SortedMap;

/**
 * What others than the tables' owners add to the documents: a JSON object for each, in a table of the source. A document shows it under {@value #MEMBER}, null where it has none.
 *
 * @param table has a row for each enriched document: the root's primary key, and the object in the column {@value #COLUMN}, of the type {@code jsonb}
 * @param on the root's primary key, and the table's
 * @param fields which members the object may have, and what they hold, by name
 */
public record Enrichment(@NotNull TableName table, @NotEmpty List<@Valid Join> on, @NotEmpty SortedMap<String, Type> fields) {

    /** The member of a document that shows it. */
    public static final String MEMBER = "enrichment";
    /** The column that holds it. */
    public static final String COLUMN = "fields";

    /** Why a record of a job stands in the documents' quarantine: it could not be added to its document. */
    public static final String REFUSED = "enrichment-refused";

    /** What a member of the object holds: null, one of these, or a list of them. */
    public enum Type {

        /** A text that is found and sorted by as a whole. */
        KEYWORD,

        /** A text that is searched by its words. */
        TEXT,

        /** A whole number of 64 bits. */
        LONG,

        /** A number. */
        DOUBLE,

        BOOLEAN,

        /** A day, or a moment in UTC, in ISO 8601. */
        DATE,

        /** Anything; kept, and not searched unless {@code index.mappings} says how. */
        JSON
    }

    /** As a relation of the document's root. */
    One relation() {
        return new One(MEMBER, on, new Node(table, null, List.of(), List.of()), new Expression.Column(COLUMN), true);
    }
}
