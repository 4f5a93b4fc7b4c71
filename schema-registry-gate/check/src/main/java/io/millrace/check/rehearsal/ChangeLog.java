package io.millrace.check.rehearsal;

import io.millrace.pipeline.file.TableName;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.sql.Connection;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * Reads the log of a database through a slot of its own, as capture does: by {@code pgoutput}, through the source's publication.
 * Used by one thread; the slot ends with the session at the latest.
 *
 * <p>Source: "Logical Replication Message Formats" in PostgreSQL's manual, version 1 of the protocol.
 */
final class ChangeLog implements AutoCloseable {

    /** What the messages that this check writes into the log begin with. */
    static final String PREFIX = "millrace_check";

    private static final int KNOWS_SNAPSHOTS = 16;

    private record Relation(List<String> columns, List<Boolean> keys) {}

    private final Connection connection;
    private final String slot;
    private final String publication;
    private final Map<Long, Relation> relations = new HashMap<>();
    private ByteBuffer message;

    private ChangeLog(Connection connection, String slot, String publication) {
        this.connection = connection;
        this.slot = slot;
        this.publication = publication;
    }

    /** Begins at this moment. */
    static ChangeLog open(Connection connection, String slot, String publication) throws SQLException {
        try (var statement = connection.prepareStatement("SELECT pg_create_logical_replication_slot(?, 'pgoutput', true)")) {
            statement.setString(1, slot);
            statement.execute();
        }
        return new ChangeLog(connection, slot, publication);
    }

    /** What came since the last call. */
    List<Change> read() throws SQLException {
        try (var statement = connection.createStatement()) {
            // A commit that is waited for flushes what others have not waited for.
            statement.execute("SELECT pg_logical_emit_message(true, 'flush', '')");
            if (connection.getMetaData().getDatabaseMajorVersion() >= KNOWS_SNAPSHOTS) {
                // With it the slot need not read all of the log again the next time.
                statement.execute("SELECT pg_log_standby_snapshot()");
            }
        }
        var changes = new ArrayList<Change>();
        try (var statement = connection.prepareStatement("SELECT data FROM pg_logical_slot_get_binary_changes(?, NULL, NULL, 'proto_version', '1', 'publication_names', ?, 'messages', 'true')")) {
            statement.setString(1, slot);
            statement.setString(2, TableName.quote(publication));
            try (var rows = statement.executeQuery()) {
                while (rows.next()) {
                    message = ByteBuffer.wrap(rows.getBytes(1));
                    message(changes);
                }
            }
        }
        return changes;
    }

    private void message(List<Change> changes) {
        switch (message.get()) {
            case 'R' -> relation();
            case 'I' -> {
                long table = oid();
                message.get();
                changes.add(new Change.Row(table, values(relations.get(table), false)));
            }
            case 'U' -> changes.add(update());
            case 'D' -> {
                long table = oid();
                boolean key = message.get() == 'K';
                changes.add(new Change.Delete(table, values(relations.get(table), key)));
            }
            case 'T' -> {
                int count = message.getInt();
                message.get();
                for (int i = 0; i < count; i++) {
                    changes.add(new Change.Truncate(oid()));
                }
            }
            case 'M' -> mark(changes);
            default -> { }
        }
    }

    private void relation() {
        long oid = oid();
        string();
        string();
        message.get();
        var columns = new ArrayList<String>();
        var keys = new ArrayList<Boolean>();
        int count = message.getShort();
        for (int i = 0; i < count; i++) {
            keys.add(message.get() == 1);
            columns.add(string());
            message.getInt();
            message.getInt();
        }
        relations.put(oid, new Relation(columns, keys));
    }

    private Change update() {
        long table = oid();
        byte kind = message.get();
        Map<String, String> old = null;
        if (kind != 'N') {
            old = values(relations.get(table), kind == 'K');
            message.get();
        }
        return new Change.Update(table, old, values(relations.get(table), false));
    }

    private Map<String, String> values(Relation relation, boolean onlyKey) {
        var values = new LinkedHashMap<String, String>();
        int count = message.getShort();
        for (int i = 0; i < count; i++) {
            byte kind = message.get();
            var value = kind == 't' ? text(message.getInt()) : null;
            if (kind != 'u' && !(onlyKey && !relation.keys().get(i))) {
                values.put(relation.columns().get(i), value);
            }
        }
        return values;
    }

    private void mark(List<Change> changes) {
        message.get();
        message.getLong();
        if (string().equals(PREFIX)) {
            changes.add(new Change.Mark(Integer.parseInt(text(message.getInt()))));
        }
    }

    @Override
    public void close() throws SQLException {
        try (var statement = connection.prepareStatement("SELECT pg_drop_replication_slot(?)")) {
            statement.setString(1, slot);
            statement.execute();
        }
    }

    private long oid() {
        return Integer.toUnsignedLong(message.getInt());
    }

    private String string() {
        int begin = message.position();
        while (message.get() != 0) {
            // To the terminating zero.
        }
        return new String(message.array(), begin, message.position() - 1 - begin, StandardCharsets.UTF_8);
    }

    private String text(int length) {
        var text = new String(message.array(), message.position(), length, StandardCharsets.UTF_8);
        message.position(message.position() + length);
        return text;
    }
}
