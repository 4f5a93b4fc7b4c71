package io.millrace.denormalizer.join.pay;

import io.millrace.denormalizer.join.message.Sinks;
import io.millrace.denormalizer.join.owed.Causes;
import io.millrace.denormalizer.join.owed.Progress;
import io.millrace.denormalizer.join.owed.Progress.Phase;
import io.millrace.pipeline.progress.JoinState;
import io.millrace.pipeline.shape.DocumentShape;
import java.nio.charset.StandardCharsets;
import org.apache.kafka.streams.processor.api.ProcessorContext;
import org.apache.kafka.streams.processor.api.Record;

/**
 * Says in Kafka whether documents are to come that no record waits for, and before which record all are out. Not thread-safe.
 */
public final class Report {

    private static final long AGAIN_NANOS = 100_000_000;

    private final ProcessorContext<byte[], byte[]> context;
    private final Payments payments;
    private final Progress progress;
    private final String partition;
    /** What was told last; null before the first word. */
    private String told;
    /** Before which record all documents are out and committed, as was told last; negative before the first word. */
    private long toldOut = -1;
    private long toldOutAt = System.nanoTime();

    public Report(ProcessorContext<byte[], byte[]> context, Payments payments, Progress progress) {
        this.context = context;
        this.payments = payments;
        this.progress = progress;
        this.partition = Integer.toString(context.taskId().partition());
    }

    /** Says what the state was built for, and in which shape documents are emitted from now on. */
    public void tellShape(DocumentShape base, DocumentShape shape) {
        forward(JoinState.baseOf(context.taskId().partition()), base.text());
        forward(JoinState.shapeOf(context.taskId().partition()), shape.text());
    }

    /** It goes out before the offset of what caused it is committed, so whoever sees that offset committed sees this too. */
    public void tell() {
        var now = payments.state();
        if (!now.equals(told)) {
            told = now;
            forward(partition, now);
        }
    }

    /** Says now and then how far it is while it is not idle: where look-ups change all the time, it never is. */
    public void tellOut() {
        long now = System.nanoTime();
        if (progress.phase() != Phase.LIVE || told.equals(JoinState.IDLE) || now - toldOutAt < AGAIN_NANOS) {
            return;
        }
        long out = payments.oldest();
        if (out != Causes.NONE && out != toldOut) {
            toldOut = out;
            toldOutAt = now;
            forward(JoinState.outOf(context.taskId().partition()), Long.toString(out));
        }
    }

    private void forward(String key, String value) {
        context.forward(new Record<>(key.getBytes(StandardCharsets.US_ASCII), value.getBytes(StandardCharsets.UTF_8), context.currentSystemTimeMs()), Sinks.STATE);
    }
}
