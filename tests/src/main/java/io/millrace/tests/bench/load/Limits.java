package io.millrace.tests.bench.load;

import io.millrace.pipeline.comparison.CanonicalJson;
import io.millrace.pipeline.file.PipelineFile;
import io.millrace.pipeline.file.TableName;
import io.millrace.tests.oracle.IndexReader;
import io.millrace.tests.oracle.SqlOracle;
import io.millrace.tests.stack.DemoStack;
import java.io.IOException;
import java.io.OutputStream;
import java.io.PrintWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.SQLException;
import java.util.LinkedHashSet;
import java.util.List;
import org.postgresql.PGConnection;

/** What the same rows and documents take where nothing stands between: the least that a first load could take on this machine. */
public final class Limits {

    private static final int BATCH = 1_000;

    /**
     * @param rows of all tables of the pipelines
     * @param documents of all pipelines
     * @param copy seconds in which one connection reads all rows by COPY, one table after the other
     * @param join seconds in which one connection reads all documents, as the SQL join makes them, by COPY
     * @param bulk seconds in which the search engine takes the same documents by {@code _bulk} into indexes of the same mapping and settings; it is warm, for it has just taken the load
     */
    public record Result(long rows, long documents, double copy, double join, double bulk) {

        /** Documents a second. */
        public double bulkRate() {
            return documents / bulk;
        }
    }

    private Limits() {}

    /** No service may work meanwhile. @param files the pipelines, each with an oracle */
    public static Result of(DemoStack stack, List<PipelineFile> files) throws SQLException, IOException {
        long rows = 0;
        try (var connection = stack.connect()) {
            var tables = new LinkedHashSet<TableName>();
            files.forEach(file -> tables.addAll(file.pipeline().tableNames()));
            var copy = connection.unwrap(PGConnection.class).getCopyAPI();
            long begin = System.nanoTime();
            for (var table : tables) {
                rows += copy.copyOut("COPY " + table + " TO STDOUT (FORMAT binary)", OutputStream.nullOutputStream());
            }
            long copied = System.nanoTime();
            for (var file : files) {
                copy.copyOut("COPY (" + SqlOracle.of(file.pipeline().name()).sql() + ") TO STDOUT", OutputStream.nullOutputStream());
            }
            long joined = System.nanoTime();
            var bulk = Bulk.NONE;
            for (var file : files) {
                bulk = bulk.plus(bulk(stack.index(), file.pipeline().index().name(), stack.stack().options().data()));
            }
            return new Result(rows, bulk.documents, (copied - begin) / 1e9, (joined - copied) / 1e9, bulk.nanos / 1e9);
        }
    }

    private record Bulk(long documents, long nanos) {

        private static final Bulk NONE = new Bulk(0, 0);

        private Bulk plus(Bulk other) {
            return new Bulk(documents + other.documents, nanos + other.nanos);
        }
    }

    /** The documents go by way of a file, since a million of them would take gigabytes of memory from the search engine. */
    private static Bulk bulk(IndexReader index, String alias, Path folder) throws IOException {
        var file = Files.createTempFile(folder, alias, ".bulk");
        var name = alias + "_bulk";
        try {
            write(index, alias, file);
            index.ask("PUT", "/" + name, definition(index, alias));
            var sent = send(index, name, file);
            index.ask("DELETE", "/" + name, null);
            return sent;
        } finally {
            Files.delete(file);
        }
    }

    private static void write(IndexReader index, String alias, Path file) throws IOException {
        try (var lines = new PrintWriter(Files.newBufferedWriter(file))) {
            index.each(alias, (id, document) -> lines.append("{\"index\":{\"_id\":\"").append(id).append("\",\"version\":1,\"version_type\":\"external_gte\"}}\n").append(document).append('\n'));
            if (lines.checkError()) {
                throw new IOException("Writing the documents of " + alias + " to " + file + " failed; is the disk full?");
            }
        }
    }

    private static Bulk send(IndexReader index, String name, Path file) throws IOException {
        long documents = 0;
        long nanos = 0;
        try (var lines = Files.newBufferedReader(file)) {
            var body = new StringBuilder();
            for (var action = lines.readLine(); action != null || !body.isEmpty(); action = lines.readLine()) {
                if (action != null) {
                    body.append(action).append('\n').append(lines.readLine()).append('\n');
                    documents++;
                }
                if (action == null || documents % BATCH == 0) {
                    nanos += timed(() -> index.ask("POST", "/" + name + "/_bulk", body.toString()));
                    body.setLength(0);
                }
            }
        }
        return new Bulk(documents, nanos + timed(() -> index.ask("POST", "/" + name + "/_refresh", null)));
    }

    private static long timed(Runnable work) {
        long begin = System.nanoTime();
        work.run();
        return System.nanoTime() - begin;
    }

    private static String definition(IndexReader index, String alias) {
        var mappings = CanonicalJson.write(index.ask("GET", "/" + alias + "/_mapping", null));
        var inner = mappings.substring(mappings.indexOf("\"mappings\""), mappings.length() - 2);
        return "{\"settings\":{\"number_of_shards\":1,\"number_of_replicas\":0,\"refresh_interval\":\"250ms\"}," + inner + "}";
    }
}
