package io.millrace.indexer.quarantine;

import io.millrace.pipeline.record.Headers;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.common.record.TimestampType;

/**
 * A record of the quarantine: mostly a document that stands there.
 *
 * @param record in the quarantine's topic
 */
public record Parked(ConsumerRecord<byte[], byte[]> record) {

    private static final long UNKNOWN = -1;

    /** Whether it is no document, but says what came of one. */
    boolean isSettlement() {
        return record.headers().lastHeader(Quarantine.SETTLED) != null;
    }

    /** Whether it is no document, but says what somebody decided about one. */
    boolean isDecision() {
        return record.headers().lastHeader(Quarantine.DECISION) != null;
    }

    /** Whether it was decided that a document is replayed. */
    boolean isReplay() {
        return "replay".equals(Headers.text(record.headers(), Quarantine.DECISION));
    }

    /** The offset of the document that this is about; below zero where it is about none. */
    long about() {
        var place = Headers.text(record.headers(), Quarantine.PLACE);
        return place == null ? UNKNOWN : Long.parseLong(place);
    }

    boolean isAbout(Place place) {
        return record.partition() == place.partition() && about() == place.offset();
    }

    /** What is left to be told where the document itself is not wanted. */
    Parked withoutDocument() {
        return new Parked(new ConsumerRecord<>(record.topic(), record.partition(), record.offset(), record.timestamp(), TimestampType.CREATE_TIME, record.serializedKeySize(), 0, record.key(), null, record.headers(), record.leaderEpoch()));
    }

    /** Of the document; 0 where it is a delete. */
    int bytes() {
        return record.value() == null ? 0 : record.value().length;
    }

    /** Where it stands; nobody asked for it yet. */
    public Place place() {
        return new Place(record.key(), index(), record.partition(), record.offset(), isReplayable(), false);
    }

    public byte[] key() {
        return record.key();
    }

    /** As far as it is text. */
    String id() {
        return place().id();
    }

    /** The index that refused it; empty where it was the join that set it aside, or where that was not noted yet. */
    public String index() {
        var index = Headers.text(record.headers(), Quarantine.INDEX);
        return index == null ? "" : index;
    }

    /** Below zero where it has none. */
    public long version() {
        return Headers.number(record.headers(), Headers.VERSION, UNKNOWN);
    }

    /** The offset in the partition of the documents where it stood; below zero where it never stood there. */
    public long origin() {
        var origin = Headers.text(record.headers(), Quarantine.ORIGIN);
        return origin == null ? UNKNOWN : Long.parseLong(origin.substring(origin.indexOf(':') + 1));
    }

    /** Whether it is a document that an index could take. */
    boolean isReplayable() {
        return origin() >= 0 && version() >= 0 && record.key() != null;
    }

    /** The record that it once was, as it stood among the documents. */
    public ConsumerRecord<byte[], byte[]> document(String topic) {
        return new ConsumerRecord<>(topic, record.partition(), origin(), record.timestamp(), TimestampType.CREATE_TIME, record.serializedKeySize(), record.serializedValueSize(), record.key(), record.value(), record.headers(), record.leaderEpoch());
    }
}
