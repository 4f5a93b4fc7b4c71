package io.millrace.launcher;

import io.millrace.launcher.stack.DemoDatabase;
import io.millrace.launcher.stack.FirstDocuments;
import io.millrace.launcher.stack.Provisioning;
import io.millrace.launcher.stack.ReplicaDatabase;
import io.millrace.launcher.stack.Stack;
import io.millrace.launcher.stack.StackOptions;
import io.millrace.launcher.stack.StackOptions.DemoSource;
import io.millrace.launcher.stack.StackRules;
import io.millrace.launcher.stack.Stage;
import io.millrace.launcher.stack.Supervisor;
import io.millrace.local.Keyring;
import io.millrace.local.LocalException;
import io.millrace.local.LocalServers;
import io.millrace.pipeline.file.PipelineFile;
import io.millrace.pipeline.file.PipelineFiles;
import io.millrace.pipeline.form.References;
import io.millrace.provisioner.Options;
import io.millrace.provisioner.ProvisioningException;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.Callable;
import java.util.stream.Stream;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Model.OptionSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

@Command(name = "up", description = "Starts servers and services, and loads the demo; or replicates a Postgres of your own with --pipeline.", mixinStandardHelpOptions = true)
final class UpCommand implements Callable<Integer> {

    /** What {@code up} may be told of a stack that runs. */
    private static final Set<String> OF_ADDITIONS = Set.of("--pipeline", "--data", "--detach", "--change-replica-identity");
    private static final String OPEN_ALONE = "--with connect is for an open stack: a secured one has nobody who may read rows and write another database. Start it without --secure, in a data folder that is not secured,"
            + " or run a worker of your own as deploy/connect/README.md tells";

    @Mixin
    private DataFolder data;
    @Spec
    private CommandSpec spec;
    @Option(names = "--detach", description = "Return when all that the tables hold can be searched, a minute after the first documents and the last service at the latest; ./millrace down stops everything.")
    private boolean detach;
    @Option(names = "--pipeline", paramLabel = "FILE", description = "Pipeline file, or folder of them, over a database of your own instead of the demo; said to a stack that runs, it is added to it. May be repeated. Without it, what ran last on the data folder runs again, or the demo.")
    private List<Path> pipelines = List.of();
    @Option(names = "--change-replica-identity", description = "Allow to change a table's replica identity where its updates would fail otherwise.")
    private boolean changeReplicaIdentity;
    @Within(of = "the first port", from = 1, to = StackOptions.LAST_BASE)
    @Option(names = "--port-base", paramLabel = "N", description = "Take ports from N on instead of the defaults.")
    private Integer portBase;
    @Option(names = "--port", paramLabel = "KEY=N", description = "Change one port: postgres, kafka, kafka-controller, registry, registry-management, search, "
            + "search-transport, capture, gate, denormalizer, indexer, purge, console, connect.")
    private Map<String, Integer> ports = Map.of();
    @Option(names = "--otlp", paramLabel = "URL", converter = HttpAddress.class, description = "Send spans to this receiver, OTLP over HTTP, such as http://localhost:4318. Default: none are sent.")
    private String otlp;
    @Option(names = "--native", paramLabel = "STAGE", description = "Run this stage (gate, denormalizer, indexer, purge) from its native executable, which ./mvnw package -Dnative -pl SERVICE -am makes. May be repeated.")
    private List<Stage> natives = List.of();
    @Option(names = "--secure", description = "Let everything speak TLS and ask who comes, with certificates, users and passwords that are made for this stack. For a new data folder; later it is one of this kind without saying.")
    private boolean secure;
    @Option(names = "--with", paramLabel = "WHAT", description = "Run this beside it: connect, a Kafka Connect worker that keeps a second database, replica, equal to the tables. Built when it is first asked for.")
    private List<StackOptions.Extra> extras = List.of();
    @Within(of = "how many monitors", from = 0)
    @Option(names = "--scale", paramLabel = "N", defaultValue = "10000", description = "How many monitors an empty demo database gets; 0 for none. Default: ${DEFAULT-VALUE}.")
    private int scale;

    @Override
    public Integer call() throws IOException, InterruptedException {
        if (secure && !extras.isEmpty()) {
            throw new UsageException(OPEN_ALONE);
        }
        var output = new Output(spec.commandLine().getOut());
        var home = DataFolder.home();
        if (!pipelines.isEmpty() && data.supervisor().isPresent()) {
            return add(output);
        }
        data.requireStopped();
        var last = LastRun.on(data);
        var demo = pipelines.isEmpty() && last.isDemo();
        var paths = demo ? Stream.concat(Stream.of(StackOptions.demo(home)), last.own().stream()).toList() : pipelines.isEmpty() ? last.requireOwn() : pipelines;
        var files = PipelineFiles.loadNamed(paths);
        var options = StackOptions.of(home, data.path(), paths, demo ? new DemoSource("demo", scale) : null, portBase, ports).withOtlp(otlp).withNatives(natives)
                .withSecured(secure || Keyring.isIn(data.path())).with(extras);
        if (options.secured()) {
            LocalServers.requireSecurable(data.path());
            refuseConnect(options);
        }
        data.requireOurs();
        StackRules.require(files, options.secured());
        if (!demo) {
            References.require(files);
            Provisioning.requireSources(files, provisioning());
        }
        Stack.requireBuilt(options);
        // A secured one makes its passwords now, and with them the folder is a secured one: nothing is refused after this that could be known before.
        var stack = new Stack(options);
        if (!detach) {
            last.tell(pipelines, output);
        }
        return detach ? new Background(data, output).start(spec.commandLine().getParent().getParseResult().originalArgs()) : run(stack, files, output);
    }

    /** To the stack that runs. What it was started with stays as it is. */
    private int add(Output output) throws IOException, InterruptedException {
        var fixed = spec.commandLine().getParseResult().matchedOptions().stream().map(OptionSpec::longestName).filter(option -> !OF_ADDITIONS.contains(option) && !(option.equals("--secure") && Keyring.isIn(data.path()))).toList();
        if (!fixed.isEmpty()) {
            throw new LocalException("Millrace runs on " + data.path() + " already, and " + String.join(", ", fixed) + " can be said only when it is started. Leave that out to add the pipeline, or stop it first: " + data.command("down"));
        }
        PipelineFiles.loadNamed(pipelines);
        return new RunningStack(data, output).add(pipelines, changeReplicaIdentity);
    }

    private int run(Stack stack, List<PipelineFile> files, Output output) throws IOException, InterruptedException {
        var supervisor = new Supervisor(stack, files, output);
        var training = new CommandTraining(stack.options().data(), output);
        Runtime.getRuntime().addShutdownHook(new Thread(() -> {
            training.stop();
            supervisor.stop();
        }, "stop"));
        try {
            supervisor.startServers();
            AdditionRequest.close(data.path());
            if (stack.options().source() != null) {
                DemoDatabase.prepare(stack, output);
            }
            Provisioning.apply(stack, files, provisioning(), step -> { }, output);
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
            Thread.ofVirtual().name("additions").start(new Additions(supervisor, data, output)::serve);
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

    private Options provisioning() {
        return new Options(false, changeReplicaIdentity, Map.of());
    }

    private static void refuseConnect(StackOptions options) {
        if (!options.extras().isEmpty()) {
            throw new LocalException(OPEN_ALONE);
        }
    }
}
