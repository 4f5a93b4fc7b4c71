package io.millrace.purge.health;

import io.millrace.pipeline.liveness.Trouble;
import io.millrace.purge.PurgeConfig;
import io.smallrye.reactive.messaging.kafka.KafkaClientService;
import jakarta.inject.Singleton;
import java.time.Duration;
import java.util.Optional;

/** The framework's threads that poll Kafka for documents, whether or not there are some: Kafka's client says when each last did. */
@Singleton
class Polling {

    private final KafkaClientService kafka;
    private final Duration stuckAfter;

    Polling(KafkaClientService kafka, PurgeConfig config) {
        this.kafka = kafka;
        this.stuckAfter = config.stuckAfter();
    }

    Optional<Trouble> trouble() {
        return kafka.getConsumers("documents").stream().flatMap(consumer -> consumer.unwrap().metrics().entrySet().stream()).filter(m -> m.getKey().name().equals("last-poll-seconds-ago"))
                .map(m -> Duration.ofSeconds(((Number) m.getValue().metricValue()).longValue())).filter(ago -> ago.compareTo(stuckAfter) > 0).max(Duration::compareTo)
                .map(ago -> new Trouble("polling of documents", ago, "Kafka was not polled for longer than " + stuckAfter.toSeconds() + " s"));
    }
}
