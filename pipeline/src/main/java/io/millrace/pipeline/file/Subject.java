package io.millrace.pipeline.file;

import jakarta.validation.Valid;
import jakarta.validation.constraints.NotEmpty;
import jakarta.validation.constraints.NotNull;
import java.util.Collections;
import java.util.SortedMap;
import java.util.TreeMap;

/**
 * A kind of somebody who may ask to be forgotten.
 *
 * @param table has one row for each of them
 * @param column its column by which they are known everywhere
 * @param places what becomes of the rows that carry an erased key, by table
 */
public record Subject(@NotNull TableName table, @NotNull String column, @NotEmpty SortedMap<TableName, @Valid Place> places) {

    public Subject {
        places = Collections.unmodifiableSortedMap(new TreeMap<>(places));
    }

    /**
     * Where the key stands in the rows of a table, and what an erasure does there.
     *
     * @param column has the key
     * @param redacted the columns that get another value, with the text or null that they get; empty where the row goes as a whole
     */
    public record Place(@NotNull String column, @NotNull SortedMap<String, String> redacted) {

        public Place {
            redacted = Collections.unmodifiableSortedMap(new TreeMap<>(redacted));
        }

        public boolean isRowRemoved() {
            return redacted.isEmpty();
        }
    }
}
