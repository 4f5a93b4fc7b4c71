package io.millrace.purge.erasure;

import io.debezium.outbox.quarkus.ExportedEvent;
import io.micrometer.core.instrument.MeterRegistry;
import io.millrace.purge.enrichment.Enrichments;
import io.millrace.purge.problem.Problem;
import io.millrace.purge.problem.ProblemException;
import jakarta.enterprise.context.ApplicationScoped;
import jakarta.enterprise.event.Event;
import jakarta.persistence.EntityManager;
import jakarta.transaction.Transactional;
import jakarta.ws.rs.core.Response.Status;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Optional;
import java.util.SequencedSet;
import java.util.UUID;
import org.hibernate.Session;

/** Writes erasures of documents down where the log carries them, and tells how far they are. */
@ApplicationScoped
public class Erasures {

    private final EntityManager entities;
    private final Event<ExportedEvent<?, ?>> outbox;
    private final Enrichments enrichments;
    private final MeterRegistry meters;

    Erasures(EntityManager entities, Event<ExportedEvent<?, ?>> outbox, Enrichments enrichments, MeterRegistry meters) {
        this.entities = entities;
        this.outbox = outbox;
        this.enrichments = enrichments;
        this.meters = meters;
    }

    /**
     * Writes the audit row, and for each pipeline an order, in one transaction, in which what was added to the document goes.
     *
     * @param pipelines those whose documents are of one index, first the one that is asked
     * @param key makes the request idempotent
     * @param traceparent sampled context that its change continues; null to leave it to capture whether it is traced
     * @return the erasure, an earlier one where the key was used for the same request before
     * @throws ProblemException when the key was used for something else
     */
    @Transactional
    Erasure request(SequencedSet<String> pipelines, String document, String reason, String requestedBy, String key, String traceparent) {
        var pipeline = pipelines.getFirst();
        var id = UUID.randomUUID();
        int written = entities.createNativeQuery("""
                INSERT INTO millrace.purge_audit (id, pipeline, document_id, requested_by, reason, requested_at, idempotency_key)
                VALUES (:id, :pipeline, :document, :by, :reason, clock_timestamp(), :key) ON CONFLICT (idempotency_key) DO NOTHING""")
                .setParameter("id", id).setParameter("pipeline", pipeline).setParameter("document", document)
                .setParameter("by", requestedBy).setParameter("reason", reason).setParameter("key", key).executeUpdate();
        if (written == 0) {
            return repeated(pipelines, document, reason, requestedBy, key);
        }
        var audit = entities.find(Audit.class, id);
        pipelines.forEach(each -> outbox.fire(new EraseEvent(id, each, document, audit.requestedAt, traceparent)));
        // The extension's rows would otherwise be written at the commit, where their failure has no name.
        entities.flush();
        entities.unwrap(Session.class).doWork(connection -> enrichments.erase(connection, pipelines, document));
        count(pipeline, "requested");
        return erasure(audit);
    }

    private Erasure repeated(SequencedSet<String> pipelines, String document, String reason, String requestedBy, String key) {
        var earlier = entities.createQuery("FROM Audit WHERE idempotencyKey = :key", Audit.class).setParameter("key", key).getSingleResult();
        if (!pipelines.contains(earlier.pipeline) || !earlier.document.equals(document) || !earlier.requestedBy.equals(requestedBy) || !earlier.reason.equals(reason)) {
            throw new ProblemException(Problem.of(Status.CONFLICT, "Erasing", "the document '" + document + "' of the pipeline '" + pipelines.getFirst() + "'",
                    "the Idempotency-Key was already used for another request", "send a key of its own with each request, and the same one only to repeat it"));
        }
        count(pipelines.getFirst(), "repeated");
        return erasure(earlier);
    }

    /** The erasure of that id, where there is one. */
    @Transactional
    Optional<Erasure> find(UUID id) {
        return Optional.ofNullable(entities.find(Audit.class, id)).map(this::erasure);
    }

    /**
     * Erasures, the newest first.
     *
     * @param state null for any
     * @param pipeline null for all
     * @param before those requested before that time, null for the newest
     */
    @Transactional
    List<Erasure> list(State state, String pipeline, Instant before, int limit) {
        var conditions = new ArrayList<String>();
        var parameters = new HashMap<String, Object>();
        if (pipeline != null) {
            conditions.add("a.pipeline = :pipeline");
            parameters.put("pipeline", pipeline);
        }
        if (before != null) {
            conditions.add("a.requestedAt < :before");
            parameters.put("before", before);
        }
        if (state != null) {
            conditions.add(switch (state) {
                case REQUESTED -> "NOT EXISTS (FROM Outcome o WHERE o.erasure = a.id)";
                case CARRIED_OUT -> "EXISTS (FROM Outcome o WHERE o.erasure = a.id AND o.version <> 0)";
                case NOTHING_TO_ERASE -> "EXISTS (FROM Outcome o WHERE o.erasure = a.id AND o.version = 0)";
                case HIDDEN, ENDED -> "1 = 0";
            });
        }
        var where = conditions.isEmpty() ? "" : " WHERE " + String.join(" AND ", conditions);
        var query = entities.createQuery("FROM Audit a" + where + " ORDER BY a.requestedAt DESC, a.id", Audit.class);
        parameters.forEach(query::setParameter);
        return query.setMaxResults(limit).getResultStream().map(this::erasure).toList();
    }

    private Erasure erasure(Audit audit) {
        var outcome = entities.find(Outcome.class, audit.id);
        var state = outcome == null ? State.REQUESTED : outcome.version == 0 ? State.NOTHING_TO_ERASE : State.CARRIED_OUT;
        return new Erasure(audit.id, audit.pipeline, audit.document, state, audit.requestedBy, audit.reason, audit.requestedAt, state == State.CARRIED_OUT ? outcome.version : null, outcome == null ? null : outcome.seenAt);
    }

    private void count(String pipeline, String outcome) {
        meters.counter("millrace.records", "stage", "purge", "pipeline", pipeline, "outcome", outcome).increment();
    }
}
