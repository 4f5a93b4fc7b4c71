package io.millrace.capture.bundle;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertThrows;

import io.debezium.connector.postgresql.TypeRegistry;
import io.debezium.connector.postgresql.connection.LogicalDecodingMessage;
import io.debezium.connector.postgresql.connection.Lsn;
import io.debezium.connector.postgresql.connection.MessageDecoder;
import io.debezium.connector.postgresql.connection.ReplicationMessage;
import io.debezium.connector.postgresql.connection.ReplicationStream.ReplicationMessageProcessor;
import io.debezium.connector.postgresql.connection.WalPositionLocator;
import io.millrace.capture.row.Change;
import io.millrace.capture.row.TextRows;
import io.millrace.pipeline.file.TableName;
import io.millrace.pipeline.schema.Column;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.function.Function;
import org.apache.kafka.connect.data.Schema;
import org.apache.kafka.connect.data.SchemaBuilder;
import org.apache.kafka.connect.data.Struct;
import org.apache.kafka.connect.source.SourceRecord;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.Test;
import org.postgresql.replication.fluent.logical.ChainedLogicalStreamBuilder;

/** What Debezium is told, in which order, and where it is told that it stands. */
class BundlingDecoderTest {

    private static final int THINGS = 16_400;
    private static final int LEFT = 16_500;
    /** What was committed of it until 100 may be missing. */
    private static final int LACKING = 16_600;
    private static final int EXCUSED = 16_700;
    private static final TableNumbers NUMBERS = TableNumbers.of(Map.of(new TableName("public", "thing"), new TableNumbers.Known(THINGS, 0, false), new TableName("public", "Odd \"one\""), new TableNumbers.Known(4_000_000_000L, 0, false),
            new TableName("public", "lacking"), new TableNumbers.Known(LACKING, 100, false), new TableName("public", "excused"), new TableNumbers.Known(EXCUSED, 0, true)));
    private static final Column NOTE = new Column("note", "text", false, 0, 0, true);

    /** Each entry with the LSN at which Debezium was told to stand. */
    private TableNumbers numbers = NUMBERS;
    private final List<String> told = new ArrayList<>();
    private final Relations relations = new Relations();
    private final ReplicationMessageProcessor processor = this::process;
    private BundlingDecoder decoder;

    /** The kind of message at which Debezium fails. */
    private char failing;

    private final MessageDecoder debezium = new MessageDecoder() {
        @Override
        public void processMessage(ByteBuffer buffer, ReplicationMessageProcessor into, TypeRegistry types) {
            char kind = (char) buffer.get(buffer.position());
            if (kind == failing) {
                throw new IllegalStateException("no");
            }
            told.add(decoder.told().asLong() + " " + kind + (kind == 'R' ? " " + Description.of(buffer).name() : ""));
        }

        @Override
        public ChainedLogicalStreamBuilder defaultOptions(ChainedLogicalStreamBuilder builder, Function<Integer, Boolean> hasVersion) {
            return builder;
        }

        @Override
        public boolean shouldMessageBeSkipped(ByteBuffer buffer, Lsn received, Lsn start, WalPositionLocator position) {
            return false;
        }

        @Override
        public void close() {
            told.add("closed");
        }
    };

    private void process(ReplicationMessage message) {
        var content = ByteBuffer.wrap(((LogicalDecodingMessage) message).getContent());
        var changes = new ArrayList<String>();
        for (Change change : new Bundle(Map.of(), Map.of(), content, relations)) {
            changes.add(change.commit() + "/" + change.lsn() + "=" + change.after().get("note"));
        }
        told.add(decoder.told().asLong() + " " + changes);
    }

    private BundlingDecoder begun() {
        decoder = new BundlingDecoder(debezium, relation -> relation == LEFT ? null : TextRows.of(new TableName("public", "thing"), List.of(NOTE), List.of(NOTE)), relation -> told.add("forget " + relation), relations, () -> numbers, table -> !table.table().equals("away from here"), null, transaction -> transaction == 7);
        decoder.begin();
        return decoder;
    }

    private void read(long lsn, ByteBuffer message) throws Exception {
        if (message != null) {
            message.flip();
        }
        if (!decoder.shouldMessageBeSkipped(message, Lsn.valueOf(lsn), Lsn.valueOf(1L), null)) {
            decoder.processMessage(message, processor, null);
        }
    }

    private void transaction(long lsn, long end, int relation, String... notes) throws Exception {
        read(lsn, ByteBuffer.allocate(21).put((byte) 'B').putLong(end).putLong(0).putInt(7));
        for (int i = 0; i < notes.length; i++) {
            insert(lsn + i, relation, notes[i]);
        }
        read(end, ByteBuffer.allocate(26).put((byte) 'C').put((byte) 0).putLong(end).putLong(end).putLong(0));
    }

    private void describe(int relation, String name) throws Exception {
        var bytes = ("public\0" + name + "\0").getBytes(StandardCharsets.UTF_8);
        read(0, ByteBuffer.allocate(8 + bytes.length).put((byte) 'R').putInt(relation).put(bytes).put((byte) 'd').putShort((short) 0));
    }

    /** With two columns and an index on one of them as its replica identity. */
    private void describe(int relation, String name, String identity) throws Exception {
        var message = ByteBuffer.allocate(100).put((byte) 'R').putInt(relation).put(("public\0" + name + "\0").getBytes(StandardCharsets.UTF_8)).put((byte) 'i').putShort((short) 2);
        for (var column : List.of("note", "other")) {
            message.put((byte) (column.equals(identity) ? 1 : 0)).put((column + "\0").getBytes(StandardCharsets.UTF_8)).putInt(25).putInt(-1);
        }
        read(0, message);
    }

    private void update(long lsn, int relation, String note) throws Exception {
        var bytes = note.getBytes(StandardCharsets.UTF_8);
        read(lsn, ByteBuffer.allocate(13 + bytes.length).put((byte) 'U').putInt(relation).put((byte) 'N').putShort((short) 1).put((byte) 't').putInt(bytes.length).put(bytes));
    }

    @Test
    void anUpdateUnderAReplicaIdentityWithoutTheKeyEndsTheStreamWhereNoReadingBringsWhatItDid() throws Exception {
        begun();
        begin(20);
        describe(THINGS, "thing", "note");
        update(21, THINGS, "named");
        describe(THINGS, "thing", "other");
        describe(EXCUSED, "excused", "other");
        insert(22, THINGS, "inserted");
        update(23, EXCUSED, "excused");
        decoder.flush(processor);
        told.clear();
        update(24, THINGS, "unnamed");
        update(25, THINGS, "behind it");
        decoder.flush(processor);
        assertEquals(Map.of(new TableName("public", "thing"), "a change of it did not say which row it was of, because its replica identity was an index that lacks columns of the primary key"), lacking());
        assertEquals(List.of(), told, "nothing from it on");
        begun();
        begin(100);
        describe(LACKING, "lacking", "other");
        told.clear();
        update(96, LACKING, "x".repeat(1 << 16));
        assertEquals(List.of("96 U"), told, "the reading brings it");
        begin(101);
        update(97, LACKING, "x".repeat(1 << 16));
        assertEquals(List.of(new TableName("public", "lacking")), List.copyOf(lacking().keySet()));
    }

    private void insert(long lsn, int relation, String note) throws Exception {
        var bytes = note.getBytes(StandardCharsets.UTF_8);
        read(lsn, ByteBuffer.allocate(13 + bytes.length).put((byte) 'I').putInt(relation).put((byte) 'N').putShort((short) 1).put((byte) 't').putInt(bytes.length).put(bytes));
    }

    @Test
    void smallTransactionsShareABundleAndItsLastEndIsToldBehindItAtItsOwnPlace() throws Exception {
        begun();
        assertNull(decoder.told());
        transaction(10, 20, THINGS, "a", "b");
        transaction(30, 40, THINGS, "c");
        read(50, ByteBuffer.allocate(21).put((byte) 'B').putLong(99).putLong(0).putInt(8));
        insert(51, THINGS, "d");
        decoder.flush(processor);
        decoder.flush(processor);
        assertEquals(List.of("10 B", "30 B", "50 B", "51 [0/10=a, 0/11=b, 20/30=c, 40/51=d]", "40 C"), told);
        told.clear();
        insert(52, THINGS, "e");
        read(60, ByteBuffer.allocate(26).put((byte) 'C').put((byte) 0).putLong(60).putLong(60).putLong(0));
        decoder.flush(processor);
        assertEquals(List.of("52 [40/52=e]", "60 C"), told);
    }

    @Test
    void whatDebeziumSeesItselfStandsWhereItStoodInTheLog() throws Exception {
        begun();
        transaction(10, 20, THINGS, "a");
        transaction(30, 40, LEFT, "heartbeat");
        read(50, ByteBuffer.allocate(21).put((byte) 'B').putLong(99).putLong(0).putInt(8));
        insert(51, THINGS, "b");
        read(52, ByteBuffer.allocate(13).put((byte) 'T').putInt(1).put((byte) 0).putInt(THINGS));
        insert(53, THINGS, "c".repeat(1 << 16));
        read(60, ByteBuffer.allocate(26).put((byte) 'C').put((byte) 0).putLong(60).putLong(60).putLong(0));
        assertEquals(List.of("10 B", "30 B", "10 [0/10=a]", "20 C", "30 I", "40 C", "50 B", "51 [40/51=b]", "52 T", "53 I", "60 C"), told);
    }

    @Test
    void whatAnApplicationSaysIsPassedOverAndATableDescribedAnewIsAskedForAgain() throws Exception {
        begun();
        transaction(10, 20, THINGS, "a");
        read(25, ByteBuffer.allocate(2).put((byte) 'M').put((byte) 0));
        describe(THINGS, "thing");
        transaction(30, 40, THINGS, "b");
        decoder.flush(processor);
        assertEquals(List.of("10 B", "forget 16400", "10 [0/10=a]", "20 C", "0 R public.thing", "30 B", "30 [20/30=b]", "40 C"), told);
    }

    private void begin(long commit) throws Exception {
        read(commit - 5, ByteBuffer.allocate(21).put((byte) 'B').putLong(commit).putLong(0).putInt(7));
    }

    /** Transactions follow until the stream ends. */
    private Map<TableName, String> lacking() {
        return Awaitility.await().until(() -> {
            try {
                transaction(500, 510, THINGS, "later");
                return null;
            } catch (LackingException e) {
                assertSame(e, LackingException.in(new IllegalStateException(new IllegalStateException(e))));
                return e.tables();
            }
        }, Objects::nonNull);
    }

    @Test
    void theStreamEndsOnceForAllNamesThatWereLentAndNothingBehindThemIsTold() throws Exception {
        begun();
        begin(20);
        describe((int) 4_000_000_000L, "Odd \"one\"");
        describe(LEFT, "stranger");
        told.clear();
        describe(THINGS, "outdated");
        insert(21, THINGS, "lent");
        begin(120);
        describe(LEFT, "lacking");
        read(0, null);
        decoder.flush(processor);
        assertEquals(Map.of(new TableName("public", "thing"), "it was changed while its name was public.outdated", new TableName("public", "lacking"), "another table had its name and was changed"), lacking());
        assertEquals(List.of(), told);
        begun();
        begin(20);
        told.clear();
        describe(THINGS, "Odd \"one\"");
        describe((int) 4_000_000_000L, "thing");
        assertEquals(Map.of(new TableName("public", "thing"), "it was changed while its name was " + new TableName("public", "Odd \"one\""), new TableName("public", "Odd \"one\""), "another table had its name and was changed"), lacking(), "what was found first");
        assertEquals(List.of(), told);
    }

    @Test
    void aTableThatIsReadAgainIsToldUnderItsOwnNameAndAnotherOneUnderItsNameForAsLongAsThatDoesNotMatter() throws Exception {
        begun();
        begin(100);
        told.clear();
        describe(LACKING, "away");
        describe(LEFT, "lacking");
        assertEquals(List.of("forget 16600", "0 R public.lacking", "forget 16500", "0 R public.lacking"), told);
        told.clear();
        begin(101);
        assertEquals(List.of("forget 16500", "96 B"), told);
        describe(LACKING, "away");
        assertEquals(Map.of(new TableName("public", "lacking"), "it was changed while its name was public.away"), lacking());
    }

    @Test
    void whatDebeziumFailsAtIsToldWithItsTableAndPlaceWhereItIsOfOne() throws Exception {
        begun();
        begin(20);
        describe(THINGS, "thing");
        describe(LEFT, "stranger");
        failing = 'I';
        var change = assertThrows(UndecodableException.class, () -> insert(21, LEFT, "a"));
        assertEquals(new TableName("public", "stranger"), change.table());
        assertEquals(21, change.lsn());
        failing = 'T';
        assertEquals(new TableName("public", "thing"), assertThrows(UndecodableException.class, () -> read(22, ByteBuffer.allocate(10).put((byte) 'T').putInt(1).put((byte) 0).putInt(THINGS))).table());
        assertThrows(IllegalStateException.class, () -> read(22, ByteBuffer.allocate(14).put((byte) 'T').putInt(2).put((byte) 0).putInt(THINGS).putInt(LEFT)), "which of two it is nobody knows");
        failing = 'R';
        var description = assertThrows(UndecodableException.class, () -> describe(LEFT, "stranger"));
        assertSame(description, UndecodableException.in(new IllegalStateException(description)));
        assertEquals(20, description.lsn(), "where its transaction is committed");
    }

    @Test
    void ofTablesThatAreNotCapturedDebeziumIsToldNothing() throws Exception {
        begun();
        begin(20);
        told.clear();
        failing = 'R';
        describe(LEFT, "away from here");
        assertEquals(List.of("forget 16500"), told);
    }

    @Test
    void aTableUnderTheNameOfOneThatIsKnownNoMoreIsLeftOut() throws Exception {
        begun();
        begin(100);
        describe(LEFT, "lacking");
        numbers = TableNumbers.of(Map.of());
        told.clear();
        begin(101);
        assertEquals(List.of("forget 16500", "96 B"), told);
    }

    @Test
    void aDescriptionUnderAnotherNameKeepsWhatIsBehindTheName() {
        var message = ByteBuffer.wrap("xR____public\0away\0dcolumns".getBytes(StandardCharsets.UTF_8)).position(1);
        var other = Description.of(message).as(new TableName("shöp", "thing"));
        assertEquals("R____shöp\0thing\0dcolumns", StandardCharsets.UTF_8.decode(other).toString());
        assertEquals(1, message.position());
    }

    @Test
    void aRecordOfATableThatHasTheNameOfDebeziumsTopicOfMessagesIsNoBundle() {
        var keys = SchemaBuilder.struct().field("prefix", Schema.STRING_SCHEMA).build();
        var record = new SourceRecord(Map.of(), Map.of(), "millrace.public.message", keys, new Struct(keys).put("prefix", "a"), keys, new Struct(keys).put("prefix", "a"));
        assertSame(record, BundlingDecoder.opened(record, BundlingDecoder.topic("millrace"), relations));
    }

    @Test
    void aFullBundleGoesAndAnotherStreamBeginsWithNothing() throws Exception {
        begun();
        read(10, ByteBuffer.allocate(21).put((byte) 'B').putLong(99).putLong(0).putInt(7));
        for (int i = 0; i < 3; i++) {
            insert(11 + i, THINGS, "x".repeat(15_000));
        }
        assertEquals(2, told.size(), "what goes over 32 KB goes");
        insert(20, THINGS, "lost with its stream");
        decoder.begin();
        decoder.flush(processor);
        assertEquals(2, told.size());
    }
}
