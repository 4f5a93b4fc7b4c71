package io.millrace.tests.bench.load;

import io.millrace.pipeline.comparison.CanonicalJson;
import io.millrace.pipeline.file.Pipeline;
import io.millrace.tests.oracle.IndexReader;
import io.millrace.tests.oracle.SqlOracle;
import io.millrace.tests.stack.DemoStack;
import java.io.IOException;
import java.io.OutputStream;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.postgresql.PGConnection;

/** What the same rows and documents take where nothing stands between: the least that a first load could take on this machine. */
final class Limits {

    private static final int BATCH = 1_000;

    /**
     * @param rows of all tables of the pipeline
     * @param copy seconds in which one connection reads them all by COPY, one table after the other
     * @param join seconds in which one connection reads all documents, as the SQL join makes them, by COPY
     * @param bulk seconds in which the search engine takes the same documents by {@code _bulk} into an index of the same mapping and settings; it is warm, for it has just taken the load
     */
    record Result(long rows, double copy, double join, double bulk) {}

    private Limits() {}

    static Result of(DemoStack stack, Pipeline pipeline) throws SQLException, IOException {
        long rows = 0;
        try (var connection = stack.connect()) {
            var copy = connection.unwrap(PGConnection.class).getCopyAPI();
            long begin = System.nanoTime();
            for (var table : pipeline.tableNames()) {
                rows += copy.copyOut("COPY " + table + " TO STDOUT (FORMAT binary)", OutputStream.nullOutputStream());
            }
            long copied = System.nanoTime();
            copy.copyOut("COPY (" + SqlOracle.of(pipeline.name()).sql() + ") TO STDOUT", OutputStream.nullOutputStream());
            long joined = System.nanoTime();
            return new Result(rows, (copied - begin) / 1e9, (joined - copied) / 1e9, bulk(stack.index(), pipeline.index().name()));
        }
    }

    private static double bulk(IndexReader index, String alias) {
        var bodies = bodies(index.read(alias));
        var name = alias + "_bulk";
        index.ask("PUT", "/" + name, definition(index, alias));
        long begin = System.nanoTime();
        bodies.forEach(body -> index.ask("POST", "/" + name + "/_bulk", body));
        index.ask("POST", "/" + name + "/_refresh", null);
        double seconds = (System.nanoTime() - begin) / 1e9;
        index.ask("DELETE", "/" + name, null);
        return seconds;
    }

    private static List<String> bodies(Map<String, String> documents) {
        var bodies = new ArrayList<String>();
        var body = new StringBuilder();
        int count = 0;
        for (var document : documents.entrySet()) {
            body.append("{\"index\":{\"_id\":\"").append(document.getKey()).append("\",\"version\":1,\"version_type\":\"external_gte\"}}\n").append(document.getValue()).append('\n');
            if (++count % BATCH == 0 || count == documents.size()) {
                bodies.add(body.toString());
                body.setLength(0);
            }
        }
        return bodies;
    }

    private static String definition(IndexReader index, String alias) {
        var mappings = CanonicalJson.write(index.ask("GET", "/" + alias + "/_mapping", null));
        var inner = mappings.substring(mappings.indexOf("\"mappings\""), mappings.length() - 2);
        return "{\"settings\":{\"number_of_shards\":1,\"number_of_replicas\":0,\"refresh_interval\":\"250ms\"}," + inner + "}";
    }
}
