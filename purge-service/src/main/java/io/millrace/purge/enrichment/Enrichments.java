package io.millrace.purge.enrichment;

import io.agroal.api.AgroalDataSource;
import io.micrometer.core.instrument.MeterRegistry;
import io.millrace.pipeline.comparison.CanonicalJson;
import io.millrace.pipeline.comparison.Json;
import io.millrace.pipeline.file.Pipeline;
import io.millrace.pipeline.file.TableName;
import io.millrace.purge.PurgeConfig;
import io.millrace.purge.problem.Problem;
import io.millrace.purge.problem.ProblemException;
import io.millrace.purge.source.Pipelines;
import jakarta.enterprise.context.ApplicationScoped;
import jakarta.ws.rs.core.Response.Status;
import java.sql.Connection;
import java.sql.SQLException;
import java.util.Collection;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;

/** Adds to documents what others than their tables' owners know of them, by rows of the source. Thread-safe. */
@ApplicationScoped
public class Enrichments {

    private static final String SETTINGS = "SET LOCAL timezone = 'UTC'; SET LOCAL datestyle = 'ISO'; SET LOCAL row_security = off; SET LOCAL statement_timeout = ";

    private final AgroalDataSource database;
    private final Pipelines pipelines;
    private final PurgeConfig config;
    private final MeterRegistry meters;

    Enrichments(AgroalDataSource database, Pipelines pipelines, PurgeConfig config, MeterRegistry meters) {
        this.database = database;
        this.pipelines = pipelines;
        this.config = config;
        this.meters = meters;
    }

    interface Work<T> {
        T in(Connection connection) throws SQLException;
    }

    /** One transaction, which sees what others commit meanwhile. */
    <T> T transaction(Work<T> work) throws SQLException {
        try (var connection = database.getConnection()) {
            connection.setAutoCommit(false);
            try (var settings = connection.createStatement()) {
                settings.execute(SETTINGS + config.verification().statementTimeout().toMillis());
                var result = work.in(connection);
                connection.commit();
                return result;
            } finally {
                connection.rollback();
                connection.setAutoCommit(true);
            }
        }
    }

    /**
     * The rows of a pipeline that is enriched.
     *
     * @throws ProblemException when the database lacks a table
     */
    EnrichedRows rows(Connection connection, Pipeline pipeline) throws SQLException {
        return EnrichedRows.of(connection, pipeline, pipeline.generations(pipelines.all())).orElseThrow(() -> new ProblemException(Problem.of(Status.CONFLICT, EnrichedRows.ENRICHING, "the documents of the pipeline '" + pipeline.name() + "'",
                "the source database lacks a table of the pipeline, or a primary key is another one than enrichment.join says", "./millrace validate says which")));
    }

    /**
     * Merges a patch into what was added to a document.
     *
     * @param patch JSON, as RFC 7396 has it
     * @throws ProblemException when it cannot be done
     */
    Enriched merge(Pipeline pipeline, String document, String patch) throws SQLException {
        var merged = transaction(connection -> {
            var rows = rows(connection, pipeline);
            rows.share();
            return rows.merge(document, patch);
        });
        count(pipeline, "enriched", 1);
        return new Enriched(pipeline.name(), document, CanonicalJson.write(merged), end());
    }

    /** What was added to a document. */
    Optional<Enriched> find(Pipeline pipeline, String document) throws SQLException {
        Optional<Json.Members> found = transaction(connection -> rows(connection, pipeline).read(document));
        return found.map(object -> new Enriched(pipeline.name(), document, CanonicalJson.write(object), null));
    }

    /** Behind what was committed before. */
    private String end() throws SQLException {
        try (var connection = database.getConnection(); var statement = connection.createStatement(); var row = statement.executeQuery("SELECT pg_current_wal_insert_lsn()::text")) {
            row.next();
            return row.getString(1);
        }
    }

    void count(Pipeline pipeline, String outcome, long records) {
        meters.counter("millrace.records", "stage", "purge", "pipeline", pipeline.name(), "outcome", outcome).increment(records);
    }

    /**
     * Takes away what was added to a document, in the transaction in which its erasure is asked for.
     *
     * @param names of the pipelines for which it is erased
     */
    public void erase(Connection connection, Collection<String> names, String document) throws SQLException {
        for (var pipeline : enriched(pipelines.all().stream().filter(p -> names.contains(p.name())).toList())) {
            var rows = EnrichedRows.of(connection, pipeline, Set.of());
            if (rows.isPresent()) {
                rows.get().erase(document);
            }
        }
    }

    /**
     * Takes away what was added to the documents whose root rows go with a subject, in the transaction in which its erasure is asked for.
     *
     * @param naming the pipelines that name the subject
     * @param key of the subject, as text
     * @param type of the key
     */
    public void forget(Connection connection, List<Pipeline> naming, String subject, String key, String type) throws SQLException {
        for (var pipeline : enriched(naming)) {
            var place = pipeline.subjects().get(subject).places().get(pipeline.document().table());
            var rows = place == null || !place.redacted().isEmpty() ? Optional.<EnrichedRows>empty() : EnrichedRows.of(connection, pipeline, Set.of());
            if (rows.isPresent()) {
                rows.get().forget(place.column(), key, type);
            }
        }
    }

    /** Those that are enriched, one for each table. */
    private static List<Pipeline> enriched(List<Pipeline> pipelines) {
        var tables = new HashSet<TableName>();
        return pipelines.stream().filter(pipeline -> pipeline.enrichment() != null && tables.add(pipeline.enrichment().table())).toList();
    }
}
