package io.millrace.denormalizer.join.route;

import io.millrace.values.bytes.ByteWriter;
import org.apache.kafka.common.utils.Bytes;

/** The keys of rows whose announcements are remembered. */
final class RowKeys {

    private RowKeys() {}

    static Bytes row(int table, byte[] rowId) {
        return Bytes.wrap(new ByteWriter(2 + rowId.length).putShort(table).put(rowId).toBytes());
    }

    /** The floor of a table among the rows of all; no table has such an id. */
    static Bytes announcedFloor(int table) {
        return row(0xFFFF, new ByteWriter(2).putShort(table).toBytes());
    }

    static Bytes rows(int table) {
        return row(table, new byte[0]);
    }
}
