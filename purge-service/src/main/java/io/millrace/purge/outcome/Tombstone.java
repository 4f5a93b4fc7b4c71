package io.millrace.purge.outcome;

import io.millrace.pipeline.record.Headers;
import io.millrace.pipeline.topic.Topics;
import org.apache.kafka.clients.consumer.ConsumerRecord;

/**
 * The delete of a document.
 *
 * @param version 0 where nothing was deleted, for no row of the document has ever come
 * @param committedMicros when the change that caused it was committed, microseconds since the epoch by Postgres's clock
 */
record Tombstone(String pipeline, String document, long version, long committedMicros) {

    private static final long MISSING = -1;
    private static final long NOTHING = 0;

    /** Null for a record that is no delete, or does not say what caused it. */
    static Tombstone of(ConsumerRecord<String, Boolean> record) {
        if (record.value() != null || record.key() == null) {
            return null;
        }
        long version = Headers.number(record.headers(), Headers.VERSION, MISSING);
        long committed = Headers.number(record.headers(), Headers.COMMITTED, MISSING);
        return version == MISSING || committed == MISSING ? null : new Tombstone(record.topic().substring(Topics.DOCUMENTS.length()), record.key(), record.headers().lastHeader(Headers.ABSENT) == null ? version : NOTHING, committed);
    }
}
