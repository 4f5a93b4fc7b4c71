package io.millrace.indexer.place;

import io.millrace.pipeline.file.Pipeline;
import jakarta.inject.Singleton;

/** Which target the documents of a pipeline go to. Thread-safe. */
@Singleton
public final class Targets {

    private final SearchTarget search;
    private final TableTarget tables;

    Targets(SearchTarget search, TableTarget tables) {
        this.search = search;
        this.tables = tables;
    }

    public Target of(Pipeline pipeline) {
        return switch (pipeline.target()) {
            case OPENSEARCH -> search;
            case POSTGRES -> tables;
        };
    }
}
