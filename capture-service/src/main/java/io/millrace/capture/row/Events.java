package io.millrace.capture.row;

import io.debezium.transforms.outbox.EventRouter;
import io.millrace.pipeline.file.Source.Outbox;
import io.millrace.pipeline.file.TableName;
import io.millrace.pipeline.topic.Topics;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.HashMap;
import java.util.HashSet;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import org.apache.kafka.common.config.ConfigException;
import org.apache.kafka.common.header.Headers;
import org.apache.kafka.connect.source.SourceRecord;

/** Makes events of the rows of the application's own outbox, by Debezium's event router. Not thread-safe. */
public final class Events {

    private static final Pattern TOPIC = Pattern.compile("[a-zA-Z0-9._-]{1,249}");
    /** How Debezium's event router names the header that tells an event from others. */
    private static final String ID = "id";

    private final TableName table;
    /** The headers that are the event's; others are Debezium's own, among them a trace that it begins by itself. */
    private final Set<String> taken = new HashSet<>(Set.of(ID));
    private final EventRouter<SourceRecord> router = new EventRouter<>();

    private Events(TableName table, Set<String> headers) {
        this.table = table;
        taken.addAll(headers);
    }

    /** @throws IllegalArgumentException when the router refuses what the file says */
    public static Events of(Outbox outbox) {
        var events = new Events(outbox.table(), outbox.headers().keySet());
        var settings = new HashMap<String, String>(Map.of(
                "table.field.event.id", outbox.id(),
                "table.field.event.key", outbox.key(),
                "table.field.event.payload", outbox.payload(),
                "route.by.field", outbox.route(),
                "route.topic.replacement", outbox.topic(),
                // Capture makes the spans: the router is to make one only for a field that no row has.
                "tracing.with.context.field.only", "true",
                "tracing.span.context.field", "millrace: none"));
        if (!outbox.headers().isEmpty()) {
            settings.put("table.fields.additional.placement", new TreeMap<>(outbox.headers()).entrySet().stream().map(e -> e.getValue() + ":header:" + e.getKey()).collect(Collectors.joining(",")));
        }
        try {
            events.router.configure(settings);
        } catch (ConfigException e) {
            throw new IllegalArgumentException("Debezium's event router refuses what the pipeline file says under source.outbox: " + e.getMessage(), e);
        }
        return events;
    }

    /**
     * @param key null where the row has none
     * @param value null where the row has no payload
     */
    record Event(String topic, byte[] key, byte[] value) {}

    public TableName table() {
        return table;
    }

    /**
     * The event of a new row.
     *
     * @param headers are given the event's own
     * @throws IllegalArgumentException when the row is none that can be routed; the message holds no value but that of the route
     */
    Event of(SourceRecord row, Headers headers) {
        SourceRecord routed;
        try {
            routed = router.apply(row);
        } catch (RuntimeException e) {
            // The cause's own words may hold the value, which is private.
            throw new IllegalArgumentException("Debezium's event router fails with a " + e.getClass().getSimpleName(), e);
        }
        if (routed == null) {
            throw new IllegalArgumentException("Debezium's event router makes no event of it");
        }
        if (!TOPIC.matcher(routed.topic()).matches() || Topics.isOwn(routed.topic())) {
            throw new IllegalArgumentException("'" + routed.topic() + "' is no topic that events may go to");
        }
        routed.headers().forEach(header -> {
            if (header.value() != null && taken.contains(header.key())) {
                headers.add(header.key(), bytes(header.value()));
            }
        });
        if (headers.lastHeader(ID) == null) {
            throw new IllegalArgumentException("it has no id");
        }
        return new Event(routed.topic(), bytes(routed.key()), bytes(routed.value()));
    }

    private static byte[] bytes(Object value) {
        return switch (value) {
            case null -> null;
            case byte[] bytes -> bytes;
            case ByteBuffer buffer -> {
                var bytes = new byte[buffer.remaining()];
                buffer.duplicate().get(bytes);
                yield bytes;
            }
            default -> value.toString().getBytes(StandardCharsets.UTF_8);
        };
    }
}
