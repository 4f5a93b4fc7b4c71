package io.millrace.check.scratch;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.millrace.check.script.Statement;
import io.millrace.pipeline.file.TableName;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.List;
import java.util.regex.Pattern;

/**
 * Asks Postgres's planner which rows a statement would write, before it runs: few that it names by a unique key, or any
 * number of them.
 */
public final class WritePlan {

    private static final Pattern WRITES = Pattern.compile("(?is)(INSERT|UPDATE|DELETE|MERGE|WITH)\\b.*");
    /** An insert of the rows that it spells out; how many these are is known once it has run. */
    private static final Pattern SPELLED_OUT = Pattern.compile("(?is)INSERT\\b(?!.*\\b(SELECT|TABLE|WITH|CONFLICT)\\b).*");
    private static final ObjectMapper JSON = new ObjectMapper();

    /**
     * @param operation Insert, Update, Delete or Merge
     * @param table what is written
     * @param bounded whether the statement itself bounds the rows, whatever the table holds
     * @param rows how many, where they are bounded
     */
    public record Write(String operation, TableName table, boolean bounded, long rows) {}

    private final ScratchDatabase database;
    private final List<Write> writes = new ArrayList<>();

    private WritePlan(ScratchDatabase database) {
        this.database = database;
    }

    public static boolean isFor(Statement statement) {
        return WRITES.matcher(statement.text()).matches() && !SPELLED_OUT.matcher(statement.text()).matches();
    }

    /** What the statement would write; nothing where it does not write or cannot be planned. */
    public static List<Write> of(ScratchDatabase database, Statement statement) throws SQLException {
        boolean guarded = database.isInTransaction();
        if (guarded) {
            database.execute("SAVEPOINT millrace_plan");
        }
        try {
            database.execute("SET enable_seqscan = off");
            var plan = database.plain("EXPLAIN (FORMAT JSON, VERBOSE) " + statement.text());
            var reader = new WritePlan(database);
            reader.find(JSON.readTree(plan).get(0).get("Plan"));
            database.execute("SET enable_seqscan = on");
            return reader.writes;
        } catch (SQLException e) {
            // The statement itself fails in the same way, and says where.
            return List.of();
        } catch (JsonProcessingException e) {
            throw new IllegalStateException("Postgres's plan cannot be read: " + e.getMessage(), e);
        } finally {
            if (guarded) {
                database.execute("ROLLBACK TO SAVEPOINT millrace_plan");
                database.execute("RELEASE SAVEPOINT millrace_plan");
            } else {
                database.execute("SET enable_seqscan = on");
            }
        }
    }

    private void find(JsonNode node) throws SQLException {
        if (node.path("Node Type").asText().equals("ModifyTable")) {
            var table = new TableName(node.path("Schema").asText("public"), node.path("Relation Name").asText());
            boolean bounded = true;
            for (var child : node.path("Plans")) {
                bounded &= !"InitPlan".equals(child.path("Parent Relationship").asText()) ? isBounded(child) : true;
            }
            writes.add(new Write(node.path("Operation").asText(), table, bounded, node.path("Plans").path(0).path("Plan Rows").asLong()));
        }
        for (var child : node.path("Plans")) {
            find(child);
        }
    }

    /** Whether no table is read but by a whole unique key, or up to a limit. */
    private boolean isBounded(JsonNode node) throws SQLException {
        var type = node.path("Node Type").asText();
        if (type.equals("Limit") || type.equals("Result") && node.has("One-Time Filter") && node.path("One-Time Filter").asText().equals("false")) {
            return true;
        }
        if (node.has("Relation Name") && !type.equals("ModifyTable")) {
            return type.equals("Tid Scan") || isByKey(node) || type.equals("Bitmap Heap Scan") && node.path("Plans").size() == 1 && isByKey(node.path("Plans").path(0));
        }
        for (var child : node.path("Plans")) {
            if (!isBounded(child)) {
                return false;
            }
        }
        return true;
    }

    /** A condition on another table's columns is as bounded as that table's own scan, which is looked at beside. */
    private boolean isByKey(JsonNode scan) throws SQLException {
        var condition = scan.path("Index Cond").asText();
        if (condition.isEmpty() || !scan.has("Index Name")) {
            return false;
        }
        var columns = database.text("""
                SELECT string_agg(quote_ident(a.attname), chr(31)) FROM pg_index i JOIN pg_class c ON c.oid = i.indexrelid
                CROSS JOIN LATERAL unnest((i.indkey::int2[])[0:i.indnkeyatts - 1]) k JOIN pg_attribute a ON a.attrelid = i.indrelid AND a.attnum = k
                WHERE c.relname = ? AND i.indisunique AND i.indpred IS NULL""", scan.path("Index Name").asText());
        if (columns == null) {
            return false;
        }
        for (var column : columns.split("\u001f")) {
            if (!Pattern.compile("(^|[ (.])" + Pattern.quote(column) + "\\)?(::\\w+)? = ").matcher(condition).find()) {
                return false;
            }
        }
        return true;
    }
}
