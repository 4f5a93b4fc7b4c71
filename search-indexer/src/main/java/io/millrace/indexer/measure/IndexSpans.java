package io.millrace.indexer.measure;

import io.millrace.pipeline.file.Pipeline;
import io.millrace.pipeline.record.Headers;
import io.millrace.pipeline.record.TraceParent;
import io.opentelemetry.api.OpenTelemetry;
import io.opentelemetry.api.trace.Span;
import io.opentelemetry.api.trace.SpanBuilder;
import io.opentelemetry.api.trace.SpanContext;
import io.opentelemetry.api.trace.SpanKind;
import io.opentelemetry.api.trace.TraceFlags;
import io.opentelemetry.api.trace.TraceState;
import io.opentelemetry.api.trace.Tracer;
import io.opentelemetry.context.Context;
import jakarta.inject.Singleton;
import java.nio.charset.StandardCharsets;
import java.util.concurrent.TimeUnit;
import org.apache.kafka.clients.consumer.ConsumerRecord;

/** The last spans of a change's trace, for changes whose trace is sampled. */
@Singleton
public final class IndexSpans {

    private final Tracer tracer;

    IndexSpans(OpenTelemetry telemetry) {
        this.tracer = telemetry.getTracer("io.millrace.indexer");
    }

    /**
     * The spans of one bulk request.
     *
     * @param documents how many it had
     * @param started microseconds since the epoch, when the request was sent
     * @param ended microseconds since the epoch, when it was answered
     */
    public Bulk bulk(Pipeline pipeline, int documents, long started, long ended) {
        return new Bulk(pipeline, documents, started, ended);
    }

    /**
     * A span for each traced document, and one for the request that all of them share: it belongs to the first one's trace
     * and is linked with all. For one thread.
     */
    public final class Bulk implements AutoCloseable {

        private final Pipeline pipeline;
        private final int documents;
        private final long started;
        private final long ended;
        /** Null while no document of it is traced. */
        private Span shared;

        private Bulk(Pipeline pipeline, int documents, long started, long ended) {
            this.pipeline = pipeline;
            this.documents = documents;
            this.started = started;
            this.ended = ended;
        }

        /** A document of the request was answered. */
        public void answered(ConsumerRecord<byte[], byte[]> record, String outcome) {
            var parent = TraceParent.parse(Headers.text(record.headers(), Headers.TRACEPARENT));
            if (parent == null || !parent.sampled()) {
                return;
            }
            var remote = SpanContext.createFromRemoteParent(parent.traceId(), parent.spanId(), TraceFlags.getSampled(), TraceState.getDefault());
            if (shared == null) {
                shared = span("bulk " + pipeline.name(), remote, SpanKind.CLIENT).setAttribute("messaging.batch.message_count", documents).startSpan();
            }
            shared.addLink(remote);
            span("index " + pipeline.name(), remote, SpanKind.CONSUMER)
                    .addLink(shared.getSpanContext())
                    .setAttribute("millrace.document", record.key() == null ? "" : pipeline.trace().shown(new String(record.key(), StandardCharsets.UTF_8)))
                    .setAttribute("millrace.outcome", outcome)
                    .setAttribute("millrace.version", Headers.number(record.headers(), Headers.VERSION, -1))
                    .setAttribute("messaging.destination.partition.id", Integer.toString(record.partition()))
                    .setAttribute("messaging.kafka.offset", record.offset())
                    .setAttribute("messaging.batch.message_count", documents)
                    .startSpan()
                    .end(ended, TimeUnit.MICROSECONDS);
        }

        private SpanBuilder span(String name, SpanContext parent, SpanKind kind) {
            return tracer.spanBuilder(name).setParent(Context.root().with(Span.wrap(parent))).setSpanKind(kind).setStartTimestamp(started, TimeUnit.MICROSECONDS)
                    .setAttribute("millrace.stage", "index").setAttribute("millrace.pipeline", pipeline.name());
        }

        @Override
        public void close() {
            if (shared != null) {
                shared.end(ended, TimeUnit.MICROSECONDS);
            }
        }
    }
}
