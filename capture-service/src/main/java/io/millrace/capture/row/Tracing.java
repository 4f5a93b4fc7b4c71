package io.millrace.capture.row;

import io.millrace.pipeline.file.TableName;
import io.millrace.pipeline.record.Position;
import io.millrace.pipeline.record.TraceParent;
import io.opentelemetry.api.trace.Span;
import io.opentelemetry.api.trace.SpanContext;
import io.opentelemetry.api.trace.SpanKind;
import io.opentelemetry.api.trace.TraceFlags;
import io.opentelemetry.api.trace.TraceState;
import io.opentelemetry.api.trace.Tracer;
import io.opentelemetry.context.Context;
import java.io.IOException;
import java.io.StringReader;
import java.util.Map;
import java.util.Properties;
import java.util.concurrent.ThreadLocalRandom;
import java.util.concurrent.TimeUnit;

/**
 * The trace context of a change: its row's own, else a new one for a share of the changes.
 *
 * @param tracer makes the spans; one that records nothing is fine
 * @param rate the share of changes without a context of their own that are traced, from 0 to 1, of tables that have none of their own
 * @param rates the same by table
 */
public record Tracing(Tracer tracer, double rate, Map<TableName, Double> rates) {

    /** The column in which an application, or the outbox extension, leaves the context of its transaction. */
    public static final String COLUMN = "tracingspancontext";

    /**
     * The header for a change, null where it is not traced.
     *
     * @param context the text of {@link #COLUMN}, null where the row has none
     * @param committedMicros when Postgres committed the change; the span begins there and ends now
     */
    String header(String context, TableName table, Position position, long committedMicros) {
        var parent = context == null ? null : parse(context);
        if (parent == null) {
            return ThreadLocalRandom.current().nextDouble() < rates.getOrDefault(table, rate) ? span(null, table, position, committedMicros) : null;
        }
        return parent.sampled() ? span(parent, table, position, committedMicros) : parent.toString();
    }

    /** A W3C header as it is, or Java properties with one, as Debezium's outbox writes them. */
    private static TraceParent parse(String context) {
        var plain = TraceParent.parse(context.strip());
        if (plain != null) {
            return plain;
        }
        try {
            var properties = new Properties();
            properties.load(new StringReader(context));
            return TraceParent.parse(properties.getProperty("traceparent"));
        } catch (IOException | IllegalArgumentException _) {
            return null;
        }
    }

    private String span(TraceParent parent, TableName table, Position position, long committedMicros) {
        var builder = tracer.spanBuilder("capture " + table)
                .setSpanKind(SpanKind.PRODUCER)
                .setStartTimestamp(committedMicros, TimeUnit.MICROSECONDS)
                .setAttribute("millrace.stage", "capture")
                .setAttribute("millrace.table", table.toString())
                .setAttribute("millrace.position", position.toString());
        if (parent == null) {
            builder.setNoParent();
        } else {
            builder.setParent(Context.root().with(Span.wrap(
                    SpanContext.createFromRemoteParent(parent.traceId(), parent.spanId(), TraceFlags.getSampled(), TraceState.getDefault()))));
        }
        var span = builder.startSpan();
        span.end();
        var own = span.getSpanContext();
        if (span.isRecording() || own.isValid() && !own.isRemote() && (parent == null || !own.getSpanId().equals(parent.spanId()))) {
            return new TraceParent(own.getTraceId(), own.getSpanId(), own.isSampled()).toString();
        }
        return parent == null ? TraceParent.start(true).toString() : parent.toString();
    }
}
