package io.millrace.connect;

import java.io.IOException;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import org.apache.avro.generic.GenericDatumReader;
import org.apache.avro.generic.GenericRecord;
import org.apache.avro.io.DecoderFactory;
import org.apache.kafka.common.config.ConfigDef;
import org.apache.kafka.connect.data.Schema;
import org.apache.kafka.connect.data.SchemaAndValue;
import org.apache.kafka.connect.errors.DataException;
import org.apache.kafka.connect.storage.Converter;

/**
 * Reads keys and values of {@code rows.*}: the Confluent wire format with Avro, whose schema the registry has. Each column becomes what {@link RowColumn} says.
 *
 * <p>A deleted row has no value, and a record that says {@code TRUNCATE} neither key nor value: for both nothing is given. It writes nothing.
 */
public final class RowConverter implements Converter {

    /** The registry's core API, version 3. */
    static final String URL = "registry.url";
    /** As whom the registry is asked, by basic authentication; absent where it asks nobody. */
    static final String USER = "registry.user";
    static final String PASSWORD = "registry.password";

    private static final ConfigDef CONFIG = new ConfigDef()
            .define(URL, ConfigDef.Type.STRING, ConfigDef.Importance.HIGH, "The registry's core API, version 3, such as http://localhost:18081/apis/registry/v3")
            .define(USER, ConfigDef.Type.STRING, "", ConfigDef.Importance.MEDIUM, "As whom the registry is asked, by basic authentication")
            .define(PASSWORD, ConfigDef.Type.PASSWORD, "", ConfigDef.Importance.MEDIUM, "The user's password");

    private final Map<Integer, Known> known = new ConcurrentHashMap<>();
    private SchemaRegistry registry;
    private boolean isKey;

    /** A schema of the registry, and what rows of it become. */
    private record Known(GenericDatumReader<GenericRecord> reader, RowShape shape) {}

    @Override
    public ConfigDef config() {
        return CONFIG;
    }

    @Override
    public void configure(Map<String, ?> settings, boolean isKey) {
        var config = CONFIG.parse(settings);
        this.registry = new SchemaRegistry((String) config.get(URL), (String) config.get(USER), (org.apache.kafka.common.config.types.Password) config.get(PASSWORD));
        this.isKey = isKey;
    }

    @Override
    public byte[] fromConnectData(String topic, Schema schema, Object value) {
        throw new DataException("Writing to " + topic + " was asked of " + RowConverter.class.getName() + ", which only reads: rows are written by capture alone");
    }

    /** @throws DataException for bytes that are no row */
    @Override
    public SchemaAndValue toConnectData(String topic, byte[] bytes) {
        if (bytes == null || bytes.length == 0) {
            return SchemaAndValue.NULL;
        }
        if (bytes.length < WireFormat.PREFIX || bytes[0] != WireFormat.MAGIC) {
            throw new DataException("A " + (isKey ? "key" : "value") + " of " + topic + " with " + bytes.length + " bytes is not in the Confluent wire format, so it is no row; see which records the topic has");
        }
        int id = WireFormat.schemaId(bytes);
        var schema = known.computeIfAbsent(id, this::ask);
        try {
            var row = schema.reader().read(null, DecoderFactory.get().binaryDecoder(bytes, WireFormat.PREFIX, bytes.length - WireFormat.PREFIX, null));
            return new SchemaAndValue(schema.shape().schema(), schema.shape().struct(row));
        } catch (IOException | RuntimeException e) {
            throw new DataException("A " + (isKey ? "key" : "value") + " of " + topic + " cannot be read by the schema with the content id " + id + ": " + e.getMessage(), e);
        }
    }

    private Known ask(int id) {
        var schema = registry.byContentId(id);
        return new Known(new GenericDatumReader<>(schema), RowShape.of(schema, isKey));
    }
}
