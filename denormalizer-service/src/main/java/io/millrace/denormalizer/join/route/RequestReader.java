package io.millrace.denormalizer.join.route;

import io.millrace.denormalizer.join.message.Message;
import io.millrace.denormalizer.join.state.Stores;
import io.millrace.denormalizer.plan.Plan;
import io.millrace.denormalizer.registry.SchemaSource;
import io.millrace.pipeline.log.Life;
import io.millrace.pipeline.record.Headers;
import io.millrace.pipeline.record.Position;
import io.millrace.pipeline.record.WireFormat;
import io.millrace.pipeline.retention.RetentionOrder;
import io.millrace.values.row.AvroRows;
import io.millrace.values.row.CellJson;
import io.millrace.values.row.RootKeys;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.LongConsumer;
import java.util.regex.Pattern;
import org.apache.kafka.streams.processor.api.Record;
import org.jboss.logging.Logger;

/** Finds a pipeline's requests among the rows of the outbox: to erase or to repair a document, and which documents to keep; also what is told of a life of its join. Not thread-safe. */
public final class RequestReader {

    private static final Logger LOG = Logger.getLogger(RequestReader.class);
    private static final Pattern NUMBER = Pattern.compile("\\d{1,18}");
    private static final List<String> COLUMNS = List.of("aggregatetype", "aggregateid", "type", "payload");

    private final String pipeline;
    private final Set<String> erasedAs;
    private final List<String> retainedAs;
    private final String topic;
    private final RootKeys rootKeys;
    private final SchemaSource schemas;
    private final LongConsumer proven;
    private final Map<Integer, AvroRows> readers = new HashMap<>();

    /**
     * @param erasedAs the pipelines whose erasures count; repairs are for one pipeline alone
     * @param proven hears of lives whose documents were found to be those of the database
     */
    public RequestReader(Plan plan, Set<String> erasedAs, RootKeys rootKeys, SchemaSource schemas, LongConsumer proven) {
        this.proven = proven;
        this.pipeline = plan.pipeline();
        this.erasedAs = erasedAs;
        this.retainedAs = plan.retaining().names();
        this.topic = Router.outbox(plan);
        this.rootKeys = rootKeys;
        this.schemas = schemas;
    }

    /** @param to a root key, or nothing where it is for all */
    record Request(byte[] to, Message message) {}

    String topic() {
        return topic;
    }

    /** Null where the record is something else. */
    Request read(Record<byte[], byte[]> record) {
        if (!WireFormat.is(record.value())) {
            return null;
        }
        var row = readers.computeIfAbsent(WireFormat.schemaId(record.value()), id -> AvroRows.of(schemas.byId(id), COLUMNS)).read(record.value());
        var type = CellJson.text(row, 2);
        int rank = RetentionOrder.TYPE.equals(type) ? retainedAs.indexOf(CellJson.text(row, 0)) : -1;
        if (rank >= 0) {
            var order = RetentionOrder.parse(CellJson.text(row, 3));
            return new Request(Stores.NONE, new Message.Retain(Headers.position(record.headers()), rank, order.json()));
        }
        if (Life.PROVEN.equals(type)) {
            tell(CellJson.text(row, 0), CellJson.text(row, 1));
            return null;
        }
        var documentId = CellJson.text(row, 1);
        var message = message(CellJson.text(row, 0), type, Headers.position(record.headers()), documentId);
        return message == null ? null : new Request(rootKeys.of(documentId), message);
    }

    /** Whoever may write into the outbox may write anything. */
    private void tell(String of, String life) {
        if (!pipeline.equals(of)) {
            return;
        }
        if (life != null && NUMBER.matcher(life).matches()) {
            proven.accept(Long.parseLong(life));
        } else {
            LOG.warnf("A request of the type %s to %s in %s names no life of its join and is passed over", Life.PROVEN, pipeline, topic);
        }
    }

    private Message message(String of, String type, Position position, String documentId) {
        if ("erase".equals(type) && erasedAs.contains(of)) {
            return new Message.Erase(position, documentId);
        }
        return "repair".equals(type) && pipeline.equals(of) ? new Message.Repair(position, documentId) : null;
    }
}
