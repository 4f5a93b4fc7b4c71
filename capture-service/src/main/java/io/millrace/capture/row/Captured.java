package io.millrace.capture.row;

import org.apache.kafka.clients.producer.ProducerRecord;

/**
 * A record on its way to Kafka.
 *
 * @param record the record
 * @param table the table that it counts for
 * @param committedMicros when Postgres committed the change, 0 for a row of a snapshot
 * @param written whether it holds the change; false where that could not be written and the gate has to park the table
 */
public record Captured(ProducerRecord<byte[], byte[]> record, TableMeters table, long committedMicros, boolean written) {}
