package io.millrace.capture.engine;

import io.debezium.embedded.Connect;
import io.debezium.engine.DebeziumEngine;
import io.debezium.engine.DebeziumEngine.RecordCommitter;
import io.debezium.engine.RecordChangeEvent;
import io.debezium.engine.format.ChangeEventFormat;
import io.millrace.capture.text.Batch;
import io.millrace.pipeline.liveness.Loop;
import java.io.IOException;
import java.time.Duration;
import java.util.List;
import java.util.Properties;
import java.util.concurrent.atomic.AtomicReference;
import org.apache.kafka.connect.source.SourceRecord;
import org.jboss.logging.Logger;

/**
 * One run of Debezium's engine. A batch is a sign of life, and between two of them there is no more than a known silence: a
 * thread of Debezium's that hangs, wherever it does, brings no batch.
 */
final class Engine {

    private static final Logger LOG = Logger.getLogger(Engine.class);

    /** What is done with the changes. Called by one thread. */
    interface Consumer {
        /** Returns when Kafka holds all of the batch; an exception ends the run. */
        void accept(List<SourceRecord> batch) throws InterruptedException;

        /** Whether Postgres may be told that everything up to this record, the last of a batch, is in Kafka. */
        boolean confirms(SourceRecord last) throws InterruptedException;
    }

    private final DebeziumEngine<RecordChangeEvent<SourceRecord>> engine;
    private final Loop loop;
    private final Duration silence;
    private final AtomicReference<Failure> failure = new AtomicReference<>();

    private record Failure(String message, Throwable cause) {}

    /**
     * @param loop is given the signs of life
     * @param silence the longest time without a batch
     */
    Engine(Properties settings, Consumer consumer, Loop loop, Duration silence, Runnable polling) {
        this.loop = loop;
        this.silence = silence;
        engine = DebeziumEngine.create(ChangeEventFormat.of(Connect.class))
                .using(settings)
                .using(Thread.currentThread().getContextClassLoader())
                .using(new DebeziumEngine.ConnectorCallback() {
                    @Override
                    public void pollingStarted() {
                        polling.run();
                    }
                })
                .using(this::completed)
                .notifying((batch, committer) -> handle(batch, committer, consumer))
                .build();
    }

    private void handle(List<RecordChangeEvent<SourceRecord>> batch, RecordCommitter<RecordChangeEvent<SourceRecord>> committer, Consumer consumer) throws InterruptedException {
        loop.beat();
        boolean confirms;
        try {
            var records = batch.stream().flatMap(one -> ((Batch) one.record()).records().stream()).toList();
            consumer.accept(records);
            confirms = consumer.confirms(records.getLast());
        } catch (RuntimeException e) {
            failure.compareAndSet(null, new Failure(e.getMessage(), e));
            throw e;
        }
        if (confirms) {
            // The offsets of a later change include those of the earlier ones.
            committer.markProcessed(batch.getLast());
        }
        committer.markBatchFinished();
        loop.waits(silence);
    }

    private void completed(boolean success, String message, Throwable cause) {
        if (!success) {
            failure.compareAndSet(null, new Failure(message, cause));
        }
    }

    /**
     * Runs until the engine is closed or fails.
     *
     * @throws EngineException when it fails
     */
    void run() {
        loop.waits(silence);
        engine.run();
        var why = failure.get();
        if (why != null) {
            throw new EngineException(reason(why), why.cause);
        }
    }

    private static String reason(Failure failure) {
        var deepest = failure.cause;
        while (deepest != null && deepest.getCause() != null && deepest.getCause() != deepest) {
            deepest = deepest.getCause();
        }
        return deepest == null || deepest.getMessage() == null ? failure.message : deepest.getMessage();
    }

    /** Ends the run; changes in flight are finished first. */
    void close() {
        try {
            engine.close();
        } catch (IOException | IllegalStateException e) {
            LOG.debugf("The engine was closed while it was ending by itself: %s", e.getMessage());
        }
    }
}
