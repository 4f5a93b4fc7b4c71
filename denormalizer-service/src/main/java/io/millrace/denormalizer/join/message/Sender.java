package io.millrace.denormalizer.join.message;

import org.apache.kafka.common.header.Headers;

/** Puts a message on the exchange topic. */
public interface Sender {

    /**
     * @param to the record's key
     * @param cause headers that go on with it
     */
    void send(byte[] to, Message message, Headers cause);
}
