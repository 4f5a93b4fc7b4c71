package io.millrace.launcher;

import io.millrace.local.LocalException;
import java.io.IOException;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** The ways back after something was lost; each is a decision that a stage does not take by itself. */
@Command(name = "recover", description = "Brings back what was lost: what health says of a stage that is DOWN names the way.", mixinStandardHelpOptions = true)
final class RecoverCommand implements Callable<Integer> {

    @Spec
    private CommandSpec spec;
    @Mixin
    private TopicRecovery topics;
    @Mixin
    private SourceRecovery sources;
    @Parameters(paramLabel = "SOURCE|TOPIC", description = "A source: its capture reads again everything of which changes may be missing, and takes away downstream what is gone."
            + " A captured.… topic: the gate reads it again from the first record that is there, whatever it was held for. What it passed before it passes again, which changes nothing behind it."
            + " A quarantine.… topic that lost parked records: what is gone is given up, and what stands there is replayed.")
    private String what;

    @Override
    public Integer call() throws IOException, InterruptedException {
        var out = spec.commandLine().getOut();
        if (TopicRecovery.isTopic(what)) {
            topics.recover(what, out);
        } else if (what.contains(".")) {
            throw new LocalException(what + " is neither a source nor a captured.… topic, which the gate can read again. A join's state can only be built anew as a whole: give the pipeline another name and 'replaces: [old]'");
        } else {
            sources.recover(topics.data(), what, out);
        }
        return 0;
    }
}
