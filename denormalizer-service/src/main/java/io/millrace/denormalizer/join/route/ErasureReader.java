package io.millrace.denormalizer.join.route;

import io.millrace.denormalizer.join.message.Message;
import io.millrace.denormalizer.plan.Plan;
import io.millrace.denormalizer.registry.SchemaSource;
import io.millrace.pipeline.record.Headers;
import io.millrace.pipeline.record.WireFormat;
import io.millrace.values.row.AvroRows;
import io.millrace.values.row.CellJson;
import io.millrace.values.row.RootKeys;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.apache.kafka.streams.processor.api.Record;

/** Finds a pipeline's requests to erase a document among the rows of the outbox. Not thread-safe. */
public final class ErasureReader {

    private static final List<String> COLUMNS = List.of("aggregatetype", "aggregateid", "type");

    private final Set<String> pipelines;
    private final String topic;
    private final RootKeys rootKeys;
    private final SchemaSource schemas;
    private final Map<Integer, AvroRows> readers = new HashMap<>();

    public ErasureReader(Plan plan, Set<String> pipelines, RootKeys rootKeys, SchemaSource schemas) {
        this.pipelines = pipelines;
        this.topic = Router.outbox(plan);
        this.rootKeys = rootKeys;
        this.schemas = schemas;
    }

    record Request(byte[] rootKey, Message.Erase message) {}

    String topic() {
        return topic;
    }

    /** Null where the record is something else. */
    Request read(Record<byte[], byte[]> record) {
        if (!WireFormat.is(record.value())) {
            return null;
        }
        var row = readers.computeIfAbsent(WireFormat.schemaId(record.value()), id -> AvroRows.of(schemas.byId(id), COLUMNS)).read(record.value());
        if (!pipelines.contains(CellJson.text(row, 0)) || !"erase".equals(CellJson.text(row, 2))) {
            return null;
        }
        var documentId = CellJson.text(row, 1);
        return new Request(rootKeys.of(documentId), new Message.Erase(Headers.position(record.headers()), documentId));
    }
}
