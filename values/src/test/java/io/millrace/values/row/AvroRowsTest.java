package io.millrace.values.row;

import io.millrace.values.bytes.ByteWriter;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.millrace.pipeline.record.WireFormat;
import io.millrace.pipeline.type.ColumnType;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.List;
import org.apache.avro.Schema;
import org.apache.avro.generic.GenericData;
import org.apache.avro.generic.GenericDatumWriter;
import org.apache.avro.io.EncoderFactory;
import org.junit.jupiter.api.Test;

class AvroRowsTest {

    @Test
    void aJsonColumnThatHoldsNoJsonSpoilsNoOtherColumn() throws IOException {
        var doc = new Schema.Field("doc", Schema.create(Schema.Type.STRING), null, null);
        doc.addProp(ColumnType.PG_TYPE, "jsonb");
        var name = new Schema.Field("name", Schema.create(Schema.Type.STRING), null, null);
        name.addProp(ColumnType.PG_TYPE, "text");
        var schema = Schema.createRecord("r", null, "t", false, List.of(doc, name));
        var record = new GenericData.Record(schema);
        record.put("doc", "not JSON");
        record.put("name", "kept");
        var out = new ByteArrayOutputStream();
        out.writeBytes(new byte[WireFormat.PREFIX]);
        var encoder = EncoderFactory.get().binaryEncoder(out, null);
        new GenericDatumWriter<>(schema).write(record, encoder);
        encoder.flush();

        var row = AvroRows.of(schema, List.of("doc", "name")).read(out.toByteArray());

        var json = new ByteWriter(16);
        CellJson.append(row, 1, json);
        assertEquals("\"kept\"", new String(json.toBytes(), StandardCharsets.UTF_8));
        var refused = assertThrows(IllegalArgumentException.class, () -> CellJson.append(row, 0, json));
        assertTrue(refused.getMessage().contains("what is not JSON: not JSON"), refused.getMessage());
    }
}
