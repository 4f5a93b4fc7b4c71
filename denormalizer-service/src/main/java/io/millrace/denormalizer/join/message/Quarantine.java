package io.millrace.denormalizer.join.message;

import io.millrace.pipeline.record.Headers;
import org.apache.kafka.common.header.internals.RecordHeaders;

/** Why a record is set aside. */
public final class Quarantine {

    private Quarantine() {}

    public static RecordHeaders headers(org.apache.kafka.common.header.Headers cause, String reason, String detail) {
        var headers = new RecordHeaders(cause);
        Headers.set(headers, Headers.REASON, Headers.bytes(reason));
        Headers.set(headers, Headers.DETAIL, Headers.bytes(detail));
        return headers;
    }
}
