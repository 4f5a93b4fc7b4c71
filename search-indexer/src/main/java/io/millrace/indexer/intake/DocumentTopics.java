package io.millrace.indexer.intake;

import io.millrace.indexer.IndexerConfig;
import io.millrace.indexer.Pipelines;
import io.smallrye.common.annotation.Identifier;
import jakarta.enterprise.inject.Produces;
import jakarta.inject.Singleton;
import java.util.Map;

/** What the channel {@code documents} needs to know and no properties file can: the connector merges it in by the channel's name. */
@Singleton
final class DocumentTopics {

    static final String CHANNEL = "documents";

    @Produces
    @Singleton
    @Identifier(CHANNEL)
    Map<String, Object> channel(Pipelines pipelines, IndexerConfig config) {
        return Map.of("topics", String.join(",", pipelines.topics()), "group.id", config.group());
    }
}
