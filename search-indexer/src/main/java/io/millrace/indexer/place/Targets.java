package io.millrace.indexer.place;

import io.millrace.pipeline.file.Pipeline;
import jakarta.inject.Provider;
import jakarta.inject.Singleton;

/** Which target the documents of a pipeline go to. Thread-safe. */
@Singleton
public final class Targets {

    /** Made when a pipeline has it, as the other one is. */
    private final Provider<SearchTarget> search;
    private final Provider<TableTarget> tables;

    Targets(Provider<SearchTarget> search, Provider<TableTarget> tables) {
        this.search = search;
        this.tables = tables;
    }

    public Target of(Pipeline pipeline) {
        return switch (pipeline.target()) {
            case OPENSEARCH -> search.get();
            case POSTGRES -> tables.get();
        };
    }
}
