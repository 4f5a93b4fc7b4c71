package io.millrace.gate;

import static io.millrace.gate.Captured.nullable;
import static org.junit.jupiter.api.Assertions.assertEquals;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.apache.flink.avro.shaded.org.apache.avro.Schema;
import org.apache.flink.formats.avro.registry.confluent.ConfluentRegistryAvroDeserializationSchema;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;

/** {@code rows.*} read as anybody's Flink job reads it, with the registry's Confluent-compatible API and nothing of ours. */
@ExtendWith(SharedGate.Extension.class)
class StockConsumerIT {

    private final SharedGate gate;

    StockConsumerIT(SharedGate gate) {
        this.gate = gate;
    }

    @Test
    void flinkReadsRowsOfTheOldAndTheNewSchemaWithEither() throws Exception {
        var table = gate.stack().captured("flink");
        var old = table.schema(nullable("name", "string"));
        var changed = table.schema(nullable("name", "string"), nullable("muted", "boolean"));
        table.row(1, old, Map.of("name", "before")).get();
        table.row(1, changed, Map.of("name", "after", "muted", true)).get();
        gate.awaitCount("rows", "flink", 2);
        assertEquals(List.of("{\"id\": 1, \"name\": \"before\", \"muted\": null}", "{\"id\": 1, \"name\": \"after\", \"muted\": true}"), read(changed));
        assertEquals(List.of("{\"id\": 1, \"name\": \"before\"}", "{\"id\": 1, \"name\": \"after\"}"), read(old));
    }

    private List<String> read(org.apache.avro.Schema wanted) throws Exception {
        var registry = gate.stack().servers().registryUrl().replace("/apis/registry/v3", "/apis/ccompat/v7");
        var reader = ConfluentRegistryAvroDeserializationSchema.forGeneric(new Schema.Parser().parse(wanted.toString()), registry);
        var rows = new ArrayList<String>();
        for (var record : gate.stack().read("rows.it.public.flink")) {
            rows.add(reader.deserialize(record.value()).toString());
        }
        return rows;
    }
}
