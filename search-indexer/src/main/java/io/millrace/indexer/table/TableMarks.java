package io.millrace.indexer.table;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.millrace.indexer.IndexerConfig;
import io.millrace.indexer.generation.Generation;
import io.millrace.indexer.generation.SearchAwayException;
import io.millrace.indexer.mark.Mark;
import io.millrace.indexer.mark.Marks;
import jakarta.inject.Singleton;
import java.sql.Connection;
import java.sql.SQLException;
import java.util.Collection;
import java.util.HashMap;
import java.util.Map;
import java.util.stream.Collectors;
import org.apache.kafka.common.TopicPartition;

/** The marks of the tables, in a table beside them, so that a copy of the schema that is brought back brings them along. Thread-safe. */
@Singleton
public final class TableMarks implements Marks {

    private final Tables tables;
    private final TableStore store;
    private final ObjectMapper json;
    private final String group;

    TableMarks(Tables tables, TableStore store, ObjectMapper json, IndexerConfig config) {
        this.tables = tables;
        this.store = store;
        this.json = json;
        this.group = config.group();
    }

    private String id(TopicPartition partition, String index) {
        return group + "/" + partition + "/" + index;
    }

    @Override
    public Map<TopicPartition, Mark> read(Map<TopicPartition, String> asked) {
        var partitions = asked.entrySet().stream().collect(Collectors.toMap(e -> id(e.getKey(), e.getValue()), Map.Entry::getKey));
        try {
            return tables.look(connection -> read(connection, partitions));
        } catch (SQLException e) {
            if (Tables.UNDEFINED_TABLE.equals(e.getSQLState())) {
                return Map.of();
            }
            throw tables.away("Reading the marks", e);
        }
    }

    private Map<TopicPartition, Mark> read(Connection connection, Map<String, TopicPartition> partitions) throws SQLException {
        try (var statement = tables.prepare(connection, "SELECT id, mark::text FROM " + tables.marks() + " WHERE id = ANY (?)")) {
            statement.setArray(1, connection.createArrayOf("text", partitions.keySet().toArray()));
            var rows = statement.executeQuery();
            var marks = new HashMap<TopicPartition, Mark>();
            while (rows.next()) {
                marks.put(partitions.get(rows.getString(1)), json.readValue(rows.getString(2), Mark.class));
            }
            return marks;
        } catch (JsonProcessingException e) {
            throw new SQLException("a mark in " + tables.marks() + " is none (" + e.getOriginalMessage() + "); delete it, and the table is written again", e);
        }
    }

    @Override
    public void write(Generation generation, Map<TopicPartition, Mark> marks) {
        try {
            tables.look(connection -> {
                // Whoever opened the table before does not know what it has now, and says so no more, not when he gives his partitions up either.
                var leap = store.leap(connection, generation);
                if (leap != null) {
                    throw new SearchAwayException("The marks of the table " + generation.index() + " are not written: " + leap);
                }
                write(connection, marks);
                return null;
            });
        } catch (SQLException e) {
            throw tables.away("Writing the marks", e);
        }
    }

    @Override
    public void forget(Collection<TopicPartition> partitions, String index) {
        try {
            tables.look(connection -> {
                try (var statement = tables.prepare(connection, "DELETE FROM " + tables.marks() + " WHERE id = ANY (?)")) {
                    statement.setArray(1, connection.createArrayOf("text", partitions.stream().map(partition -> id(partition, index)).toArray()));
                    return statement.executeUpdate();
                }
            });
        } catch (SQLException e) {
            throw tables.away("Deleting marks", e);
        }
    }

    private void write(Connection connection, Map<TopicPartition, Mark> marks) throws SQLException {
        try (var statement = tables.prepare(connection, "INSERT INTO " + tables.marks() + " (id, mark) VALUES (?, ?::jsonb) ON CONFLICT (id) DO UPDATE SET mark = excluded.mark")) {
            for (var mark : marks.entrySet()) {
                statement.setString(1, id(mark.getKey(), mark.getValue().index()));
                statement.setString(2, json.writeValueAsString(mark.getValue()));
                statement.addBatch();
            }
            statement.executeBatch();
        } catch (JsonProcessingException e) {
            throw new IllegalStateException("A mark is numbers and texts, which are JSON", e);
        }
    }
}
