package io.millrace.launcher;

import io.millrace.launcher.stack.StackAccess;
import io.millrace.launcher.stack.StackFile;
import io.millrace.local.LocalException;
import io.millrace.local.LocalServers;
import io.millrace.pipeline.file.PipelineFile;
import io.millrace.pipeline.file.PipelineFiles;
import io.millrace.pipeline.file.Target;
import java.io.IOException;
import java.io.PrintWriter;
import java.io.Writer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/** Runs the commands that only look, one after the other in one virtual machine, against a stack that runs: what they load is then known, see {@link CommandTraining}. */
final class Rehearsal {

    private static final String NOTHING = "0";

    private Rehearsal() {}

    /** @param args the stack's data folder. Ends with 0 where the stack was there until the end, else with 1: commands that found none have loaded little */
    public static void main(String[] args) throws IOException {
        var data = Path.of(args[0]);
        var stack = StackFile.read(data).orElseThrow(() -> new LocalException("No stack has run on " + data));
        var draft = data.resolve("run").resolve("rehearsal.yaml");
        try {
            commands(stack, PipelineFiles.load(stack.pipelines().stream().map(Path::of).toList()), draft).forEach(Rehearsal::run);
        } finally {
            Files.deleteIfExists(draft);
        }
        System.exit(LocalServers.owner(data).filter(owner -> owner.pid() == stack.supervisor()).isPresent() ? 0 : 1);
    }

    private static void run(List<String> words) {
        var nobody = new PrintWriter(Writer.nullWriter());
        var typed = words.toArray(String[]::new);
        Main.commandLine(typed).setOut(nobody).setErr(nobody).execute(typed);
    }

    /** A document that is not there is asked for as one that is. */
    private static List<List<String>> commands(StackFile stack, List<PipelineFile> files, Path draft) {
        var commands = new ArrayList<List<String>>();
        var about = List.of("--data", stack.data());
        commands.add(with(about, "status"));
        commands.add(with(about, "status", "--json"));
        commands.add(with(about, "quarantine", "list"));
        commands.add(with(about, "erasures"));
        commands.add(with(about, "logs", "gate", "-n", "1"));
        commands.add(List.of("validate", files.getFirst().path().toString()));
        var pipeline = files.getFirst().pipeline();
        commands.add(with(about, "resnapshot", pipeline.source().name()));
        commands.add(with(about, "document", pipeline.name(), NOTHING, "--diff"));
        commands.add(with(about, "trace", pipeline.name(), NOTHING));
        files.stream().map(PipelineFile::pipeline).filter(one -> one.target() == Target.OPENSEARCH).findFirst().ifPresent(one -> {
            commands.add(with(about, "search", one.index().name(), "--size", "1"));
            commands.add(with(about, "generations", one.name()));
            commands.add(with(about, "quarantine", "documents", "list", one.name()));
        });
        if (stack.source() != null && StackAccess.of(Path.of(stack.data())).admin().isEmpty()) {
            commands.add(List.of("init", "--url", stack.source() + "?user=" + LocalServers.POSTGRES_USER + "&password=" + LocalServers.POSTGRES_PASSWORD, "--root", pipeline.document().table().toString(), "--output", draft.toString()));
        }
        return commands;
    }

    private static List<String> with(List<String> about, String... words) {
        var all = new ArrayList<>(List.of(words));
        all.addAll(about);
        return all;
    }
}
