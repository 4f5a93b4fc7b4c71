package io.millrace.launcher;

import io.millrace.launcher.stack.ReplicaDatabase;
import io.millrace.launcher.stack.Stack;
import io.millrace.launcher.stack.Stage;
import io.millrace.local.LocalServers;
import io.millrace.pipeline.file.Pipeline;
import io.millrace.pipeline.file.PipelineFile;
import io.millrace.pipeline.file.Target;
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
        if (!stack.extras().isEmpty()) {
            output.plain("  %-13s %s".formatted("copy", psql(servers, ReplicaDatabase.NAME)));
        }
        output.plain("  %-13s %s".formatted("token", stack.token()));
        output.plain("\nConsole: %s".formatted(stack.address(Stage.CONSOLE)));
        documents(stack, files, output);
        if (stack.options().source() != null) {
            output.plain("""

                    Change a row, and find it within a second:
                      %s -c "UPDATE monitor SET name = 'zanzibar' WHERE id = 1"
                      %s
                    Traffic: %s""".formatted(psql(servers, stack.options().source().database()), curl(servers, "monitors", "q=name:zanzibar&pretty"), data.command("demo traffic --rate 100")));
        }
        output.plain(next(files, data) + " Stop: Ctrl-C, or " + data.command("down") + "\n");
    }

    /** The same of files that were added to it. */
    static void printAdded(Stack stack, List<PipelineFile> files, DataFolder data, Output output) {
        documents(stack, files, output);
        output.plain(next(files, data) + "\n");
    }

    private static void documents(Stack stack, List<PipelineFile> files, Output output) {
        output.plain("\nDocuments:");
        for (var file : files) {
            output.plain("  " + look(stack.servers(), file.pipeline()));
        }
    }

    private static String next(List<PipelineFile> files, DataFolder data) {
        var held = files.stream().map(PipelineFile::pipeline).filter(pipeline -> pipeline.target() == Target.OPENSEARCH).findFirst().map(pipeline -> " Held against Postgres: " + data.command("verify " + pipeline.name()) + ".").orElse("");
        return "State: %s.%s".formatted(data.command("status"), held);
    }

    /** One document of a pipeline, where they go to. */
    static String look(LocalServers servers, Pipeline pipeline) {
        var name = pipeline.index().name();
        return pipeline.target() == Target.POSTGRES ? psql(servers, Stack.TABLES) + " -c 'SELECT id, version, document FROM documents.\"%s\" LIMIT 1'".formatted(name) : curl(servers, name, "size=1&pretty");
    }

    /** In a secured stack as the one who reads this index; the password goes by a file that curl reads, for a command line is seen by everybody. */
    private static String curl(LocalServers servers, String index, String query) {
        var address = "'%s/%s/_search?%s'".formatted(servers.searchUrl(), index, query);
        return servers.keyring().map(keyring -> "curl --cacert %s -K <(printf 'user = \"%s:%%s\"' \"$(cat %s)\") %s"
                .formatted(keyring.authority(), Stack.reader(index), keyring.passwordFile(Stack.reader(index)), address)).orElse("curl " + address);
    }

    private static String psql(LocalServers servers, String database) {
        return servers.keyring().map(keyring -> "PGPASSWORD=\"$(cat %s)\" psql 'postgresql://%s@localhost:%d/%s?sslmode=verify-full&sslrootcert=%s'"
                .formatted(keyring.passwordFile(servers.postgresUser()), servers.postgresUser(), servers.ports().postgres(), database, keyring.authority()))
                .orElseGet(() -> "psql 'postgresql://%s:%s@localhost:%d/%s'".formatted(servers.postgresUser(), servers.postgresPassword(), servers.ports().postgres(), database));
    }
}
