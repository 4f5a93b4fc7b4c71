package io.millrace.capture.engine;

import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.Map;
import java.util.Set;
import org.apache.kafka.connect.runtime.WorkerConfig;
import org.apache.kafka.connect.storage.MemoryOffsetBackingStore;

/**
 * Tells Debezium to begin where the slot's confirmed LSN is, and forgets what Debezium stores.
 *
 * <p>The confirmed LSN is the end of a transaction, so that a restart repeats whole transactions with the same positions
 * as before. Debezium makes an instance by name for each engine.
 */
public final class SlotOffsets extends MemoryOffsetBackingStore {

    /** Setting: the LSN to begin at, a decimal number. */
    static final String START = "offset.storage.millrace.start";
    /** Setting: the engine's name. */
    static final String NAME = "offset.storage.millrace.name";
    /** Setting: the prefix of Debezium's topics. */
    static final String PREFIX = "offset.storage.millrace.prefix";

    @Override
    public void configure(WorkerConfig config) {
        super.configure(config);
        var settings = config.originalsStrings();
        var start = settings.get(START);
        if (start != null) {
            data.put(json("[\"" + settings.get(NAME) + "\",{\"server\":\"" + settings.get(PREFIX) + "\"}]"),
                    json("{\"lsn\":" + start + ",\"lsn_commit\":" + start + ",\"ts_usec\":0}"));
        }
    }

    private static ByteBuffer json(String text) {
        return ByteBuffer.wrap(text.getBytes(StandardCharsets.UTF_8));
    }

    @Override
    public Set<Map<String, Object>> connectorPartitions(String connector) {
        return Set.of();
    }
}
