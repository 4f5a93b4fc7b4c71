package io.millrace.purge.source;

import io.millrace.pipeline.liveness.Loops;
import io.millrace.pipeline.progress.KafkaWatch;
import io.smallrye.common.annotation.Identifier;
import jakarta.enterprise.inject.Disposes;
import jakarta.enterprise.inject.Produces;
import jakarta.inject.Singleton;
import java.util.Map;

/** The one client that asks Kafka for what no consumer tells. */
@Singleton
final class WatchedKafka {

    @Produces
    @Singleton
    KafkaWatch kafka(@Identifier("default-kafka-broker") Map<String, Object> settings, Loops loops) {
        return new KafkaWatch(settings, loops);
    }

    void close(@Disposes KafkaWatch kafka) {
        kafka.close();
    }
}
