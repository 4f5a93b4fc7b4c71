package io.millrace.purge.health;

import io.agroal.api.AgroalDataSource;
import io.millrace.pipeline.file.Source;
import io.millrace.pipeline.progress.KafkaWatch;
import io.millrace.pipeline.progress.ReadRights;
import io.millrace.pipeline.source.SourceTrouble;
import io.millrace.pipeline.topic.Topics;
import io.millrace.purge.PurgeConfig;
import io.millrace.purge.enrichment.EnrichmentJobs;
import io.millrace.purge.source.Pipelines;
import io.smallrye.reactive.messaging.kafka.KafkaClientService;
import jakarta.enterprise.context.ApplicationScoped;
import java.sql.SQLException;
import org.eclipse.microprofile.health.HealthCheck;
import org.eclipse.microprofile.health.HealthCheckResponse;
import org.eclipse.microprofile.health.Readiness;

/**
 * Whether erasures can be taken: that needs the source database with its tables and rights. Kafka is reported and does not
 * count: the outbox takes erasures while Kafka is away, and only their outcome is seen later.
 */
@Readiness
@ApplicationScoped
class SourceReadiness implements HealthCheck {

    private static final String PROBE = """
            SELECT string_agg(CASE WHEN to_regclass(t) IS NULL THEN t || ' is missing' ELSE 'no right to read and insert into ' || t END, ', ')
            FROM unnest(ARRAY['millrace.outboxevent', 'millrace.purge_audit', 'millrace.purge_outcome']) t
            WHERE to_regclass(t) IS NULL OR NOT (has_table_privilege(to_regclass(t), 'SELECT') AND has_table_privilege(to_regclass(t), 'INSERT'))""";

    private final AgroalDataSource database;
    private final KafkaClientService kafka;
    private final ReadRights rights;
    private final EnrichmentJobs jobs;
    private final Source source;

    SourceReadiness(AgroalDataSource database, KafkaClientService kafka, EnrichmentJobs jobs, Pipelines pipelines, PurgeConfig config, KafkaWatch watch) {
        this.database = database;
        this.jobs = jobs;
        this.kafka = kafka;
        this.source = pipelines.all().getFirst().source();
        this.rights = watch.rights(pipelines.names().stream().map(Topics::documents).toList(), config.group());
    }

    @Override
    public HealthCheckResponse call() {
        var response = HealthCheckResponse.named("purge");
        var trouble = source();
        if (trouble != null) {
            response.withData("source", trouble);
        }
        if (!connected()) {
            response.withData("kafka", rights.unconnected() + "; erasures are taken, and seen carried out once there is a connection");
        } else {
            rights.lacking().ifPresent(lacking -> response.withData("kafka", lacking + "; erasures are taken, and seen carried out then"));
        }
        jobs.trouble().ifPresent(waiting -> response.withData("enrichment", "what jobs add to documents waits: " + waiting));
        return response.status(trouble == null).build();
    }

    private String source() {
        try (var connection = database.getConnection(); var statement = connection.createStatement(); var rows = statement.executeQuery(PROBE)) {
            rows.next();
            var missing = rows.getString(1);
            return missing == null ? null : missing + "; run the provisioner for this source";
        } catch (SQLException e) {
            return "the source database does not answer: " + e.getMessage() + "; " + SourceTrouble.advice(e, source.url().resolve(), source.password()) + "; erasures are refused with 503 until it does";
        }
    }

    private boolean connected() {
        return kafka.getConsumers("documents").stream().anyMatch(consumer -> consumer.unwrap().metrics().entrySet().stream()
                .anyMatch(m -> m.getKey().name().equals("connection-count") && m.getValue().metricValue() instanceof Number n && n.doubleValue() > 0));
    }
}
