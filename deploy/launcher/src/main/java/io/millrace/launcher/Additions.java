package io.millrace.launcher;

import io.millrace.launcher.stack.FileChange;
import io.millrace.launcher.stack.FirstDocuments;
import io.millrace.launcher.stack.Provisioning;
import io.millrace.launcher.stack.ReplicaDatabase;
import io.millrace.launcher.stack.Stack;
import io.millrace.launcher.stack.StackRules;
import io.millrace.launcher.stack.Stage;
import io.millrace.launcher.stack.Supervisor;
import io.millrace.launcher.status.Probe;
import io.millrace.local.Fault;
import io.millrace.local.LocalException;
import io.millrace.pipeline.file.InvalidPipelineException;
import io.millrace.pipeline.file.PipelineFile;
import io.millrace.pipeline.file.PipelineFiles;
import io.millrace.pipeline.file.Problem;
import io.millrace.pipeline.form.References;
import io.millrace.provisioner.Options;
import io.millrace.provisioner.ProvisioningException;
import java.io.IOException;
import java.io.PrintWriter;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.function.Function;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import picocli.CommandLine.ExitCode;

/**
 * Takes pipeline files into a stack that runs, one request after the other. All that can be known is asked before anything is changed; then what the
 * files need is made, and the services, which read their files as they start, are exchanged one by one.
 */
final class Additions {

    private static final Duration POLL = Duration.ofMillis(200);
    private static final Duration AGAIN = Duration.ofSeconds(5);
    /** What is to be said of whoever waits for longer stands in the status. */
    private static final Duration SETTLED = Duration.ofSeconds(30);

    private final Supervisor supervisor;
    private final DataFolder data;
    private final Output console;

    /** @param console of the supervisor */
    Additions(Supervisor supervisor, DataFolder data, Output console) {
        this.supervisor = supervisor;
        this.data = data;
        this.console = console;
    }

    /** Returns when the stack is stopping. A folder that cannot be read or written ends nothing: it is said once, and tried again. */
    void serve() {
        var said = "";
        while (!supervisor.isStopping()) {
            try {
                AdditionRequest.open(data.path());
                answerAll();
            } catch (IOException e) {
                var why = "Taking pipeline files by " + AdditionRequest.folder(data.path()) + " failed: " + e + ". It is tried again";
                if (!why.equals(said) && !supervisor.isStopping()) {
                    console.line(why);
                    said = why;
                }
                pause(AGAIN);
            }
        }
    }

    private void answerAll() throws IOException {
        while (!supervisor.isStopping()) {
            var ticket = AdditionRequest.first(data.path());
            if (ticket.isPresent()) {
                answer(ticket.get());
            } else {
                pause(POLL);
            }
        }
    }

    /** Whoever asked sees either the request or the answer at any moment. */
    private void answer(AdditionRequest.Ticket ticket) throws IOException {
        try (var log = new PrintWriter(Files.newBufferedWriter(ticket.log(), StandardCharsets.UTF_8))) {
            var request = AdditionRequest.take(ticket);
            console.line("Asked to take " + String.join(", ", request.files()));
            int code = take(request, new Output(log, request.begin()));
            console.line(code == ExitCode.OK ? "Taken" : "Not taken, as whoever asked was told");
            log.flush();
            ticket.end(code);
        }
    }

    /** @return the exit code of whoever asked */
    private int take(AdditionRequest request, Output output) {
        var done = new ArrayList<String>();
        try {
            take(request, done, output);
            return ExitCode.OK;
        } catch (LocalException | ProvisioningException | InvalidPipelineException e) {
            output.plain(e.getMessage());
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            output.plain("Interrupted");
        } catch (RuntimeException e) {
            output.plain(Fault.told(e));
        }
        output.plain(done.isEmpty() ? "Nothing was changed" : "Done until then: " + String.join("; ", done) + ". The same command goes on there");
        return ExitCode.SOFTWARE;
    }

    private void take(AdditionRequest request, List<String> done, Output output) throws InterruptedException {
        var stack = supervisor.stack();
        var asked = request.files().stream().map(Path::of).toList();
        var known = supervisor.files().stream().map(Additions::path).toList();
        var paths = paths(stack, asked);
        var files = PipelineFiles.load(paths);
        var changes = check(stack, files);
        changes.stream().flatMap(change -> change.inPlace().stream()).forEach(change -> output.line(change.toString()));
        Provisioning.apply(stack, files, new Options(false, request.changeReplicaIdentity(), Map.of()), done::add, output);
        var next = stack.with(paths);
        if (!next.extras().isEmpty()) {
            ReplicaDatabase.prepare(next, files);
        }
        var earlier = new Served(stack, supervisor.files().stream().map(file -> file.pipeline().name()).toList(), output);
        done.add("the services are being started again one by one");
        if (!supervisor.exchange(next, files, output, earlier::await)) {
            output.line("The services have read these files already");
        }
        var added = files.stream().filter(file -> !known.contains(path(file)) || isAmong(file, asked)).toList();
        FirstDocuments.await(next, added, output, supervisor::isStopping);
        FirstDocuments.awaitAll(next, added, output, supervisor::isStopping);
        if (supervisor.isStopping()) {
            throw new LocalException("The stack on " + data.path() + " is being stopped. " + data.command("up") + " brings it again with these files");
        }
        changes.stream().filter(FileChange::asksForAnotherIndex).map(change -> change.now().pipeline().name()).forEach(pipeline -> output.line("What " + pipeline + " asks of its index holds for those that are made from now on; to have one made: "
                + data.command("rebuild " + pipeline + " --wait")));
        Summary.printAdded(next, added, data, output);
    }

    /** Those of the stack, and behind them those that are not among them. */
    private List<Path> paths(Stack stack, List<Path> asked) {
        var there = stack.options().pipelines().stream().map(path -> path.toAbsolutePath().normalize()).toList();
        return Stream.concat(there.stream(), asked.stream().filter(path -> !there.contains(path) && !there.contains(path.getParent()))).distinct().toList();
    }

    private static Path path(PipelineFile file) {
        return file.path().toAbsolutePath().normalize();
    }

    private static boolean isAmong(PipelineFile file, Collection<Path> asked) {
        return asked.contains(path(file)) || asked.contains(path(file).getParent());
    }

    /**
     * What can be said of the files alone and beside each other; the databases and servers are asked by the provisioner, before it makes anything.
     *
     * @return what changes for pipelines that run
     * @throws InvalidPipelineException with everything that stands in the way
     */
    private List<FileChange> check(Stack stack, List<PipelineFile> files) {
        var problems = new ArrayList<Problem>();
        var byName = files.stream().collect(Collectors.toMap(file -> file.pipeline().name(), Function.identity()));
        var changes = new ArrayList<FileChange>();
        for (var before : supervisor.files()) {
            var now = byName.get(before.pipeline().name());
            if (now == null) {
                problems.add(before.problem("name", "the pipeline '" + before.pipeline().name() + "' runs, and no file describes it any more; put its name back, and give the other pipeline a file of its own"));
            } else {
                changes.add(new FileChange(before.pipeline(), now));
            }
        }
        changes.forEach(change -> problems.addAll(change.problems()));
        problems.addAll(StackRules.problems(files, stack.options().secured()));
        if (!problems.isEmpty()) {
            throw new InvalidPipelineException(problems);
        }
        try {
            References.require(files, Provisioning.environment(stack));
        } catch (InvalidPipelineException e) {
            throw new LocalException(e.getMessage() + "\nVariables are those of the stack's supervisor since it was started. Set what is missing and start the stack again: " + data.command("down") + ", then "
                    + data.command("up --detach --pipeline FILE") + " with all files; or refer to a file, {file: PATH}", e);
        }
        return changes.stream().filter(FileChange::isAny).toList();
    }

    /** Pipelines that were served before, which are to be served again before the next service is stopped: what waits for one is not to wait for two. */
    private final class Served {

        private final Stack stack;
        private final List<String> pipelines;
        private final Output output;
        private final Probe probe;

        Served(Stack stack, List<String> pipelines, Output output) {
            this.stack = stack;
            this.output = output;
            this.probe = new Probe(stack.access());
            this.pipelines = pipelines.stream().filter(this::isFresh).toList();
        }

        private boolean isFresh(String pipeline) {
            return probe.isFresh(stack.address(Stage.PURGE), pipeline, stack.token());
        }

        void await() {
            long end = System.nanoTime() + SETTLED.toNanos();
            var waiting = new ArrayList<>(pipelines);
            while (!waiting.isEmpty() && !supervisor.isStopping()) {
                waiting.removeIf(this::isFresh);
                if (!waiting.isEmpty() && System.nanoTime() > end) {
                    output.line("Changes of " + String.join(", ", waiting) + " are not yet all in the index after " + SETTLED.toSeconds() + " s, and the next service is stopped nonetheless");
                    return;
                }
                if (!waiting.isEmpty()) {
                    pause(POLL);
                }
            }
        }
    }

    private static void pause(Duration time) {
        try {
            Thread.sleep(time);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new LocalException("Interrupted while taking pipeline files", e);
        }
    }
}
