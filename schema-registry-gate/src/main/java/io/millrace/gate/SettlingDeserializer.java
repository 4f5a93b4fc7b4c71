package io.millrace.gate;

import java.nio.ByteBuffer;
import org.apache.kafka.common.header.Headers;
import org.apache.kafka.common.serialization.Deserializer;
import org.apache.kafka.common.utils.Utils;

/**
 * A key's bytes as they are. On the way it makes the client read the names and values of the record's headers, which it otherwise
 * does when they are first asked for: then on another thread, when the bytes have left this core's cache, and until then
 * every record holds on to the buffer that it was read from.
 */
final class SettlingDeserializer implements Deserializer<byte[]> {

    @Override
    public byte[] deserialize(String topic, Headers headers, ByteBuffer key) {
        for (var header : headers) {
            header.key();
            header.value();
        }
        return Utils.toNullableArray(key);
    }

    @Override
    public byte[] deserialize(String topic, byte[] key) {
        return key;
    }
}
