package io.millrace.purge.health;

import io.agroal.api.AgroalDataSource;
import io.millrace.pipeline.file.Source;
import io.millrace.pipeline.file.TableName;
import io.millrace.pipeline.progress.KafkaWatch;
import io.millrace.pipeline.progress.ReadRights;
import io.millrace.pipeline.source.SourceRights;
import io.millrace.pipeline.source.SourceTrouble;
import io.millrace.pipeline.source.SourceUser;
import io.millrace.pipeline.topic.Topics;
import io.millrace.purge.PurgeConfig;
import io.millrace.purge.enrichment.EnrichmentJobs;
import io.millrace.purge.source.Pipelines;
import io.smallrye.reactive.messaging.kafka.KafkaClientService;
import jakarta.enterprise.context.ApplicationScoped;
import java.sql.SQLException;
import java.util.List;
import java.util.Set;
import java.util.function.Predicate;
import java.util.stream.Collectors;
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

    /** Without these no erasure can be taken; without the others only what they are for. */
    private static final Set<TableName> ERASURES = Set.of(Topics.OUTBOX, Topics.PURGE_AUDIT, Topics.PURGE_OUTCOME);
    private static final String REMEDY = "; run ./millrace apply for this source, which gives the role of the purge service its rights";

    private final AgroalDataSource database;
    private final KafkaClientService kafka;
    private final ReadRights rights;
    private final SourceRights tables;
    private final EnrichmentJobs jobs;
    private final Source source;

    SourceReadiness(AgroalDataSource database, KafkaClientService kafka, EnrichmentJobs jobs, Pipelines pipelines, PurgeConfig config, KafkaWatch watch) {
        this.database = database;
        this.jobs = jobs;
        this.kafka = kafka;
        this.source = pipelines.all().getFirst().source();
        this.tables = new SourceRights(SourceUser.PURGE, pipelines.all());
        this.rights = watch.rights(pipelines.names().stream().map(Topics::documents).toList(), config.group());
    }

    @Override
    public HealthCheckResponse call() {
        var response = HealthCheckResponse.named("purge");
        String trouble = null;
        try (var connection = database.getConnection()) {
            var lacking = tables.lacking(connection);
            trouble = told(lacking, lack -> ERASURES.contains(lack.table()));
            // Of a pipeline's table that is not there whoever reads it tells more.
            var other = told(lacking, lack -> !ERASURES.contains(lack.table()) && (lack.isThere() || lack.table().schema().equals(Topics.OWN_SCHEMA)));
            if (other != null) {
                response.withData("rights", other + "; erasures are taken all the same");
            }
        } catch (SQLException e) {
            trouble = "the source database does not answer: " + e.getMessage() + "; " + SourceTrouble.advice(e, source.url().resolve(), source.password()) + "; erasures are refused with 503 until it does";
        }
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

    private static String told(List<SourceRights.Lack> lacking, Predicate<SourceRights.Lack> which) {
        var told = lacking.stream().filter(which).map(SourceRights.Lack::toString).distinct().collect(Collectors.joining(", "));
        return told.isEmpty() ? null : told + REMEDY;
    }

    private boolean connected() {
        return kafka.getConsumers("documents").stream().anyMatch(consumer -> consumer.unwrap().metrics().entrySet().stream()
                .anyMatch(m -> m.getKey().name().equals("connection-count") && m.getValue().metricValue() instanceof Number n && n.doubleValue() > 0));
    }
}
