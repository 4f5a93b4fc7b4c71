package io.millrace.pipeline.source;

import io.millrace.pipeline.file.Pipeline;
import io.millrace.pipeline.file.TableName;
import io.millrace.pipeline.topic.Topics;
import java.util.Arrays;
import java.util.Collection;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Optional;
import java.util.SequencedMap;
import java.util.SequencedSet;

/**
 * A service that comes to the source database, and the rights on tables that it needs there: these and no others, so that one that is taken over may do no more than its own work. Beside them each
 * needs USAGE on the schemas of those tables, and capture REPLICATION.
 */
public enum SourceUser {

    /** Reads tables and the log, writes its heartbeat, and ends the erasure of somebody who comes anew. */
    CAPTURE("capture-service") {
        @Override
        void need(Pipeline pipeline, Rights rights) {
            read(pipeline, rights);
            var events = pipeline.source().outbox();
            if (events != null) {
                rights.add(events.table(), SELECT);
            }
            rights.add(Topics.HEARTBEAT, SELECT, INSERT, UPDATE);
            rights.add(Topics.OUTBOX, SELECT);
            if (!pipeline.subjects().isEmpty()) {
                rights.add(Topics.OUTBOX, INSERT);
                rights.add(Topics.SUBJECT_ERASURE, SELECT, UPDATE);
            }
        }
    },

    /** Takes erasures and what enriches documents, tells the time to leave, and compares documents with rows. */
    PURGE("purge-service") {
        @Override
        void need(Pipeline pipeline, Rights rights) {
            read(pipeline, rights);
            if (pipeline.enrichment() != null) {
                rights.add(pipeline.enrichment().table(), INSERT, UPDATE, DELETE);
                rights.add(Topics.ENRICHMENT_TAKEN, SELECT, INSERT, UPDATE);
            }
            rights.add(Topics.HEARTBEAT, SELECT, INSERT, UPDATE);
            rights.add(Topics.OUTBOX, SELECT, INSERT);
            rights.add(Topics.PURGE_AUDIT, SELECT, INSERT);
            rights.add(Topics.PURGE_OUTCOME, SELECT, INSERT);
            rights.add(Topics.VERIFICATION, SELECT, INSERT, UPDATE);
            rights.add(Topics.RETENTION_RUN, SELECT, INSERT, UPDATE);
            rights.add(Topics.SUBJECT_ERASURE, SELECT, INSERT, UPDATE);
        }
    },

    /** Shows a document as the rows make it now. */
    CONSOLE("console") {
        @Override
        void need(Pipeline pipeline, Rights rights) {
            read(pipeline, rights);
            rights.add(Topics.RETENTION_RUN, SELECT);
            if (!pipeline.subjects().isEmpty()) {
                rights.add(Topics.SUBJECT_ERASURE, SELECT);
            }
        }
    };

    private static final String SELECT = "SELECT";
    private static final String INSERT = "INSERT";
    private static final String UPDATE = "UPDATE";
    private static final String DELETE = "DELETE";

    private final String service;

    SourceUser(String service) {
        this.service = service;
    }

    /** The service's name, as a regions file has it. */
    public String service() {
        return service;
    }

    public static Optional<SourceUser> named(String service) {
        return Arrays.stream(values()).filter(user -> user.service.equals(service)).findFirst();
    }

    abstract void need(Pipeline pipeline, Rights rights);

    private static void read(Pipeline pipeline, Rights rights) {
        pipeline.tableNames().forEach(table -> rights.add(table, SELECT));
    }

    /**
     * The rights of whoever does the work of all these.
     *
     * @param pipelines all of the source
     * @return by table, those of the pipelines first; the words are PostgreSQL's
     */
    public static SequencedMap<TableName, List<String>> rights(Collection<SourceUser> users, Collection<Pipeline> pipelines) {
        var rights = new Rights();
        users.forEach(user -> pipelines.forEach(pipeline -> user.need(pipeline, rights)));
        return rights.sorted();
    }

    /** Each right once. */
    private static final class Rights {

        private static final List<String> ORDER = List.of(SELECT, INSERT, UPDATE, DELETE);

        private final SequencedMap<TableName, SequencedSet<String>> byTable = new LinkedHashMap<>();

        void add(TableName table, String... rights) {
            byTable.computeIfAbsent(table, _ -> new LinkedHashSet<>()).addAll(List.of(rights));
        }

        SequencedMap<TableName, List<String>> sorted() {
            var sorted = new LinkedHashMap<TableName, List<String>>();
            byTable.forEach((table, rights) -> sorted.put(table, ORDER.stream().filter(rights::contains).toList()));
            return sorted;
        }
    }
}
