package io.millrace.launcher.stack;

import io.millrace.launcher.Output;
import io.millrace.launcher.status.Probe;
import io.millrace.pipeline.file.PipelineFile;
import io.millrace.pipeline.file.Target;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.function.BooleanSupplier;
import java.util.stream.Collectors;

/** Waits until each pipeline's index answers with a document, and then for a while until it has them all. */
public final class FirstDocuments {

    private static final Duration PATIENCE = Duration.ofSeconds(120);
    /** A change waits behind the first fill, so a small one is waited for; of a large one the user is told. */
    private static final Duration FILL = Duration.ofSeconds(60);
    private static final Duration REPORT = Duration.ofSeconds(10);
    private static final long POLL_MILLIS = 100;

    private FirstDocuments() {}

    /** Returns, having said nothing, when each index answers with a document, and also when the patience is over. */
    static void awaitFound(Stack stack, List<PipelineFile> files, Duration patience, BooleanSupplier isStopping) throws InterruptedException {
        var waiting = indexes(files);
        var probe = new Probe(stack.access());
        long begin = System.nanoTime();
        while (!isStopping.getAsBoolean() && System.nanoTime() - begin < patience.toNanos()) {
            waiting.removeIf(index -> probe.documents(stack.servers().searchUrl(), index).orElse(0) > 0);
            if (waiting.isEmpty()) {
                return;
            }
            Thread.sleep(POLL_MILLIS);
        }
    }

    /** Returns also when none have come in time, having said which stage waits for what; an empty table has none. */
    public static void await(Stack stack, List<PipelineFile> files, Output output, BooleanSupplier isStopping) throws InterruptedException {
        var waiting = indexes(files);
        var probe = new Probe(stack.access());
        long begin = System.nanoTime();
        long report = begin + REPORT.toNanos();
        while (!waiting.isEmpty() && !isStopping.getAsBoolean()) {
            for (var index : List.copyOf(waiting)) {
                long documents = probe.documents(stack.servers().searchUrl(), index).orElse(0);
                if (documents > 0) {
                    waiting.remove(index);
                    output.line("The first documents of %s can be searched: %,d".formatted(index, documents));
                }
            }
            if (System.nanoTime() - begin > PATIENCE.toNanos()) {
                output.line("No documents yet in " + String.join(", ", waiting) + " (are the tables empty?). Stages: " + stages(stack));
                return;
            }
            if (!waiting.isEmpty() && System.nanoTime() > report) {
                output.line("Waiting for documents in " + String.join(", ", waiting) + ". Stages: " + stages(stack));
                report += REPORT.toNanos();
            }
            Thread.sleep(POLL_MILLIS);
        }
    }

    /** Returns also while documents are still to come, having said so. */
    public static void awaitAll(Stack stack, List<PipelineFile> files, Output output, BooleanSupplier isStopping) throws InterruptedException {
        var waiting = new ArrayList<>(files.stream().map(f -> f.pipeline().name()).toList());
        var probe = new Probe(stack.access());
        long begin = System.nanoTime();
        while (!waiting.isEmpty() && !isStopping.getAsBoolean()) {
            waiting.removeIf(pipeline -> probe.isFresh(stack.address(Stage.PURGE), pipeline, stack.token()));
            if (waiting.isEmpty()) {
                output.line("Everything that the tables hold can be searched");
            } else if (System.nanoTime() - begin > FILL.toNanos()) {
                output.line("Documents of " + String.join(", ", waiting) + " are still on their way, and later changes behind them; ./millrace status --data " + stack.options().data() + " shows how far they are");
                return;
            } else {
                Thread.sleep(POLL_MILLIS);
            }
        }
    }

    private static List<String> indexes(List<PipelineFile> files) {
        return new ArrayList<>(files.stream().filter(f -> f.pipeline().target() == Target.OPENSEARCH).map(f -> f.pipeline().index().name()).toList());
    }

    private static String stages(Stack stack) {
        var probe = new Probe(stack.access());
        return List.of(Stage.values()).stream().map(s -> s.stageName() + " " + probe.health(stack.address(s))).collect(Collectors.joining(", "));
    }
}
