package io.millrace.tests.stack;

import static java.nio.charset.StandardCharsets.UTF_8;

import io.millrace.launcher.stack.Stage;
import io.millrace.pipeline.record.Headers;
import io.millrace.pipeline.topic.Topics;
import io.restassured.RestAssured;
import java.time.Duration;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.awaitility.Awaitility;

/**
 * A document that looks as if the index had refused it. Its record is not in the log of the documents, so a replay settles it without sending it, and the index is left alone.
 *
 * @param id of no document that there is
 */
public record RefusedDocument(String pipeline, String id) {

    private static final Duration SOON = Duration.ofSeconds(60);

    /** Puts it into quarantine. */
    public void standIn(DemoStack stack) throws InterruptedException {
        var record = new ProducerRecord<>(Topics.quarantineDocuments(pipeline), 0, id.getBytes(UTF_8), "{\"name\":\"refused\"}".getBytes(UTF_8));
        record.headers().add(Headers.REASON, Headers.bytes("refused")).add(Headers.DETAIL, Headers.bytes("because a test says so"))
                .add("millrace-origin", Headers.bytes("0:0")).add("millrace-index", Headers.bytes(pipeline + "-000001")).add(Headers.VERSION, Headers.bytes(1L));
        new RawTopics(stack).send(record);
    }

    /** Returns when the console knows how many there are of each pipeline; until then its page asks for those of a document, and the browser complains that there are none. */
    public static void awaitCounts(DemoStack stack) {
        Awaitility.await("how many documents were refused is known").atMost(SOON)
                .until(() -> RestAssured.get(stack.address(Stage.CONSOLE) + "/api/figures").jsonPath().getList("troubles.refused"), counts -> !counts.isEmpty() && !counts.contains(null));
    }
}
