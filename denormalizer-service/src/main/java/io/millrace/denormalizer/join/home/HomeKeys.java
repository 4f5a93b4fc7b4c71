package io.millrace.denormalizer.join.home;

import io.millrace.denormalizer.join.state.Kind;
import io.millrace.values.bytes.ByteReader;
import io.millrace.values.bytes.ByteWriter;
import org.apache.kafka.common.utils.Bytes;

/** The keys of rows that are at home in a partition, and of who is to hear of them. */
final class HomeKeys {

    private HomeKeys() {}

    /** Before every row that is at home here under a key of an index. */
    static Bytes rows(int index) {
        return Kind.of(Kind.HOME_ROW, index, new byte[0], new byte[0]);
    }

    static Bytes rows(byte[] reference) {
        return row(reference, new byte[0]);
    }

    /** The length of the look-up key stands before it, so that it can be told from the row's id. */
    static Bytes row(byte[] reference, byte[] rowId) {
        return Bytes.wrap(new ByteWriter(5 + reference.length + rowId.length).put(Kind.HOME_ROW).put(reference, 0, 2).putInt(reference.length - 2).put(reference, 2, reference.length - 2)
                .put(rowId).toBytes());
    }

    /** The reference in the key of a row at home. */
    static byte[] referenceOf(Bytes row) {
        int length = new ByteReader(row.get(), 3).getInt();
        return new ByteWriter(2 + length).put(row.get(), 1, 2).put(row.get(), 7, length).toBytes();
    }

    static Bytes mark(byte[] reference) {
        return Kind.of(Kind.HOME_MARK, reference);
    }

    static Bytes subscribers(byte[] reference) {
        return Kind.of(Kind.SUBSCRIBERS, reference);
    }
}
