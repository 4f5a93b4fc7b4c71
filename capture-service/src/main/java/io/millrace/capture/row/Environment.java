package io.millrace.capture.row;

import io.millrace.capture.subject.ErasedSubjects;
import io.millrace.pipeline.file.TableName;
import io.millrace.pipeline.record.Op;
import io.millrace.pipeline.schema.Column;
import java.util.List;
import java.util.Map;
import org.apache.avro.Schema;

/** What rows need from servers. Each method waits until its server answers. */
public interface Environment {

    /** The content id of a schema in the registry. */
    int schemaId(String subject, Schema schema) throws InterruptedException;

    /** How many partitions a topic has. */
    int partitions(String topic) throws InterruptedException;

    /** How many partitions a topic of events has; makes it where it is not there, as the cluster makes topics. */
    int eventPartitions(String topic) throws InterruptedException;

    /**
     * The values that an update left untouched, null when the row is gone.
     *
     * @param transaction id of the change's transaction, 0 where it has none
     * @param columns all columns of the change, in the order of the stream
     * @throws IllegalArgumentException when they cannot be had, now or later
     */
    Map<String, String> missingValues(TableName table, long transaction, List<String> columns, List<Column> keyColumns, List<Object> key, List<String> missing) throws InterruptedException;

    /**
     * A change passes in the stream.
     *
     * @param before the LSN of the last commit before it in the stream
     * @param transaction its transaction's id, 0 where it has none
     */
    void passes(long before, long transaction);

    /**
     * The stream has come to a row of the heartbeat: whatever was committed up to its LSN stands before it.
     *
     * @param lsn where the row itself was written
     * @param committedMicros when Postgres committed it
     */
    void heartbeat(long lsn, long committedMicros);

    /** An order about a subject passes in the stream, or stands in the outbox that is read. */
    void ordered(Op op, ErasedSubjects.Order order);

    /** Somebody was inserted though his erasure stands, so that it ends. */
    void createdAnew(ErasedSubjects.Anew anew) throws InterruptedException;

    /**
     * A change of the table did not say which row it was of: what it did is only known by reading the table again.
     *
     * @param lsn of the change
     */
    void unnamed(TableName table, long lsn);
}
