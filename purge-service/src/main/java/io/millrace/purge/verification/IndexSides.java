package io.millrace.purge.verification;

import com.fasterxml.jackson.databind.ObjectMapper;
import io.agroal.api.AgroalDataSource;
import io.millrace.pipeline.file.Pipeline;
import io.millrace.purge.PurgeConfig;
import io.millrace.purge.search.SearchEngine;
import io.quarkus.agroal.DataSource;
import jakarta.enterprise.context.ApplicationScoped;
import jakarta.enterprise.inject.Instance;

/** Where the documents of each pipeline are read. Thread-safe. */
@ApplicationScoped
class IndexSides {

    private final SearchEngine search;
    private final Instance<AgroalDataSource> tables;
    private final PurgeConfig.Freshness config;
    private final ObjectMapper json;

    IndexSides(SearchEngine search, @DataSource("documents") Instance<AgroalDataSource> tables, PurgeConfig config, ObjectMapper json) {
        this.search = search;
        this.tables = tables;
        this.config = config.freshness();
        this.json = json;
    }

    IndexSide of(Pipeline pipeline) {
        return switch (pipeline.target()) {
            case OPENSEARCH -> new SearchSide(search, json, pipeline);
            case POSTGRES -> new TableSide(tables, config, pipeline);
        };
    }
}
