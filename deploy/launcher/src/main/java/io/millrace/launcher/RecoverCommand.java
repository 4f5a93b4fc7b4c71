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
    @Parameters(paramLabel = "TOPIC", description = "A captured.… topic: the gate reads it again from the first record that is there, whatever it was held for."
            + " What it passed before it passes again, which changes nothing behind it.")
    private String what;

    @Override
    public Integer call() throws IOException, InterruptedException {
        if (!TopicRecovery.isTopic(what)) {
            throw new LocalException(what + " is no captured.… topic, which the gate can read again. A join's state can only be built anew as a whole: give the pipeline another name and 'replaces: [old]'");
        }
        topics.recover(what, spec.commandLine().getOut());
        return 0;
    }
}
