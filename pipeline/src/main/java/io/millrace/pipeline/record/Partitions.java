package io.millrace.pipeline.record;

import java.util.Arrays;
import org.apache.kafka.common.utils.Utils;

/**
 * Which partition a row belongs to.
 *
 * <p>The hash leaves the five bytes of the {@link WireFormat} prefix out, so that a row keeps its partition when its key
 * schema gets another id (a registry restored from a backup, say).
 */
public final class Partitions {

    private Partitions() {}

    /** The partition of a row key in wire format, or of any other key as a whole. */
    public static int of(byte[] key, int partitions) {
        return ofWhole(WireFormat.is(key) ? Arrays.copyOfRange(key, WireFormat.PREFIX, key.length) : key, partitions);
    }

    /** The partition of a key as a whole, though it may begin as the wire format does. */
    public static int ofWhole(byte[] key, int partitions) {
        return Utils.toPositive(Utils.murmur2(key)) % partitions;
    }
}
