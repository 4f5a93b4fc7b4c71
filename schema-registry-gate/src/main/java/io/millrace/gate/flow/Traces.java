package io.millrace.gate.flow;

import io.millrace.pipeline.record.Headers;
import io.millrace.pipeline.record.Position;
import io.millrace.pipeline.record.TraceParent;
import io.opentelemetry.api.trace.Span;
import io.opentelemetry.api.trace.SpanContext;
import io.opentelemetry.api.trace.SpanKind;
import io.opentelemetry.api.trace.TraceFlags;
import io.opentelemetry.api.trace.TraceState;
import io.opentelemetry.api.trace.Tracer;
import io.opentelemetry.context.Context;
import jakarta.inject.Singleton;
import java.util.concurrent.TimeUnit;

/** Adds the gate's step to a trace that is sampled; touches no other. */
@Singleton
public class Traces {

    /** Where the flags' last digit stands in a traceparent of version 00; its lowest bit says "sampled". */
    private static final int FLAG = 54;

    private final Tracer tracer;

    Traces(Tracer tracer) {
        this.tracer = tracer;
    }

    /** The context to send on: the gate's own span where the trace is sampled, else what came. */
    byte[] step(byte[] traceparent, String table, byte[] position, long fromMicros, long toMicros) {
        if (traceparent == null || traceparent.length <= FLAG || (Character.digit(traceparent[FLAG], 16) & 1) == 0) {
            return traceparent;
        }
        var came = TraceParent.parse(new String(traceparent, java.nio.charset.StandardCharsets.ISO_8859_1));
        if (came == null || !came.sampled()) {
            return traceparent;
        }
        var parent = SpanContext.createFromRemoteParent(came.traceId(), came.spanId(), TraceFlags.getSampled(), TraceState.getDefault());
        var span = tracer.spanBuilder("gate " + table).setSpanKind(SpanKind.PRODUCER).setParent(Context.root().with(Span.wrap(parent)))
                .setStartTimestamp(fromMicros, TimeUnit.MICROSECONDS)
                .setAttribute("millrace.stage", "gate").setAttribute("millrace.table", table)
                .setAttribute("millrace.position", position == null ? "" : Position.of(position).toString()).startSpan();
        span.end(toMicros, TimeUnit.MICROSECONDS);
        var own = span.getSpanContext();
        return own.isValid() && own.isSampled() ? Headers.bytes(new TraceParent(own.getTraceId(), own.getSpanId(), true).toString()) : traceparent;
    }
}
