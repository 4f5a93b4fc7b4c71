package io.millrace.tests.stack;

import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import io.opentelemetry.proto.collector.trace.v1.ExportTraceServiceRequest;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.util.HexFormat;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.Executors;
import java.util.zip.GZIPInputStream;

/** An OTLP receiver in this process: takes what the services send over HTTP, as any backend would, and keeps the last spans. Thread-safe. */
public final class SpanReceiver implements AutoCloseable {

    private static final int MOST = 200_000;

    private final Queue<Span> spans = new ConcurrentLinkedQueue<>();
    private final HttpServer server;

    /**
     * @param service the service that sent it
     * @param parentId empty for the first of a trace
     * @param links the ids of the spans that it is linked with
     */
    public record Span(String service, String traceId, String spanId, String parentId, String name, long startNanos, long endNanos, Map<String, String> attributes, List<String> links) {}

    private SpanReceiver(HttpServer server) {
        this.server = server;
    }

    static SpanReceiver start() {
        try {
            var server = HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
            var receiver = new SpanReceiver(server);
            server.setExecutor(Executors.newVirtualThreadPerTaskExecutor());
            server.createContext("/v1/traces", receiver::take);
            server.start();
            return receiver;
        } catch (IOException e) {
            throw new UncheckedIOException("Opening a port for spans failed", e);
        }
    }

    /** What {@code --otlp} takes. */
    String address() {
        return "http://localhost:" + server.getAddress().getPort();
    }

    /** Every span that was received, in the order of arrival. */
    public List<Span> spans() {
        return List.copyOf(spans);
    }

    private void take(HttpExchange exchange) throws IOException {
        try (exchange) {
            var gzip = "gzip".equals(exchange.getRequestHeaders().getFirst("Content-Encoding"));
            try (InputStream body = gzip ? new GZIPInputStream(exchange.getRequestBody()) : exchange.getRequestBody()) {
                keep(ExportTraceServiceRequest.parseFrom(body));
            }
            exchange.getResponseHeaders().set("Content-Type", "application/x-protobuf");
            exchange.sendResponseHeaders(200, -1);
        }
    }

    private void keep(ExportTraceServiceRequest request) {
        var hex = HexFormat.of();
        for (var resource : request.getResourceSpansList()) {
            var service = resource.getResource().getAttributesList().stream().filter(a -> a.getKey().equals("service.name")).map(a -> a.getValue().getStringValue()).findFirst().orElse("");
            for (var scope : resource.getScopeSpansList()) {
                for (var span : scope.getSpansList()) {
                    var attributes = new LinkedHashMap<String, String>();
                    span.getAttributesList().forEach(a -> attributes.put(a.getKey(), a.getValue().hasIntValue() ? Long.toString(a.getValue().getIntValue()) : a.getValue().getStringValue()));
                    spans.add(new Span(service, hex.formatHex(span.getTraceId().toByteArray()), hex.formatHex(span.getSpanId().toByteArray()),
                            hex.formatHex(span.getParentSpanId().toByteArray()), span.getName(), span.getStartTimeUnixNano(), span.getEndTimeUnixNano(), attributes,
                            span.getLinksList().stream().map(l -> hex.formatHex(l.getSpanId().toByteArray())).toList()));
                }
            }
        }
        while (spans.size() > MOST) {
            spans.poll();
        }
    }

    @Override
    public void close() {
        server.stop(0);
    }
}
