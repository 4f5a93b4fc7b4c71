package io.millrace.launcher;

import io.millrace.launcher.stack.DemoDatabase;
import io.millrace.launcher.stack.FirstDocuments;
import io.millrace.launcher.stack.Provisioning;
import io.millrace.launcher.stack.ReplicaDatabase;
import io.millrace.launcher.stack.Stack;
import io.millrace.launcher.stack.StackFile;
import io.millrace.launcher.stack.Stage;
import io.millrace.launcher.stack.StackOptions;
import io.millrace.launcher.stack.StackOptions.DemoSource;
import io.millrace.launcher.stack.Supervisor;
import io.millrace.local.Keyring;
import io.millrace.local.LocalException;
import io.millrace.local.LocalServers;
import io.millrace.pipeline.file.PipelineFile;
import io.millrace.pipeline.file.PipelineFiles;
import io.millrace.pipeline.file.Target;
import io.millrace.pipeline.form.References;
import io.millrace.provisioner.Options;
import io.millrace.provisioner.ProvisioningException;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Callable;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

@Command(name = "up", description = "Starts servers and services, and loads the demo; or replicates a Postgres of your own with --pipeline.", mixinStandardHelpOptions = true)
final class UpCommand implements Callable<Integer> {

    @Mixin
    private DataFolder data;
    @Spec
    private CommandSpec spec;
    @Option(names = "--detach", description = "Return when all that the tables hold can be searched, a minute after the first documents at the latest; ./millrace down stops everything.")
    private boolean detach;
    @Option(names = "--pipeline", paramLabel = "FILE", description = "Pipeline file, or folder of them, over a database of your own instead of the demo. May be repeated.")
    private List<Path> pipelines = List.of();
    @Option(names = "--change-replica-identity", description = "Allow to change a table's replica identity where its updates would fail otherwise.")
    private boolean changeReplicaIdentity;
    @Option(names = "--port-base", paramLabel = "N", description = "Take ports from N on instead of the defaults.")
    private Integer portBase;
    @Option(names = "--port", paramLabel = "KEY=N", description = "Change one port: postgres, kafka, kafka-controller, registry, registry-management, search, "
            + "search-transport, capture, gate, denormalizer, indexer, purge, console, connect.")
    private Map<String, Integer> ports = Map.of();
    @Option(names = "--otlp", paramLabel = "URL", description = "Send spans to this receiver, OTLP over HTTP, such as http://localhost:4318. Default: none are sent.")
    private String otlp;
    @Option(names = "--native", paramLabel = "STAGE", description = "Run this stage (gate, denormalizer, indexer, purge) from its native executable, which ./mvnw package -Dnative -pl SERVICE -am makes. May be repeated.")
    private List<Stage> natives = List.of();
    @Option(names = "--secure", description = "Let everything speak TLS and ask who comes, with certificates, users and passwords that are made for this stack. For a new data folder; later it is one of this kind without saying.")
    private boolean secure;
    @Option(names = "--with", paramLabel = "WHAT", description = "Run this beside it: connect, a Kafka Connect worker that keeps a second database, replica, equal to the tables. Built when it is first asked for.")
    private List<StackOptions.Extra> extras = List.of();
    @Option(names = "--scale", paramLabel = "N", defaultValue = "10000", description = "How many monitors an empty demo database gets; 0 for none. Default: ${DEFAULT-VALUE}.")
    private int scale;

    @Override
    public Integer call() throws IOException, InterruptedException {
        var output = new Output(spec.commandLine().getOut());
        var home = DataFolder.home();
        var demo = pipelines.isEmpty();
        var paths = demo ? List.of(home.resolve("deploy").resolve("demo").resolve("pipelines")) : pipelines;
        var files = PipelineFiles.load(paths);
        var options = StackOptions.of(home, data.path(), paths, demo ? new DemoSource("demo", scale) : null, portBase, ports).withOtlp(otlp == null ? null : HttpAddress.of(otlp)).withNatives(natives)
                .withSecured(secure || Keyring.isIn(data.path())).with(extras);
        if (options.secured()) {
            LocalServers.requireSecurable(data.path());
            refuseTables(files);
            refuseConnect(options);
        }
        data.requireOurs();
        if (!demo) {
            requireStopped();
            References.require(files);
            Provisioning.requireSources(files, provisioning());
        }
        Stack.requireBuilt(options);
        // A secured one makes its passwords now, and with them the folder is a secured one: nothing is refused after this that could be known before.
        var stack = new Stack(options);
        return detach ? new Background(data, output).start(spec.commandLine().getParent().getParseResult().originalArgs()) : run(stack, files, output);
    }

    private int run(Stack stack, List<PipelineFile> files, Output output) throws InterruptedException {
        var supervisor = new Supervisor(stack, files, output);
        var training = new CommandTraining(stack.options().data(), output);
        Runtime.getRuntime().addShutdownHook(new Thread(() -> {
            training.stop();
            supervisor.stop();
        }, "stop"));
        try {
            supervisor.startServers();
            if (stack.options().source() != null) {
                DemoDatabase.prepare(stack, output);
            }
            Provisioning.apply(stack, files, provisioning(), output);
            output.line("Starting the five services");
            if (!stack.extras().isEmpty()) {
                ReplicaDatabase.prepare(stack, files);
            }
            supervisor.startServices();
            FirstDocuments.await(stack, files, output, supervisor::isStopping);
            supervisor.awaitServices();
            FirstDocuments.awaitAll(stack, files, output, supervisor::isStopping);
            Summary.print(stack, files, data, output);
            supervisor.ready();
            training.begin();
        } catch (LocalException | ProvisioningException e) {
            if (supervisor.isStopping()) {
                supervisor.awaitStopped();
                return CommandLine.ExitCode.OK;
            }
            output.plain(e.getMessage());
            supervisor.stop();
            return CommandLine.ExitCode.SOFTWARE;
        }
        supervisor.awaitStopped();
        return CommandLine.ExitCode.OK;
    }

    /** Services read their files as they start. */
    private void requireStopped() {
        data.supervisor().ifPresent(owner -> {
            var running = StackFile.read(data.path()).filter(stack -> stack.source() == null);
            var all = Stream.concat(running.stream().flatMap(stack -> stack.pipelines().stream()), pipelines.stream().map(file -> file.toAbsolutePath().normalize().toString())).distinct();
            throw new LocalException(LocalServers.alreadyRuns(data.path(), owner.pid()) + (running.isEmpty() ? "" : ". To add a file to it, start it again with all of them, which reads no table twice: "
                    + data.command("down") + " && " + data.command("up --detach " + all.map(file -> "--pipeline " + file).collect(Collectors.joining(" ")))));
        });
    }

    private Options provisioning() {
        return new Options(false, changeReplicaIdentity);
    }

    /** Nobody in a secured stack's database may make tables for documents. */
    private static void refuseTables(List<PipelineFile> files) {
        var tables = files.stream().filter(file -> file.pipeline().target() == Target.POSTGRES).findFirst();
        if (tables.isPresent()) {
            throw new LocalException(tables.get().problem("target", "a secured stack on one machine has no database for documents in tables; start it without --secure, in a data folder that is not secured,"
                    + " or run the services with millrace.indexer.table-url and millrace.purge.freshness.table-url of your own").toString());
        }
    }

    private static void refuseConnect(StackOptions options) {
        if (!options.extras().isEmpty()) {
            throw new LocalException("--with connect is for an open stack: a secured one has nobody who may read rows and write another database. Start it without --secure, in a data folder that is not secured,"
                    + " or run a worker of your own as deploy/connect/README.md tells");
        }
    }
}
