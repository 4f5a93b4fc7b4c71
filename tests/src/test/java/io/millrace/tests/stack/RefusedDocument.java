package io.millrace.tests.stack;

import static java.nio.charset.StandardCharsets.UTF_8;

import io.millrace.pipeline.record.Headers;
import io.millrace.pipeline.topic.Topics;
import org.apache.kafka.clients.producer.ProducerRecord;

/**
 * A document that looks as if the index had refused it. Its record is not in the log of the documents, so a replay settles it without sending it, and the index is left alone.
 *
 * @param id of no document that there is
 */
public record RefusedDocument(String pipeline, String id) {

    /** Puts it into quarantine. */
    public void standIn(DemoStack stack) throws InterruptedException {
        var record = new ProducerRecord<>(Topics.quarantineDocuments(pipeline), 0, id.getBytes(UTF_8), "{\"name\":\"refused\"}".getBytes(UTF_8));
        record.headers().add(Headers.REASON, Headers.bytes("refused")).add(Headers.DETAIL, Headers.bytes("because a test says so"))
                .add("millrace-origin", Headers.bytes("0:0")).add("millrace-index", Headers.bytes(pipeline + "-000001")).add(Headers.VERSION, Headers.bytes(1L));
        new RawTopics(stack).send(record);
    }
}
