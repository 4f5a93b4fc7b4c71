package io.millrace.launcher;

import io.millrace.launcher.stack.Stack;
import io.millrace.launcher.stack.Stage;
import io.millrace.pipeline.file.PipelineFile;
import java.util.List;

/** What to do with a stack that runs. */
final class Summary {

    private Summary() {}

    static void print(Stack stack, List<PipelineFile> files, DataFolder data, Output output) {
        var servers = stack.servers();
        output.plain("");
        servers.servers().forEach(s -> output.plain("  %-13s %s".formatted(s.name(), servers.addresses().get(s.name()))));
        for (var stage : Stage.values()) {
            output.plain("  %-13s %s/q/health/ready".formatted(stage.stageName(), stack.address(stage)));
        }
        output.plain("  %-13s %s".formatted("token", stack.token()));
        output.plain("\nConsole: %s".formatted(stack.address(Stage.CONSOLE)));
        output.plain("\nSearch:");
        for (var file : files) {
            output.plain("  curl '%s/%s/_search?size=1&pretty'".formatted(servers.searchUrl(), file.pipeline().index().name()));
        }
        if (stack.options().source() != null) {
            output.plain("""

                    Change a row, and find it within a second:
                      psql 'postgresql://%s:%s@localhost:%d/%s' -c "UPDATE monitor SET name = 'zanzibar' WHERE id = 1"
                      curl '%s/monitors/_search?q=name:zanzibar&pretty'
                    Traffic: %s""".formatted(servers.postgresUser(), servers.postgresPassword(), servers.ports().postgres(),
                    stack.options().source().database(), servers.searchUrl(), data.command("demo traffic --rate 100")));
        }
        output.plain("State: %s. Stop: Ctrl-C, or %s\n".formatted(data.command("status"), data.command("down")));
    }
}
