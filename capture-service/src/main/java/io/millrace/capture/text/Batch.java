package io.millrace.capture.text;

import java.util.List;
import org.apache.kafka.connect.source.SourceRecord;

/**
 * All that was taken from Debezium's queue at once, as one record. For each record that it is given the engine asks another
 * thread for a conversion that is none here, and waits for the answer.
 */
public final class Batch extends SourceRecord {

    private static final String TOPIC = "millrace-batch";

    private final List<SourceRecord> records;

    /** @param records at least one; the offsets of the last are those of all */
    Batch(List<SourceRecord> records) {
        super(records.getLast().sourcePartition(), records.getLast().sourceOffset(), TOPIC, null, null);
        this.records = List.copyOf(records);
    }

    /** In the order of the stream. */
    public List<SourceRecord> records() {
        return records;
    }
}
