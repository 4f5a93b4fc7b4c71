package io.millrace.indexer.health;

import io.millrace.indexer.IndexerConfig;
import io.millrace.indexer.Pipelines;
import io.millrace.pipeline.ledger.Ledger;
import io.millrace.pipeline.liveness.Loops;
import io.millrace.pipeline.progress.KafkaWatch;
import io.millrace.pipeline.progress.ReadRights;
import io.smallrye.reactive.messaging.kafka.KafkaClientService;
import jakarta.enterprise.context.ApplicationScoped;
import java.util.List;
import org.eclipse.microprofile.health.HealthCheck;
import org.eclipse.microprofile.health.HealthCheckResponse;
import org.eclipse.microprofile.health.Readiness;

/** Ready while Kafka is there and no partition waits for something that is away, no thread having ended or being stuck. */
@Readiness
@ApplicationScoped
final class IndexReadiness implements HealthCheck {

    private final Conditions conditions;
    private final Loops loops;
    private final Ledger ledger;
    private final KafkaClientService kafka;
    private final ReadRights rights;

    IndexReadiness(Conditions conditions, Loops loops, Ledger ledger, KafkaClientService kafka, KafkaWatch watch, Pipelines pipelines, IndexerConfig config) {
        this.conditions = conditions;
        this.loops = loops;
        this.ledger = ledger;
        this.kafka = kafka;
        this.rights = watch.rights(List.copyOf(pipelines.topics()), config.group());
    }

    @Override
    public HealthCheckResponse call() {
        var reasons = conditions.reasons();
        loops.troubles().forEach(trouble -> reasons.put(trouble.loop(), trouble.toString()));
        reasons.putAll(ledger.says());
        if (!connected()) {
            reasons.put("kafka", rights.unconnected() + "; documents are taken again once there is a connection");
        } else {
            rights.lacking().ifPresent(lacking -> reasons.put("kafka", lacking));
        }
        var response = HealthCheckResponse.named("documents are indexed").status(reasons.isEmpty());
        reasons.forEach(response::withData);
        conditions.notes().forEach(response::withData);
        var warnings = conditions.warnings();
        if (!warnings.isEmpty()) {
            response.withData("warning", warnings);
        }
        return response.build();
    }

    /** The connector's own check says that a channel is down, and not why. */
    private boolean connected() {
        return kafka.getConsumers("documents").stream().anyMatch(consumer -> consumer.unwrap().metrics().entrySet().stream()
                .anyMatch(m -> m.getKey().name().equals("connection-count") && m.getValue().metricValue() instanceof Number n && n.doubleValue() > 0));
    }
}
