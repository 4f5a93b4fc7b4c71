package io.millrace.denormalizer.join.place;

import io.millrace.denormalizer.join.state.Kind;
import org.apache.kafka.common.utils.Bytes;

/** The keys of rows that find their document by their parent. */
final class PlaceKeys {

    private PlaceKeys() {}

    static Bytes placed(int node) {
        return Kind.of(Kind.PLACED, node, new byte[0], new byte[0]);
    }

    static Bytes placed(int node, byte[] parentKey, byte[] rowId) {
        return Kind.of(Kind.PLACED, node, parentKey, rowId);
    }

    static Bytes locations(int node) {
        return Kind.of(Kind.LOCATION, node, new byte[0], new byte[0]);
    }

    static Bytes location(int node, byte[] joinKey, byte[] parent) {
        return Kind.of(Kind.LOCATION, node, joinKey, parent);
    }

    static Bytes locationMark(int node, byte[] joinKey) {
        return Kind.of(Kind.LOCATION_MARK, node, joinKey, new byte[0]);
    }
}
