package io.millrace.denormalizer.join.state;

import io.millrace.pipeline.record.Position;
import io.millrace.values.bytes.ByteReader;
import io.millrace.values.bytes.ByteWriter;

/**
 * A row of an array as it is stored with its document.
 *
 * @param position of the change that put it there, or took it away
 * @param row null for what was taken away; kept for a while, so that a replay does not bring it back
 */
public record Entry(Position position, byte[] row) {

    public static Entry read(byte[] stored) {
        var in = new ByteReader(stored);
        var position = new Position(in.getLong(), in.getLong());
        return new Entry(position, in.get() == 0 ? null : in.rest());
    }

    public byte[] toBytes() {
        var out = new ByteWriter(Position.SIZE + 1 + (row == null ? 0 : row.length))
                .putLong(position.commit()).putLong(position.lsn()).put(row == null ? 0 : 1);
        return (row == null ? out : out.put(row)).toBytes();
    }
}
