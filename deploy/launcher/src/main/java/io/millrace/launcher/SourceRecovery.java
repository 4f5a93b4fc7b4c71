package io.millrace.launcher;

import io.millrace.pipeline.wording.Counted;
import java.io.IOException;
import java.io.PrintWriter;
import java.util.Map;

/** The capture that is meant, and what it is asked for. */
final class SourceRecovery extends StageCall {

    private DataFolder data;

    SourceRecovery() {
        super("capture");
    }

    @Override
    DataFolder data() {
        return data;
    }

    /** @param folder where the stack runs whose capture is meant unless an address is given */
    SourceRecovery in(DataFolder folder) {
        data = folder;
        return this;
    }

    /** Has a table read again while the stream goes on. */
    void reread(String source, String table) throws IOException, InterruptedException {
        post("/resnapshots?source=" + encoded(source) + "&table=" + encoded(table), Map.of());
    }

    /** How far the reading of a table is, for people; null once it is not being read. */
    String rereading(String source, String table) throws IOException, InterruptedException {
        for (var one : get("/resnapshots?source=" + encoded(source)).path("resnapshots")) {
            if (one.path("table").asText().equals(table)) {
                return "%s: %s, %,d of about %s%s".formatted(table, one.path("state").asText(), one.path("rows").asLong(), Counted.of(one.path("estimate").asLong(), "row"), one.hasNonNull("failure") ? "; " + one.path("failure").asText() : "");
            }
        }
        return null;
    }

    /** Why what capture has written is not all that the database has, in its own words; null where nothing is known to be missing. */
    String lacks() throws IOException, InterruptedException {
        var health = health();
        return health.path("status").asText().equals("UP") ? null : health.path("checks").findPath("reason").asText("it is not ready, and does not say why");
    }

    /** @param skipLog whether what the log has until now is given up, where the stream stands in it */
    void recover(String source, boolean skipLog, PrintWriter out) throws IOException, InterruptedException {
        var answer = post("/recovery?source=" + encoded(source) + (skipLog ? "&skipLog=true" : ""), Map.of());
        var missing = answer.path("missing").asText();
        if (json()) {
            out.println(answer);
        } else if (missing.isEmpty()) {
            out.println("Nothing is missing of " + source);
        } else {
            out.println("The recovery of " + source + " is asked for; " + data.command("status") + " tells when it is done. It is for this:");
            missing.lines().map(line -> "  " + line).forEach(out::println);
        }
        out.flush();
    }
}
