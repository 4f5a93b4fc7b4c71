package io.millrace.purge.source;

import io.millrace.pipeline.kafka.PlainClients;
import io.millrace.pipeline.liveness.Loops;
import io.millrace.pipeline.progress.KafkaWatch;
import io.quarkus.runtime.StartupEvent;
import io.smallrye.common.annotation.Identifier;
import jakarta.annotation.Priority;
import jakarta.enterprise.event.Observes;
import jakarta.enterprise.inject.Disposes;
import jakarta.enterprise.inject.Produces;
import jakarta.inject.Singleton;
import jakarta.interceptor.Interceptor;
import java.util.Map;

/** The one client that asks Kafka for what no consumer tells. */
@Singleton
final class WatchedKafka {

    /** Before the framework begins to read. */
    void look(@Observes @Priority(Interceptor.Priority.PLATFORM_BEFORE) StartupEvent event, @Identifier("default-kafka-broker") Map<String, Object> settings) {
        PlainClients.requirePlainBrokers(settings);
    }

    @Produces
    @Singleton
    KafkaWatch kafka(@Identifier("default-kafka-broker") Map<String, Object> settings, Loops loops) {
        return new KafkaWatch(settings, loops);
    }

    void close(@Disposes KafkaWatch kafka) {
        kafka.close();
    }
}
