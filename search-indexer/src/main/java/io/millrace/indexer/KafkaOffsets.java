package io.millrace.indexer;

import io.millrace.pipeline.liveness.Loops;
import io.millrace.pipeline.progress.Offsets;
import io.smallrye.common.annotation.Identifier;
import jakarta.enterprise.inject.Disposes;
import jakarta.enterprise.inject.Produces;
import jakarta.inject.Singleton;
import java.util.Map;

/** The one client that asks Kafka for what no consumer tells. */
@Singleton
final class KafkaOffsets {

    @Produces
    @Singleton
    Offsets offsets(@Identifier("default-kafka-broker") Map<String, Object> kafka, Loops loops) {
        return new Offsets(kafka, loops);
    }

    void close(@Disposes Offsets offsets) {
        offsets.close();
    }
}
