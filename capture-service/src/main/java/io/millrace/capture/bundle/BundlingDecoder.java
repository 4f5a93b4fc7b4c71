package io.millrace.capture.bundle;

import io.debezium.connector.postgresql.LogicalDecodingMessageMonitor;
import io.debezium.connector.postgresql.PostgresSchema;
import io.debezium.connector.postgresql.TypeRegistry;
import io.debezium.connector.postgresql.connection.LogicalDecodingMessage;
import io.debezium.connector.postgresql.connection.Lsn;
import io.debezium.connector.postgresql.connection.MessageDecoder;
import io.debezium.connector.postgresql.connection.PostgresReplicationConnection;
import io.debezium.connector.postgresql.connection.ReplicationConnection;
import io.debezium.connector.postgresql.connection.ReplicationMessage.Operation;
import io.debezium.connector.postgresql.connection.ReplicationStream.ReplicationMessageProcessor;
import io.debezium.connector.postgresql.connection.WalPositionLocator;
import io.debezium.relational.Column;
import io.debezium.relational.TableId;
import io.millrace.capture.row.TextRows;
import io.millrace.pipeline.file.TableName;
import java.nio.ByteBuffer;
import java.sql.SQLException;
import java.time.Duration;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.HashMap;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.function.Function;
import java.util.function.IntConsumer;
import java.util.function.IntFunction;
import java.util.function.Predicate;
import java.util.function.Supplier;
import org.apache.kafka.connect.data.Struct;
import org.apache.kafka.connect.source.SourceRecord;
import org.jboss.logging.Logger;
import org.postgresql.replication.fluent.logical.ChainedLogicalStreamBuilder;

/**
 * Stands before Debezium's decoder of the stream. Inserts, updates and deletes it puts into bundles, which Debezium takes for messages of an
 * application and carries as they are; everything else is Debezium's. Used by the thread that reads the stream.
 *
 * <p>A bundle goes before whatever Debezium is to see behind it, so that all keeps its order. The end of a transaction is held back with the
 * bundle until one of them has to go: small transactions go in one bundle, and Debezium is told of the last of them only.
 */
public final class BundlingDecoder implements MessageDecoder, Held {

    private static final Logger LOG = Logger.getLogger(BundlingDecoder.class);
    private static final Instant POSTGRES_EPOCH = Instant.parse("2000-01-01T00:00:00Z");
    private static final long POSTGRES_EPOCH_MICROS = ChronoUnit.MICROS.between(Instant.EPOCH, POSTGRES_EPOCH);
    private static final String PREFIX = "millrace";
    private static final int FULL = 1 << 15;
    /** How long such tables are gathered: the stream begins anew once for all of them. */
    private static final long GATHERED_NANOS = Duration.ofSeconds(1).toNanos();
    /** A change that is larger is left to Debezium: it would be held more often here. Not one with a value that cannot be read, of which Debezium would end the stream. */
    private static final int LARGEST = 1 << 16;
    /** Of whatever table, in all streams of this process, of which there is one at a time: Debezium makes what reads a stream. Written by the thread that reads it. */
    private static volatile long messages;

    private final MessageDecoder debezium;
    private final IntFunction<TextRows> described;
    private final IntConsumer forget;
    private final Relations relations;
    private final Supplier<TableNumbers> numbers;
    private final Predicate<TableName> captured;
    private final TypeRegistry types;
    private final Catalog catalog;
    private final BundleWriter bundle = new BundleWriter();
    /** By Postgres's number of the relation; none where its changes are left to Debezium. */
    private final Map<Integer, Optional<Table>> known = new HashMap<>();
    /** Of the message that is being read. */
    private Lsn lsn;
    /** Of what Debezium is being told. */
    private Lsn told;
    private long lastCommit;
    /** Of the current transaction. */
    private long commit;
    private long micros;
    private long transaction;
    /** Of the last change in the bundle. */
    private Lsn bundled;
    /** Whether the bundle does not have the current transaction yet. */
    private boolean isNew;
    /** The end of a transaction that Debezium was not told of yet, and its LSN; null where there is none. */
    private ByteBuffer end;
    private Lsn endLsn;
    /** By Postgres's number: the names under which Debezium was told of tables. */
    private final Map<Integer, TableName> names = new HashMap<>();
    /** By Postgres's number: the name of a known table under which another one was described. */
    private final Map<Integer, TableName> taken = new HashMap<>();
    /** Tables whose names were lent, or with a change that does not say which row it is of, each with the cause. Nothing is told any more while there are some, so that nothing is confirmed. */
    private final Map<TableName, String> lacking = new TreeMap<>();
    /** When the first of them was found. */
    private long lackingSince;
    /** By Postgres's number: how it was described last. */
    private final Map<Integer, Description> descriptions = new HashMap<>();

    /**
     * @param number as {@link Relations} has it
     * @param named whether updates and deletes say which row they are of
     */
    private record Table(int number, TextRows rows, boolean named) {}

    /** The tables as queries see them, for what the stream does not describe, such as which columns may be null. */
    @FunctionalInterface
    public interface Catalog {

        /**
         * Waits for a few seconds until queries see a transaction that the stream brings. Postgres sends it once its commit is in the log, and shows it to others later.
         *
         * @return whether they do
         * @throws SQLException when the database cannot be asked
         */
        boolean sees(long transaction) throws SQLException, InterruptedException;
    }

    /**
     * @param described what makes rows of the changes of a relation, by Postgres's number of it; null where its changes are left to Debezium
     * @param forget makes Debezium forget which table a relation is
     * @param numbers which table has which number now
     * @param captured which tables Debezium is told of
     * @param catalog what Debezium asks of a table that is described
     */
    BundlingDecoder(MessageDecoder debezium, IntFunction<TextRows> described, IntConsumer forget, Relations relations, Supplier<TableNumbers> numbers, Predicate<TableName> captured, TypeRegistry types, Catalog catalog) {
        this.debezium = debezium;
        this.described = described;
        this.forget = forget;
        this.relations = relations;
        this.numbers = numbers;
        this.captured = captured;
        this.types = types;
        this.catalog = catalog;
    }

    /**
     * Puts one before the decoder of a connection. Debezium chooses that by an enum and keeps it for itself, so this takes it out of its field; its
     * schema does not tell either which relation is which table.
     *
     * @param left tables whose changes are left to Debezium
     * @param relations is given what makes rows of the others' changes
     * @param numbers which table has which number now; the stream ends where it says something else
     * @param captured which tables Debezium is to tell of: it asks the catalog for every one that it is told of, and may fail at it
     * @param types as the connection's decoder is given them
     * @param catalog what Debezium asks of a table that is described
     */
    public static BundlingDecoder before(ReplicationConnection connection, PostgresSchema schema, Set<TableName> left, Relations relations, Supplier<TableNumbers> numbers, Predicate<TableName> captured, TypeRegistry types, Catalog catalog) {
        try {
            var field = PostgresReplicationConnection.class.getDeclaredField("messageDecoder");
            field.setAccessible(true);
            var tables = PostgresSchema.class.getDeclaredField("relationIdToTableId");
            tables.setAccessible(true);
            var byRelation = (Map<?, ?>) tables.get(schema);
            var decoder = new BundlingDecoder((MessageDecoder) field.get(connection), relation -> described(relation, schema, left), byRelation::remove, relations, numbers, captured, types, catalog);
            field.set(connection, decoder);
            return decoder;
        } catch (ReflectiveOperationException e) {
            throw new IllegalStateException("Debezium's decoder of the stream, or what it knows of relations, is not where it was in 3.6 (" + e + "); capture needs the version of Debezium that it was built with", e);
        }
    }

    /** Debezium's topic of messages; that of a table named {@code message} has its schema's name in it, too. */
    public static String topic(String prefix) {
        return prefix + LogicalDecodingMessageMonitor.LOGICAL_DECODING_MESSAGE_TOPIC_SUFFIX;
    }

    /**
     * The bundle that Debezium made a record of, or the record itself.
     *
     * @param bundles Debezium's topic of them
     */
    public static SourceRecord opened(SourceRecord record, String bundles, Relations relations) {
        if (!record.topic().equals(bundles)) {
            return record;
        }
        var message = ((Struct) record.value()).getStruct(LogicalDecodingMessageMonitor.DEBEZIUM_LOGICAL_DECODING_MESSAGE_KEY);
        return new Bundle(record.sourcePartition(), record.sourceOffset(), (ByteBuffer) message.get(LogicalDecodingMessageMonitor.DEBEZIUM_LOGICAL_DECODING_MESSAGE_CONTENT_KEY), relations);
    }

    @Override
    public void begin() {
        bundle.clear();
        known.clear();
        end = null;
        told = null;
        lastCommit = 0;
        lacking.clear();
        descriptions.clear();
        taken.clear();
        names.clear();
        isNew = true;
    }

    /** How many messages came in the stream, also of tables that are not captured. */
    public static long messages() {
        return messages;
    }

    @Override
    public Lsn told() {
        return told;
    }

    @Override
    public boolean shouldMessageBeSkipped(ByteBuffer buffer, Lsn received, Lsn start, WalPositionLocator position) {
        lsn = received;
        return debezium.shouldMessageBeSkipped(buffer, received, start, position);
    }

    @Override
    public void processMessage(ByteBuffer buffer, ReplicationMessageProcessor processor, TypeRegistry same) throws SQLException, InterruptedException {
        if (buffer == null) {
            if (!gathers()) {
                tell(null, processor);
            }
            return;
        }
        messages++;
        byte kind = buffer.get(buffer.position());
        if (kind == 'B') {
            commit = buffer.getLong(buffer.position() + 1);
        }
        var description = kind == 'R' ? Description.of(buffer) : null;
        if (description != null) {
            gather(numbers.get().lent(description, commit));
        }
        if (gathers()) {
            return;
        }
        switch (kind) {
            case 'B' -> {
                leave();
                micros = POSTGRES_EPOCH_MICROS + buffer.getLong(buffer.position() + 1 + Long.BYTES);
                transaction = Integer.toUnsignedLong(buffer.getInt(buffer.position() + 1 + 2 * Long.BYTES));
                isNew = true;
                told = lsn;
                debezium.processMessage(buffer, processor, types);
            }
            case 'I', 'U', 'D' -> {
                int oid = buffer.getInt(buffer.position() + 1);
                var table = known.computeIfAbsent(oid, this::table);
                if (kind != 'I' && table.isPresent() && !table.get().named() && isLost(names.get(oid))) {
                    return;
                }
                if (table.isEmpty() || buffer.remaining() > LARGEST && Tuple.areReadable(behindRelation(buffer.duplicate()), table.get().rows())) {
                    tell(buffer, names.get(oid), lsn.asLong(), processor);
                } else {
                    add(kind, table.get().number(), behindRelation(buffer));
                    if (bundle.size() > FULL) {
                        flush(processor);
                    }
                }
            }
            case 'C' -> {
                end = buffer;
                endLsn = lsn;
                lastCommit = lsn.asLong();
                if (bundle.size() == 0) {
                    flush(processor);
                }
            }
            case 'M' -> {
                // What an application says in the log is no change of a row.
            }
            case 'R' -> {
                known.remove(description.number());
                descriptions.put(description.number(), description);
                // A table that was renamed to what Debezium is to leave out would stay the table before, beside the one that has its name now.
                forget.accept(description.number());
                taken.remove(description.number());
                if (numbers.get().isTaken(description)) {
                    taken.put(description.number(), description.name());
                }
                describe(description, processor);
            }
            case 'T' -> tell(buffer, buffer.getInt(buffer.position() + 1) == 1 ? names.get(buffer.getInt(buffer.position() + 2 + Integer.BYTES)) : null, lsn.asLong(), processor);
            default -> tell(buffer, processor);
        }
    }

    private void describe(Description description, ReplicationMessageProcessor processor) throws SQLException, InterruptedException {
        var name = numbers.get().name(description);
        names.remove(description.number());
        if (captured.test(name)) {
            names.put(description.number(), name);
            if (!catalog.sees(transaction)) {
                LOG.warnf("The table %s is described in the log by the transaction %d, which queries do not see yet, since its commit waits: columns that it added are taken for ones that may be null until the stream begins anew", name, transaction);
            }
            tell(description.as(name), name, commit, processor);
        }
    }

    /** Whether the change that is being read leaves something of its table missing, since it does not say which row it is of. */
    private boolean isLost(TableName table) {
        boolean lost = numbers.get().isLost(table, commit);
        if (lost) {
            gather(Map.of(table, "a change of it did not say which row it was of, because its replica identity was an index that lacks columns of the primary key"));
        }
        return lost;
    }

    private void gather(Map<TableName, String> found) {
        if (lacking.isEmpty()) {
            lackingSince = System.nanoTime();
        }
        found.forEach(lacking::putIfAbsent);
    }

    /** Tables under others' names are left out from where no reading of those takes their rows away: Postgres may not describe them again when they have other names. */
    private void leave() {
        taken.entrySet().removeIf(one -> {
            if (numbers.get().isCovered(one.getValue(), commit)) {
                return false;
            }
            known.remove(one.getKey());
            forget.accept(one.getKey());
            return true;
        });
    }

    /** Whether there are tables of which something is missing, so that nothing is told, and others may follow. */
    private boolean gathers() {
        if (lacking.isEmpty()) {
            return false;
        }
        if (System.nanoTime() - lackingSince >= GATHERED_NANOS) {
            throw new LackingException(lacking);
        }
        return true;
    }

    private void add(byte kind, int relation, ByteBuffer rest) {
        if (isNew) {
            bundle.transaction(lastCommit, micros, transaction);
            isNew = false;
        }
        bundle.change(kind, lsn.asLong(), relation, rest);
        bundled = lsn;
    }

    private void tell(ByteBuffer buffer, ReplicationMessageProcessor processor) throws SQLException, InterruptedException {
        flush(processor);
        told = lsn;
        debezium.processMessage(buffer, processor, types);
    }

    /**
     * Tells Debezium of one table.
     *
     * @param table null where it is not known, or they are several
     * @param at the LSN by which the message is found in the log
     */
    private void tell(ByteBuffer buffer, TableName table, long at, ReplicationMessageProcessor processor) throws SQLException, InterruptedException {
        flush(processor);
        told = lsn;
        try {
            debezium.processMessage(buffer, processor, types);
        } catch (RuntimeException e) {
            throw undecodable(table, at, e);
        } catch (SQLException e) {
            if (table == null) {
                throw e;
            }
            throw new UndecodableException(table, at, e);
        }
    }

    private static RuntimeException undecodable(TableName table, long at, RuntimeException e) {
        return table == null ? e : new UndecodableException(table, at, e);
    }

    @Override
    public void flush(ReplicationMessageProcessor processor) throws SQLException, InterruptedException {
        if (gathers()) {
            return;
        }
        if (bundle.size() > 0) {
            told = bundled;
            processor.process(new LogicalDecodingMessage(Operation.MESSAGE, POSTGRES_EPOCH.plus(micros - POSTGRES_EPOCH_MICROS, ChronoUnit.MICROS), transaction, true, PREFIX, bundle.take()));
            isNew = true;
        }
        if (end != null) {
            var ended = end;
            end = null;
            told = endLsn;
            debezium.processMessage(ended, processor, types);
        }
    }

    private static ByteBuffer behindRelation(ByteBuffer change) {
        return change.position(change.position() + 1 + Integer.BYTES);
    }

    private Optional<Table> table(int oid) {
        try {
            return Optional.ofNullable(described.apply(oid)).map(rows -> new Table(relations.add(oid, rows), rows, names(oid, rows)));
        } catch (IllegalArgumentException e) {
            throw undecodable(names.get(oid), lsn.asLong(), e);
        }
    }

    private boolean names(int oid, TextRows rows) {
        var description = descriptions.get(oid);
        return description == null || description.names(rows.keyColumns());
    }

    /** Debezium knows a table when it has read how Postgres describes it, and none that it is to leave out. */
    private static TextRows described(int relation, PostgresSchema schema, Set<TableName> left) {
        var table = schema.tableFor(relation);
        var described = table == null ? null : schema.schemaFor(table.id());
        if (described == null || left.contains(name(table.id()))) {
            return null;
        }
        return new TextRows(name(table.id()), table.columns().stream().map(Column::name).toList(), described.keySchema(), described.valueSchema());
    }

    private static TableName name(TableId table) {
        return new TableName(table.schema(), table.table());
    }

    @Override
    public ChainedLogicalStreamBuilder defaultOptions(ChainedLogicalStreamBuilder builder, Function<Integer, Boolean> hasVersion) {
        return debezium.defaultOptions(builder, hasVersion);
    }

    @Override
    public void close() {
        debezium.close();
    }
}
