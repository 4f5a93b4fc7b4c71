package io.millrace.capture.send;

import io.millrace.capture.row.Captured;
import io.millrace.pipeline.kafka.KafkaTrouble;
import io.millrace.pipeline.ledger.Numbering;
import io.millrace.pipeline.topic.Topics;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.clients.producer.RecordMetadata;
import org.apache.kafka.common.InvalidRecordException;
import org.apache.kafka.common.KafkaException;
import org.apache.kafka.common.errors.RecordTooLargeException;
import org.apache.kafka.common.errors.RetriableException;
import org.jboss.logging.Logger;

/**
 * Writes batches of records to Kafka. Used by one thread.
 *
 * <p>A batch counts as written only when Kafka has acknowledged each of its records. After a failure the whole batch is
 * sent again in the same order, so that a failed record never stands behind a later one of its key. The producer stays
 * the same where it can: Kafka then refuses what an earlier attempt left on the wire.
 */
public final class Sender implements AutoCloseable {

    private static final Logger LOG = Logger.getLogger(Sender.class);

    private final KafkaSettings kafka;
    private final int mostBytes;
    private final CapturedLogs logs;
    private final Numbering numbering = new Numbering();
    /** Whether the last batch may be in Kafka or not. */
    private boolean inDoubt;
    private KafkaProducer<byte[], byte[]> producer;

    /**
     * @param mostBytes largest record, in bytes
     * @param logs is told what Kafka has acknowledged
     */
    public Sender(KafkaSettings kafka, int mostBytes, CapturedLogs logs) {
        this.kafka = kafka;
        this.mostBytes = mostBytes;
        this.logs = logs;
    }

    /**
     * Has the producer know the topics of a batch, which otherwise is waited for between its records.
     *
     * @throws SendException when Kafka does not say
     */
    public void meet(List<Captured> batch) throws InterruptedException {
        connect();
        var met = new HashSet<String>();
        for (var captured : batch) {
            if (met.add(captured.record().topic())) {
                try {
                    producer.partitionsFor(captured.record().topic());
                } catch (org.apache.kafka.common.errors.InterruptException _) {
                    throw new InterruptedException("Interrupted while asking Kafka for a topic");
                } catch (KafkaException e) {
                    throw failed(e, captured);
                }
            }
        }
    }

    private void connect() {
        try {
            if (producer == null) {
                producer = new KafkaProducer<>(kafka.producer(mostBytes));
            }
        } catch (KafkaException e) {
            throw new SendException("No producer for Kafka at " + kafka.bootstrapServers() + " can be made (" + e.getMessage() + "); check the settings that begin with kafka.", e);
        }
    }

    /**
     * Tries once to write all of the batch. A row that is too large is replaced in the batch, and written so.
     *
     * @param batch can be changed
     * @throws SendException when Kafka has not acknowledged every record; send the same batch again
     */
    public void send(List<Captured> batch) throws InterruptedException {
        var sent = new ArrayList<Future<RecordMetadata>>(batch.size());
        if (inDoubt) {
            numbering.renew();
        }
        inDoubt = true;
        connect();
        try {
            for (int i = 0; i < batch.size(); i++) {
                sent.add(sent(batch, i));
            }
            producer.flush();
            for (int i = 0; i < sent.size(); i++) {
                // Only Kafka knows what the topic takes. The next attempt has the replacement in the row's place.
                if (isTooLarge(sent.get(i))) {
                    replaced(batch, i, tooLarge(batch.get(i)));
                } else if (isInvalid(sent.get(i))) {
                    replaced(batch, i, "Kafka refuses it for the topic " + batch.get(i).record().topic() + " (" + sent.get(i).exceptionNow().getMessage() + ")");
                }
            }
            for (int i = 0; i < sent.size(); i++) {
                acknowledged(sent.get(i), batch.get(i));
            }
            numbering.settled();
            inDoubt = false;
        } catch (KafkaException e) {
            if (e instanceof org.apache.kafka.common.errors.InterruptException) {
                throw new InterruptedException("Interrupted while sending to Kafka");
            }
            throw failed(e, batch.get(Math.min(sent.size(), batch.size() - 1)));
        }
    }

    /** What the producer refuses it refuses at once, so that the order stays. The rest of the batch would wait as long for the same reason. */
    private Future<RecordMetadata> sent(List<Captured> batch, int i) {
        var record = counted(batch.get(i).record());
        var future = producer.send(record);
        if (isTooLarge(future) && replaced(batch, i, tooLarge(batch.get(i)))) {
            if (isRow(record)) {
                numbering.refused(record);
            }
            future = producer.send(counted(batch.get(i).record()));
        }
        if (future.state() == Future.State.FAILED && !isTooLarge(future)) {
            throw failed(future.exceptionNow(), batch.get(i));
        }
        return future;
    }

    /** With its number, where it is a row's. */
    private ProducerRecord<byte[], byte[]> counted(ProducerRecord<byte[], byte[]> record) {
        return isRow(record) ? numbering.numbered(record) : record;
    }

    private static boolean isRow(ProducerRecord<byte[], byte[]> record) {
        return record.partition() != null && record.topic().startsWith(Topics.CAPTURED);
    }

    private static boolean isTooLarge(Future<RecordMetadata> future) {
        return future.state() == Future.State.FAILED && future.exceptionNow() instanceof RecordTooLargeException;
    }

    /** A compacted topic takes no record without a key, which an event may lack; a row never does. */
    private static boolean isInvalid(Future<RecordMetadata> future) {
        return future.state() == Future.State.FAILED && future.exceptionNow() instanceof InvalidRecordException;
    }

    private String tooLarge(Captured refused) {
        return "it has " + refused.size() + " bytes, and a record may have " + mostBytes + " with what Kafka adds (millrace.capture.max-record-bytes), or less where max.message.bytes of the topic is lower";
    }

    /** Puts what says so in the place of a record that no attempt can write; false where it is in place already. */
    private static boolean replaced(List<Captured> batch, int i, String cause) {
        var refused = batch.get(i);
        if (!refused.written()) {
            return false;
        }
        boolean isRow = refused.instead() == refused.record();
        var why = (isRow ? "A row of " : "An event for ") + refused.record().topic() + " cannot be written: " + cause;
        LOG.errorf(isRow ? "%s. The gate parks the table from this change on; other tables go on. Raise the limits and restart capture, touch the row, then discard the refused record at the gate."
                : "%s. Its position and this reason stand in its quarantine; the events behind it go on. Insert it anew once the cause is gone.", why);
        batch.set(i, refused.unwritable(why));
        return true;
    }

    private void acknowledged(Future<RecordMetadata> future, Captured captured) throws InterruptedException {
        try {
            // The flush has waited for it, so an answer that is still missing is a failure.
            logs.acknowledged(future.get(1, TimeUnit.SECONDS));
        } catch (ExecutionException e) {
            throw failed(e.getCause(), captured);
        } catch (TimeoutException e) {
            throw failed(e, captured);
        }
    }

    private SendException failed(Throwable cause, Captured captured) {
        if (cause instanceof RetriableException || cause instanceof RecordTooLargeException) {
            producer.flush();
        } else {
            close();
        }
        var topic = captured.record().topic();
        if (cause instanceof InvalidRecordException) {
            return new SendException("Kafka refuses a record for " + topic + " (" + cause.getMessage() + "); sending what says so in its place, and the others again", cause);
        }
        if (cause instanceof RecordTooLargeException) {
            return new SendException("Kafka refuses a row of " + topic + " as too large (" + cause.getMessage() + "); sending what parks its table in its place, and the others again", cause);
        }
        return new SendException("Kafka at " + kafka.bootstrapServers() + " did not take the records of " + topic + " (" + cause.getMessage()
                + "); " + KafkaTrouble.advice(cause, kafka.common()) + "; trying again", cause);
    }

    /** Largest record, in bytes. */
    public int mostBytes() {
        return mostBytes;
    }

    @Override
    public void close() {
        if (producer != null) {
            producer.close(java.time.Duration.ZERO);
            producer = null;
        }
    }
}
