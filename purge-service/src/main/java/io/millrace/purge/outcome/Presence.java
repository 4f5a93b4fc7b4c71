package io.millrace.purge.outcome;

import java.nio.ByteBuffer;
import org.apache.kafka.common.header.Headers;
import org.apache.kafka.common.serialization.Deserializer;

/** Whether a record has a value: whoever looks for deletes need not have the documents, which are not copied out of what was fetched. Null for a delete. */
public final class Presence implements Deserializer<Boolean> {

    @Override
    public Boolean deserialize(String topic, byte[] value) {
        return value == null ? null : Boolean.TRUE;
    }

    @Override
    public Boolean deserialize(String topic, Headers headers, ByteBuffer value) {
        return value == null ? null : Boolean.TRUE;
    }
}
