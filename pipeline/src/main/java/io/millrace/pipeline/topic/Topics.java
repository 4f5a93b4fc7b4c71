package io.millrace.pipeline.topic;

import io.millrace.pipeline.file.TableName;
import java.io.ByteArrayOutputStream;
import java.nio.charset.StandardCharsets;
import java.util.List;

/** The names of topics and of what else carries a pipeline's or a source's name. */
public final class Topics {

    /** The schema of Millrace's own tables in a source database. */
    public static final String OWN_SCHEMA = "millrace";
    /** Updated at an interval, so that the slot advances while the replicated tables are quiet. */
    public static final TableName HEARTBEAT = new TableName(OWN_SCHEMA, "heartbeat");
    /** Requests that travel to the stages through the WAL, in the order of their commits. */
    public static final TableName OUTBOX = new TableName(OWN_SCHEMA, "outboxevent");
    /** Who asked for what to be purged, and when. */
    public static final TableName PURGE_AUDIT = new TableName(OWN_SCHEMA, "purge_audit");
    /** Which purges were seen carried out, by which version of the document's delete. */
    public static final TableName PURGE_OUTCOME = new TableName(OWN_SCHEMA, "purge_outcome");

    /** Comparisons of an index with the database: who asked, and what was found. */
    public static final TableName VERIFICATION = new TableName(OWN_SCHEMA, "verification");

    /** What was decided about retention: which documents leave, who confirmed it, and what is done. */
    public static final TableName RETENTION_RUN = new TableName(OWN_SCHEMA, "retention_run");

    /** Which subjects are erased, who asked for it and how far it is. */
    public static final TableName SUBJECT_ERASURE = new TableName(OWN_SCHEMA, "subject_erasure");

    /** How far the records of the topics by which jobs enrich documents were taken; there only where a pipeline is enriched. */
    public static final TableName ENRICHMENT_TAKEN = new TableName(OWN_SCHEMA, "enrichment_taken");

    public static final String CAPTURED = "captured.";
    public static final String ROWS = "rows.";
    public static final String QUARANTINE = "quarantine.";
    public static final String DOCUMENTS = "documents.";
    public static final String ENRICHMENT = "enrichment.";

    /** How far the gates' groups have come in captured topics, where it outlives their offsets. One partition; compacted. */
    public static final String GATE_MARKS = "millrace.gate.marks";

    private static final List<String> OWN = List.of(CAPTURED, ROWS, QUARANTINE, DOCUMENTS, ENRICHMENT, "purges.", "millrace.", "millrace-", "__");

    private Topics() {}

    /** Whether a name is one of those that Millrace, or Kafka, gives to topics of its own. */
    public static boolean isOwn(String topic) {
        return OWN.stream().anyMatch(topic::startsWith);
    }

    /** Rows as capture read them. */
    public static String captured(String source, TableName table) {
        return CAPTURED + suffix(source, table);
    }

    /** Rows that passed the gate; compacted; the public contract. */
    public static String rows(String source, TableName table) {
        return ROWS + suffix(source, table);
    }

    /** Rows that the gate parked. */
    public static String quarantine(String source, TableName table) {
        return QUARANTINE + suffix(source, table);
    }

    /** A pipeline's finished documents; compacted. */
    public static String documents(String pipeline) {
        return DOCUMENTS + pipeline;
    }

    /** What jobs add to a pipeline's documents: the key is a document's id, the value a JSON Merge Patch (RFC 7396), none where all that was added goes. Old records go. */
    public static String enrichment(String pipeline) {
        return ENRICHMENT + pipeline;
    }

    /** Documents that could not be built or were refused by the search engine. */
    public static String quarantineDocuments(String pipeline) {
        return QUARANTINE + DOCUMENTS + pipeline;
    }

    /** Which tables of a source were read whole, one a line, in the last record. One partition; compacted. */
    public static String tablesRead(String source) {
        return "millrace.capture." + source;
    }

    /**
     * How far a source was captured: each record's value is an LSN, the way Postgres prints it. Kafka holds every change
     * that was committed up to it. One partition; old records go.
     */
    public static String reached(String source) {
        return tablesRead(source) + ".reached";
    }

    /** What capture remembers of its source: how far it is captured, and what may be missing. One partition; compacted. */
    public static String captureState(String source) {
        return tablesRead(source) + ".state";
    }

    /** Which captured topics capture wrote and how long they are, where it outlives them. One partition; compacted. */
    public static String captureMarks(String source) {
        return tablesRead(source) + ".marks";
    }

    /** The consumer group of a pipeline's join. */
    public static String joinGroup(String pipeline) {
        return "millrace-denormalizer-" + pipeline;
    }

    /** The consumer group whose one member at a time may have a pipeline's join built anew. No pipeline's name has a dot. */
    public static String recoveryGroup(String pipeline) {
        return joinGroup(pipeline) + ".recovery";
    }

    /** What a pipeline's join sends to itself, by which rows find their document's partition. */
    public static String exchange(String joinGroup) {
        return joinGroup + "-exchange";
    }

    /**
     * Which partitions of a join have documents to emit that no record waits for: the first build, or a look-up that is
     * being spread. The key is the partition as text, the value {@code idle} or what is being done; while that takes long, {@code 3 out}
     * tells before which offset of the exchange's partition 3 all is done.
     */
    public static String joinState(String joinGroup) {
        return joinGroup + "-state";
    }

    /** How far a join's group has come, and how long the logs are that it writes, where it outlives the group's offsets. One partition; compacted. */
    public static String joinMarks(String joinGroup) {
        return joinGroup + "-marks";
    }

    /** The one slot of a source. */
    public static String slot(String source) {
        return "millrace_" + source.replace('-', '_');
    }

    /** The one publication of a source. */
    public static String publication(String source) {
        return slot(source);
    }

    /** The subject of a topic's values in the registry. */
    public static String valueSubject(String topic) {
        return topic + "-value";
    }

    /** The subject of a topic's keys in the registry. */
    public static String keySubject(String topic) {
        return topic + "-key";
    }

    /** {@code source.schema.table}: the part of a topic's name after the stage, also a table's label in metrics. */
    public static String suffix(String source, TableName table) {
        return source + "." + escape(table.schema()) + "." + escape(table.table());
    }

    /**
     * The source of a topic of captured, passed or parked rows.
     *
     * @throws IllegalArgumentException when it is the topic of no table
     */
    public static String source(String topic) {
        return parts(topic)[1];
    }

    /**
     * The table of a topic of captured, passed or parked rows.
     *
     * @throws IllegalArgumentException when it is the topic of no table
     */
    public static TableName table(String topic) {
        var parts = parts(topic);
        return new TableName(unescape(parts[2]), unescape(parts[3]));
    }

    private static String[] parts(String topic) {
        var parts = topic.split("\\.");
        if (parts.length != 4) {
            throw new IllegalArgumentException("'" + topic + "' is the topic of no table: that has four parts, such as " + ROWS + "source.public.table");
        }
        return parts;
    }

    /**
     * Kafka takes letters, digits, dot, underscore and hyphen. The dot separates here, so every byte of a Postgres name
     * that is no letter, digit or underscore becomes a hyphen and two hex digits; two names never become one.
     */
    private static String escape(String name) {
        var escaped = new StringBuilder(name.length());
        for (byte b : name.getBytes(StandardCharsets.UTF_8)) {
            if (isPlain(b)) {
                escaped.append((char) b);
            } else {
                escaped.append('-').append(Character.forDigit(b >> 4 & 0xF, 16)).append(Character.forDigit(b & 0xF, 16));
            }
        }
        return escaped.toString();
    }

    private static String unescape(String escaped) {
        var bytes = new ByteArrayOutputStream(escaped.length());
        for (int at = 0; at < escaped.length(); at++) {
            if (escaped.charAt(at) == '-') {
                bytes.write(Integer.parseInt(escaped, at + 1, at + 3, 16));
                at += 2;
            } else {
                bytes.write(escaped.charAt(at));
            }
        }
        return bytes.toString(StandardCharsets.UTF_8);
    }

    private static boolean isPlain(byte b) {
        return b >= 'a' && b <= 'z' || b >= 'A' && b <= 'Z' || b >= '0' && b <= '9' || b == '_';
    }
}
