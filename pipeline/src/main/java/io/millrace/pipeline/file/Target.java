package io.millrace.pipeline.file;

import java.util.Locale;

/** What kind of place a pipeline's documents go to. */
public enum Target {

    /** An index of the search engine, behind an alias. */
    OPENSEARCH,

    /** A table with a column of {@code jsonb}, behind a view. */
    POSTGRES;

    /** As the pipeline file has it. */
    public String word() {
        return name().toLowerCase(Locale.ROOT);
    }
}
