package io.millrace.tests.bench.join;

import io.millrace.pipeline.file.TableName;
import io.millrace.pipeline.record.WireFormat;
import io.millrace.pipeline.topic.Topics;
import io.millrace.pipeline.type.ColumnType;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.apache.avro.Schema;
import org.apache.avro.io.BinaryEncoder;
import org.apache.avro.io.EncoderFactory;

/** The tables of a shop, their schemas as capture would write them, and how rows of them are encoded. */
enum OrderTables {
    CUSTOMER(1, "id int8", "name text", "city text"),
    PRODUCT(1, "id int8", "name text", "category text"),
    TAG(1, "id int8", "label text"),
    ORDERS(1, "id int8", "customer_id int8", "status text", "note text", "total int8"),
    ITEM(1, "id int8", "order_id int8", "product_id int8", "quantity int4", "price numeric"),
    ORDER_TAG(2, "order_id int8", "tag_id int8");

    static final String SOURCE = "bench";
    static final String PIPELINE = "orders";

    private final List<String[]> columns;
    private final int keys;

    /** @param keys how many of the first columns are the primary key */
    OrderTables(int keys, String... columns) {
        this.keys = keys;
        this.columns = Arrays.stream(columns).map(c -> c.split(" ")).toList();
    }

    TableName table() {
        return new TableName("public", name().toLowerCase());
    }

    String topic() {
        return Topics.rows(SOURCE, table());
    }

    /** Every topic whose rows the pipeline reads, requests to erase included. */
    static List<String> rowTopics() {
        var topics = new ArrayList<>(Arrays.stream(values()).map(OrderTables::topic).toList());
        topics.add(Topics.rows(SOURCE, Topics.OUTBOX));
        return topics;
    }

    Schema keySchema() {
        return schema(name().toLowerCase() + "_key", columns.subList(0, keys));
    }

    Schema valueSchema() {
        return schema(name().toLowerCase(), columns);
    }

    private Schema schema(String name, List<String[]> fields) {
        var schema = Schema.createRecord(name, null, "bench.public", false);
        schema.setFields(fields.stream().map(c -> {
            boolean isKey = columns.indexOf(c) < keys;
            var type = Schema.create(switch (c[1]) {
                case "int4" -> Schema.Type.INT;
                case "int8" -> Schema.Type.LONG;
                default -> Schema.Type.STRING;
            });
            var field = isKey ? new Schema.Field(c[0], type, null, null)
                    : new Schema.Field(c[0], Schema.createUnion(Schema.create(Schema.Type.NULL), type), null, Schema.Field.NULL_DEFAULT_VALUE);
            field.addProp(ColumnType.PG_TYPE, c[1]);
            return field;
        }).toList());
        return schema;
    }

    byte[] key(int schemaId, Object... values) {
        return encode(schemaId, values);
    }

    byte[] value(int schemaId, Object... values) {
        if (values.length != columns.size()) {
            throw new IllegalArgumentException(table() + " has " + columns.size() + " columns, not " + values.length);
        }
        return encode(schemaId, values);
    }

    private byte[] encode(int schemaId, Object... values) {
        var out = new ByteArrayOutputStream(128);
        out.writeBytes(new byte[WireFormat.PREFIX]);
        var encoder = EncoderFactory.get().directBinaryEncoder(out, null);
        try {
            for (int i = 0; i < values.length; i++) {
                field(i, values[i], encoder);
            }
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        var bytes = out.toByteArray();
        WireFormat.prefix(bytes, schemaId);
        return bytes;
    }

    private void field(int column, Object value, BinaryEncoder encoder) throws IOException {
        if (column >= keys) {
            encoder.writeIndex(1);
        }
        switch (value) {
            case Long number -> encoder.writeLong(number);
            case Integer number -> encoder.writeInt(number);
            default -> encoder.writeString((String) value);
        }
    }

    /** Whether a document shows this table's rows wherever they are referred to, so that one change reaches many documents. */
    boolean isLookup() {
        return this == CUSTOMER || this == PRODUCT || this == TAG;
    }
}
