package io.millrace.denormalizer.join.state;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.apache.kafka.common.utils.Bytes;
import org.apache.kafka.streams.KeyValue;
import org.apache.kafka.streams.state.KeyValueStore;

/**
 * A part of a walk over neighbouring keys of a store, which may be changed between two parts.
 *
 * @param next where the walk goes on; null at its end
 */
public record Piece(List<KeyValue<Bytes, byte[]>> entries, Bytes next) {

    /** @param from where the walk goes on, null at its beginning */
    public static Piece of(KeyValueStore<Bytes, byte[]> store, Bytes prefix, Bytes from, int most) {
        var entries = new ArrayList<KeyValue<Bytes, byte[]>>();
        try (var all = store.range(from == null ? prefix : from, Bytes.wrap(behind(prefix.get())))) {
            while (all.hasNext()) {
                var next = all.next();
                if (!beginsWith(next.key.get(), prefix.get())) {
                    break;
                }
                if (entries.size() == most) {
                    return new Piece(entries, next.key);
                }
                entries.add(next);
            }
        }
        return new Piece(entries, null);
    }

    public static boolean beginsWith(byte[] key, byte[] prefix) {
        return key.length >= prefix.length && Arrays.equals(key, 0, prefix.length, prefix, 0, prefix.length);
    }

    /** The first key behind all that begin with a prefix. */
    public static byte[] behind(byte[] prefix) {
        var next = prefix.clone();
        for (int i = next.length - 1; i >= 0; i--) {
            if (++next[i] != 0) {
                return Arrays.copyOf(next, i + 1);
            }
        }
        throw new IllegalArgumentException("Nothing comes behind a prefix of 0xFF bytes alone");
    }
}
