package io.millrace.launcher.stack;

import io.millrace.local.LocalException;
import io.millrace.pipeline.file.PipelineFile;
import io.millrace.pipeline.file.TableName;
import io.millrace.pipeline.topic.Topics;
import java.io.IOException;
import java.nio.file.Files;
import java.sql.DriverManager;
import java.sql.SQLException;
import java.util.List;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.TreeSet;

/** The database of the local PostgreSQL that a Kafka Connect worker keeps equal to the tables. The connector makes their copies. */
public final class ReplicaDatabase {

    public static final String NAME = "replica";

    private ReplicaDatabase() {}

    /**
     * Makes the database, the schemas, and in each what carries out a TRUNCATE, where they are not there.
     *
     * @throws LocalException when two sources have a schema of one name, whose tables would be taken for each other's
     */
    public static void prepare(Stack stack, List<PipelineFile> files) {
        var servers = stack.servers();
        try {
            DemoDatabase.create(servers, NAME);
            try (var connection = DriverManager.getConnection(servers.jdbcUrl(NAME), servers.postgresUser(), servers.postgresPassword()); var statement = connection.createStatement()) {
                for (var schema : topics(files).keySet()) {
                    var quoted = statement.enquoteIdentifier(schema, true);
                    statement.execute("CREATE SCHEMA IF NOT EXISTS " + quoted);
                    statement.execute("SET search_path = " + quoted);
                    statement.execute(Files.readString(stack.options().home().resolve("deploy").resolve("connect").resolve("truncates.sql")));
                }
            }
        } catch (SQLException | IOException e) {
            throw new LocalException("Making the database " + servers.jdbcUrl(NAME) + " for the copy failed: " + e.getMessage(), e);
        }
    }

    /** The topics of the tables of some pipelines, by the schema to which their rows go: that of the source. */
    static SortedMap<String, List<String>> topics(List<PipelineFile> files) {
        var owners = new TreeMap<TableName, String>();
        var topics = new TreeMap<String, TreeSet<String>>();
        for (var file : files) {
            var source = file.pipeline().source().name();
            for (var table : file.pipeline().tableNames()) {
                var other = owners.putIfAbsent(table, source);
                if (other != null && !other.equals(source)) {
                    throw new LocalException("The sources " + other + " and " + source + " both have a table " + table + ", and the copy has place for one; start --with connect with the files of one source");
                }
                topics.computeIfAbsent(table.schema(), schema -> new TreeSet<>()).add(Topics.rows(source, table));
            }
        }
        var lists = new TreeMap<String, List<String>>();
        topics.forEach((schema, names) -> lists.put(schema, List.copyOf(names)));
        return lists;
    }
}
