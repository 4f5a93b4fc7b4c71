package io.millrace.capture.row;

import io.millrace.pipeline.file.TableName;
import io.millrace.pipeline.record.Headers;
import io.millrace.pipeline.record.Op;
import java.util.IdentityHashMap;
import java.util.Map;
import org.apache.kafka.connect.data.Field;
import org.apache.kafka.connect.data.Schema;
import org.apache.kafka.connect.data.Struct;
import org.apache.kafka.connect.source.SourceRecord;

/** Reads Debezium's change events. Not thread-safe. */
public final class Envelopes {

    /** More schemas than this are never in use at once; the map then begins anew. */
    private static final int MOST_SCHEMAS = 10_000;
    /** The header of the insert that Debezium makes of a row whose key was changed. */
    private static final String OLD_KEY = "__debezium.oldkey";

    private final Map<Schema, Fields> known = new IdentityHashMap<>();

    /** Where things stand in the events of one schema, all of which are of one table. */
    private record Fields(TableName table, Schema rows, Field op, Field before, Field after, Field source, Field lsn, Field sequence, Field micros, Field transaction) {

        private static Fields of(Schema envelope, Struct source) {
            var after = envelope.field("after");
            return new Fields(new TableName(source.getString("schema"), source.getString("table")), after.schema(), envelope.field("op"), envelope.field("before"), after, envelope.field("source"),
                    source.schema().field("lsn"), source.schema().field("sequence"), source.schema().field("ts_us"), source.schema().field("txId"));
        }
    }

    /** The change of a table that an event tells of; null for one that tells of something else. */
    public Change change(SourceRecord event) {
        if (!(event.value() instanceof Struct envelope) || envelope.schema().field("op") == null || envelope.schema().field("source") == null) {
            return null;
        }
        var fields = fields(event, envelope);
        var source = (Struct) envelope.get(fields.source);
        var op = Op.of(Headers.bytes((String) envelope.get(fields.op)));
        return new Change(fields.table, fields.rows, op, (Struct) event.key(), (Struct) envelope.get(fields.before), (Struct) envelope.get(fields.after), event.headers().lastWithName(OLD_KEY) != null,
                op == Op.READ ? 0 : commit((String) source.get(fields.sequence)), number(source.get(fields.lsn)), number(source.get(fields.micros)), number(source.get(fields.transaction)), event, null);
    }

    private Fields fields(SourceRecord event, Struct envelope) {
        var fields = known.get(event.valueSchema());
        if (fields == null) {
            fields = Fields.of(event.valueSchema(), envelope.getStruct("source"));
            if (known.size() >= MOST_SCHEMAS) {
                known.clear();
            }
            known.put(event.valueSchema(), fields);
        }
        return fields;
    }

    private static long number(Object value) {
        return value instanceof Long number ? number : 0;
    }

    /** {@code sequence} is a JSON array of two texts: the LSN of the last commit before the change, and its own. */
    private static long commit(String sequence) {
        int from = 2;
        int end = sequence == null || sequence.length() < 3 || sequence.charAt(1) != '"' ? -1 : sequence.indexOf('"', from);
        return end < 0 ? 0 : Long.parseLong(sequence, from, end, 10);
    }
}
