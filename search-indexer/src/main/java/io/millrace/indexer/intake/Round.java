package io.millrace.indexer.intake;

import io.millrace.pipeline.file.Pipeline;
import io.millrace.pipeline.file.Target;
import java.time.Duration;
import java.util.EnumSet;
import java.util.Set;

/** One look at all pipelines in turn. A target that was waited for in vain is left out for the rest of it, so that pipelines of the other one are looked at soon. Not thread-safe. */
final class Round {

    /** Who fails sooner has answered: with what is wrong with one pipeline. */
    private static final Duration IN_VAIN = Duration.ofSeconds(3);

    private final Set<Target> away = EnumSet.noneOf(Target.class);

    boolean leavesOut(Pipeline pipeline) {
        return away.contains(pipeline.target());
    }

    /** @param begun when its target was asked, of {@link System#nanoTime()} */
    void failed(Pipeline pipeline, long begun) {
        if (System.nanoTime() - begun > IN_VAIN.toNanos()) {
            away.add(pipeline.target());
        }
    }
}
