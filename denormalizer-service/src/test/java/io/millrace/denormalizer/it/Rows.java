package io.millrace.denormalizer.it;

import io.apicurio.registry.client.RegistryClientFactory;
import io.apicurio.registry.client.common.RegistryClientOptions;
import io.apicurio.registry.rest.client.models.CreateArtifact;
import io.apicurio.registry.rest.client.models.CreateVersion;
import io.apicurio.registry.rest.client.models.IfArtifactExists;
import io.apicurio.registry.rest.client.models.VersionContent;
import io.millrace.pipeline.file.TableName;
import io.millrace.pipeline.record.Headers;
import io.millrace.pipeline.record.Op;
import io.millrace.pipeline.record.Partitions;
import io.millrace.pipeline.record.Position;
import io.millrace.pipeline.topic.Topics;
import io.vertx.core.Vertx;
import java.sql.Connection;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.concurrent.atomic.AtomicReference;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.header.internals.RecordHeaders;

/** Writes what happened in the database into {@code rows.*}, as capture and the gate would, in any order across tables. */
final class Rows {

    private final Stack stack;
    /** Why Kafka did not take a row that can be sent again; null where it took them all. */
    private final AtomicReference<Exception> refused = new AtomicReference<>();
    /** The same of one that cannot. */
    private final AtomicReference<Exception> lost = new AtomicReference<>();
    private final Map<String, Integer> valueIds = new HashMap<>();
    private final Map<String, Integer> keyIds = new HashMap<>();
    /** Every record so far by table, in the order of the table. */
    private final Map<String, List<ProducerRecord<byte[], byte[]>>> history = new LinkedHashMap<>();
    private final Map<String, Integer> sent = new HashMap<>();
    private long lastChange;
    private long transaction = 1_000;
    private String lastTransaction = "";

    Rows(Stack stack) throws Exception {
        this.stack = stack;
        var vertx = Vertx.vertx();
        try {
            var client = RegistryClientFactory.create(RegistryClientOptions.create(stack.servers().registryUrl(), vertx));
            for (var entry : Schema.TABLES.entrySet()) {
                var name = entry.getKey();
                var table = entry.getValue();
                valueIds.put(name, register(client, Topics.valueSubject(topic(name)), table.valueSchema().toString()));
                keyIds.put(name, register(client, Topics.keySubject(topic(name)), table.keySchema().toString()));
                history.put(name, new ArrayList<>());
            }
        } finally {
            vertx.close();
        }
    }

    private static int register(io.apicurio.registry.rest.client.RegistryClient client, String subject, String schema) {
        var content = new VersionContent();
        content.setContent(schema);
        content.setContentType("application/json");
        var version = new CreateVersion();
        version.setContent(content);
        var artifact = new CreateArtifact();
        artifact.setArtifactId(subject);
        artifact.setArtifactType("AVRO");
        artifact.setFirstVersion(version);
        return client.groups().byGroupId("default").artifacts().post(artifact, r -> r.queryParameters.ifExists = IfArtifactExists.FIND_OR_CREATE_VERSION)
                .getVersion().getContentId().intValue();
    }

    /** The schema that the registry has under an id. */
    org.apache.avro.Schema schema(int id) {
        for (var entry : Schema.TABLES.entrySet()) {
            if (valueIds.get(entry.getKey()) == id) {
                return entry.getValue().valueSchema();
            }
            if (keyIds.get(entry.getKey()) == id) {
                return entry.getValue().keySchema();
            }
        }
        throw new IllegalArgumentException("No schema has the id " + id);
    }

    static String topic(String table) {
        return Topics.rows("it", table.equals("outboxevent") ? Topics.OUTBOX : new TableName("public", table));
    }

    /** Takes in what was committed since the last time; nothing is sent yet. */
    void capture(Connection db) throws SQLException {
        try (var changes = db.createStatement().executeQuery("SELECT seq, tx, tab, op, "
                + "(SELECT json_object_agg(key, value) FROM jsonb_each_text(old_row)), (SELECT json_object_agg(key, value) FROM jsonb_each_text(new_row)) "
                + "FROM change WHERE seq > " + lastChange + " ORDER BY seq")) {
            while (changes.next()) {
                lastChange = changes.getLong(1);
                if (!changes.getString(2).equals(lastTransaction)) {
                    lastTransaction = changes.getString(2);
                    transaction += 10;
                }
                change(changes.getString(3), changes.getString(4), Json.texts(changes.getString(5)), Json.texts(changes.getString(6)));
            }
        }
    }

    /** A change that no trigger saw. */
    void change(String name, String op, Map<String, String> oldRow, Map<String, String> newRow) {
        var table = Schema.TABLES.get(name);
        var position = new Position(transaction, lastChange);
        if (op.equals("t")) {
            for (int p = 0; p < Stack.PARTITIONS; p++) {
                add(name, p, new byte[0], new byte[0], position, Op.TRUNCATE);
            }
            return;
        }
        var oldKey = oldRow == null ? null : key(name, oldRow);
        var newKey = newRow == null ? null : key(name, newRow);
        boolean moved = oldKey != null && newKey != null && !java.util.Arrays.equals(oldKey, newKey);
        if (newKey == null || moved) {
            add(name, Partitions.of(oldKey, Stack.PARTITIONS), oldKey, null, position, Op.DELETE);
        }
        if (newKey != null) {
            var kind = op.equals("c") || moved ? Op.CREATE : Op.UPDATE;
            add(name, Partitions.of(newKey, Stack.PARTITIONS), newKey, table.encode(table.valueSchema(), valueIds.get(name), newRow), position, kind);
        }
    }

    /** Sends a change at once and keeps nothing of it: for more rows than a test can remember. */
    void pass(String name, String op, Map<String, String> row) {
        var table = Schema.TABLES.get(name);
        var key = key(name, row);
        var kind = op.equals("c") ? Op.CREATE : op.equals("d") ? Op.DELETE : Op.UPDATE;
        write(record(name, Partitions.of(key, Stack.PARTITIONS), key, kind == Op.DELETE ? null : table.encode(table.valueSchema(), valueIds.get(name), row), new Position(transaction, lastChange++), kind), lost);
    }

    long nextTransaction() {
        transaction += 10;
        return transaction;
    }

    private byte[] key(String name, Map<String, String> row) {
        var table = Schema.TABLES.get(name);
        return table.encode(table.keySchema(), keyIds.get(name), row);
    }

    private void add(String table, int partition, byte[] key, byte[] value, Position position, Op op) {
        history.get(table).add(record(table, partition, key, value, position, op));
    }

    private static ProducerRecord<byte[], byte[]> record(String table, int partition, byte[] key, byte[] value, Position position, Op op) {
        var headers = new RecordHeaders();
        headers.add(Headers.POSITION, position.toBytes());
        headers.add(Headers.OP, op.code());
        headers.add(Headers.COMMITTED, Headers.bytes(Headers.nowMicros()));
        return new ProducerRecord<>(topic(table), partition, null, key, value, headers);
    }

    /**
     * Sends what is captured and not sent; each table in its order, the tables mixed at random. Some tables first send
     * again what they sent last, as a stage does that was killed before it committed.
     */
    void send(Random random, boolean withReplays) {
        var tables = new ArrayList<>(history.keySet());
        if (withReplays) {
            for (var table : tables) {
                int done = sent.getOrDefault(table, 0);
                if (done > 0 && random.nextInt(3) == 0) {
                    sent.put(table, done - random.nextInt(Math.min(done, 40)) - 1);
                }
            }
        }
        var before = Map.copyOf(sent);
        push(random, tables);
        if (refused.getAndSet(null) != null) {
            // What Kafka did not acknowledge comes again in its order, as it does from capture and the gate.
            sent.clear();
            sent.putAll(before);
            push(random, new ArrayList<>(history.keySet()));
        }
        if (refused.get() != null) {
            throw new IllegalStateException("Kafka has not taken a row, so that no document can be right any more", refused.get());
        }
    }

    private void push(Random random, List<String> tables) {
        while (!tables.isEmpty()) {
            var table = tables.get(random.nextInt(tables.size()));
            int next = sent.getOrDefault(table, 0);
            if (next == history.get(table).size()) {
                tables.remove(table);
                continue;
            }
            write(history.get(table).get(next), refused);
            sent.put(table, next + 1);
        }
        stack.producer().flush();
        if (lost.get() != null) {
            throw new IllegalStateException("Kafka has not taken a row that is not remembered", lost.get());
        }
    }

    private void write(ProducerRecord<byte[], byte[]> record, AtomicReference<Exception> failure) {
        stack.producer().send(record, (metadata, e) -> {
            if (e != null) {
                failure.compareAndSet(null, e);
            }
        });
    }

    /** The first records of a table's partition, to be sent once more: what changed since is newer. */
    List<ProducerRecord<byte[], byte[]>> first(String table, int partition, int count) {
        return history.get(table).stream().filter(record -> record.partition() == partition).limit(count)
                .map(record -> new ProducerRecord<>(record.topic(), record.partition(), null, record.key(), record.value(), new RecordHeaders(record.headers()))).toList();
    }

    /** Everything from the first record on. */
    void sendAllAgain(Random random) {
        sent.clear();
        send(random, false);
    }
}
