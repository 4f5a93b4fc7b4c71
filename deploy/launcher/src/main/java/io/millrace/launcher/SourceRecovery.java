package io.millrace.launcher;

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
    void recover(DataFolder folder, String source, PrintWriter out) throws IOException, InterruptedException {
        data = folder;
        var answer = post("/recovery?source=" + encoded(source), Map.of());
        var missing = answer.path("missing").asText();
        if (json()) {
            out.println(answer);
        } else if (missing.isEmpty()) {
            out.println("Nothing is missing of " + source);
        } else {
            out.println("The recovery of " + source + " is asked for; ./millrace status tells when it is done. It is for this:");
            missing.lines().map(line -> "  " + line).forEach(out::println);
        }
        out.flush();
    }
}
