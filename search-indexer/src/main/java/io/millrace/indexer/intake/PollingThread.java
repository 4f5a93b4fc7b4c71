package io.millrace.indexer.intake;

import java.util.concurrent.CompletionStage;
import java.util.function.Consumer;

/** The thread that a consumer belongs to. */
@FunctionalInterface
interface PollingThread {

    /** Has it do something with its consumer, between two polls. */
    CompletionStage<Void> run(Consumer<org.apache.kafka.clients.consumer.Consumer<byte[], byte[]>> task);
}
