package io.millrace.indexer.measure;

import io.millrace.pipeline.record.Headers;
import io.millrace.pipeline.record.TraceParent;
import io.opentelemetry.api.OpenTelemetry;
import io.opentelemetry.api.trace.Span;
import io.opentelemetry.api.trace.SpanContext;
import io.opentelemetry.api.trace.SpanKind;
import io.opentelemetry.api.trace.TraceFlags;
import io.opentelemetry.api.trace.TraceState;
import io.opentelemetry.api.trace.Tracer;
import io.opentelemetry.context.Context;
import jakarta.inject.Singleton;
import java.util.concurrent.TimeUnit;
import org.apache.kafka.clients.consumer.ConsumerRecord;

/** The last span of a change's trace, for changes whose trace is sampled. */
@Singleton
public final class IndexSpans {

    private final Tracer tracer;

    IndexSpans(OpenTelemetry telemetry) {
        this.tracer = telemetry.getTracer("io.millrace.indexer");
    }

    /**
     * Records that a document went through a bulk request.
     *
     * @param started microseconds since the epoch, when the request was sent
     * @param ended microseconds since the epoch, when it was answered
     */
    public void indexed(ConsumerRecord<byte[], byte[]> record, String pipeline, String outcome, int batch, long started, long ended) {
        var parent = TraceParent.parse(Headers.text(record.headers(), Headers.TRACEPARENT));
        if (parent == null || !parent.sampled()) {
            return;
        }
        var remote = SpanContext.createFromRemoteParent(parent.traceId(), parent.spanId(), TraceFlags.getSampled(), TraceState.getDefault());
        tracer.spanBuilder("index " + pipeline)
                .setParent(Context.root().with(Span.wrap(remote)))
                .setSpanKind(SpanKind.CONSUMER)
                .setStartTimestamp(started, TimeUnit.MICROSECONDS)
                .setAttribute("millrace.pipeline", pipeline)
                .setAttribute("millrace.stage", "index")
                .setAttribute("millrace.outcome", outcome)
                .setAttribute("millrace.version", Headers.number(record.headers(), Headers.VERSION, -1))
                .setAttribute("messaging.destination.partition.id", Integer.toString(record.partition()))
                .setAttribute("messaging.kafka.offset", record.offset())
                .setAttribute("messaging.batch.message_count", batch)
                .startSpan()
                .end(ended, TimeUnit.MICROSECONDS);
    }
}
