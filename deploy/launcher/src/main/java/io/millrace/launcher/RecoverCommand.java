package io.millrace.launcher;

import java.io.IOException;
import java.util.Set;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Model.OptionSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** The ways back after something was lost; each is a decision that a stage does not take by itself. */
@Command(name = "recover", description = "Brings back what was lost: what health says of a stage that is DOWN names the way.", mixinStandardHelpOptions = true)
final class RecoverCommand implements Callable<Integer> {

    private static final Set<String> OF_DOCUMENTS = Set.of("--look", "--anew", "--purge-url", "--wait");

    @Spec
    private CommandSpec spec;
    @Mixin
    private TopicRecovery topics;
    @Mixin
    private SourceRecovery sources;
    @Mixin
    private DocumentRecovery documents;
    @Parameters(paramLabel = "SOURCE|TOPIC", description = "A source: its capture reads again everything of which changes may be missing, and takes away downstream what is gone."
            + " A captured.… topic: the gate reads it again from the first record that is there, whatever it was held for. What it passed before it passes again, which changes nothing behind it."
            + " A quarantine.… topic that lost parked records: what is gone is given up, and what stands there is replayed."
            + " documents.PIPELINE: tables whose rows are not whole are read again, the join is built anew from the rows, the index is written from there while it is served, and all of it is compared with the database.")
    private String what;
    @Option(names = "--skip-log", description = "Of a source whose stream stands at a place in the log that cannot be read: gives up what the log has until now, and reads every table again. Events that were taken out of the application's outbox by then are lost.")
    private boolean skipLog;

    @Override
    public Integer call() throws IOException, InterruptedException {
        requireOfDocuments();
        var out = spec.commandLine().getOut();
        var capture = sources.in(topics.data());
        if (skipLog && what.contains(".")) {
            throw new UsageException("--skip-log is about the log of a source, and " + what + " is none; leave it out");
        }
        if (DocumentRecovery.isDocuments(what)) {
            return documents.recover(what, topics.settings(), capture, out);
        }
        if (TopicRecovery.isTopic(what)) {
            topics.recover(what, out);
        } else if (what.contains(".")) {
            throw new UsageException(what + " is neither a source, nor a captured.… or quarantine.… topic, which the gate can read again, nor the documents.… of a pipeline. Rows that are not whole are read again with the documents that are made of them: " + topics.data().command("recover documents.PIPELINE"));
        } else {
            capture.recover(what, skipLog, out);
        }
        return 0;
    }

    /** Who wants to look at a source, and could not, would have it recovered. */
    private void requireOfDocuments() {
        var others = spec.commandLine().getParseResult().matchedOptions().stream().map(OptionSpec::longestName).filter(OF_DOCUMENTS::contains).toList();
        if (!others.isEmpty() && !DocumentRecovery.isDocuments(what)) {
            throw new UsageException(String.join(", ", others) + (others.size() == 1 ? " is" : " are") + " about the documents.… of a pipeline, and " + what + " is none; leave that out");
        }
    }
}
