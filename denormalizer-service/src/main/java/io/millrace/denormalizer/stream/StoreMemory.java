package io.millrace.denormalizer.stream;

import io.quarkus.runtime.annotations.RegisterForReflection;
import java.util.Map;
import org.apache.kafka.streams.state.RocksDBConfigSetter;
import org.rocksdb.BlockBasedTableConfig;
import org.rocksdb.BloomFilter;
import org.rocksdb.Cache;
import org.rocksdb.CompressionType;
import org.rocksdb.LRUCache;
import org.rocksdb.Options;
import org.rocksdb.WriteBufferManager;

/**
 * One bound for the memory of every state store of the process: a block cache, out of which the write buffers are
 * counted too.
 */
public final class StoreMemory implements AutoCloseable {

    /** The Streams setting that holds the shared memory itself. */
    static final String MEMORY = "millrace.store.memory";

    private final Cache cache;
    private final WriteBufferManager writeBuffers;
    private final long writeBuffer;

    StoreMemory(long cacheBytes, long writeBufferBytes) {
        org.rocksdb.RocksDB.loadLibrary();
        cache = new LRUCache(cacheBytes + writeBufferBytes, -1, false, 0.1);
        writeBuffers = new WriteBufferManager(writeBufferBytes, cache);
        writeBuffer = Math.max(1 << 20, writeBufferBytes / 8);
    }

    @Override
    public void close() {
        writeBuffers.close();
        cache.close();
    }

    /** Gives each store its part. Made by Kafka Streams. */
    @RegisterForReflection
    public static final class Setter implements RocksDBConfigSetter {

        @Override
        public void setConfig(String store, Options options, Map<String, Object> configs) {
            var memory = (StoreMemory) configs.get(MEMORY);
            var table = (BlockBasedTableConfig) options.tableFormatConfig();
            table.setBlockCache(memory.cache);
            table.setCacheIndexAndFilterBlocks(true);
            table.setCacheIndexAndFilterBlocksWithHighPriority(true);
            table.setPinTopLevelIndexAndFilter(true);
            table.setBlockSize(8 << 10);
            table.setFilterPolicy(new BloomFilter(10));
            options.setTableFormatConfig(table);
            options.setWriteBufferManager(memory.writeBuffers);
            options.setWriteBufferSize(memory.writeBuffer);
            options.setMaxWriteBufferNumber(2);
            options.setCompressionType(CompressionType.LZ4_COMPRESSION);
        }

        @Override
        public void close(String store, Options options) {
            // The cache and the buffers are the process's, not the store's.
        }
    }
}
