package io.millrace.denormalizer.join;

import io.millrace.denormalizer.join.pay.Pace;
import io.millrace.denormalizer.join.render.DocumentSteps;
import io.millrace.pipeline.record.Position;
import java.time.Duration;
import java.util.Set;
import java.util.function.BooleanSupplier;

/**
 * What the join is told from outside.
 *
 * @param isCaughtUp whether the first build has taken in every row that was there when it began; asked often, from the
 *        stream threads
 * @param awaitsCommit whether the first build waits for nothing but the commit of what was taken in; asked often, from the stream threads
 * @param keepRemoved how long the position of a removed array row is kept at least
 * @param maxDocumentBytes a larger document is set aside
 * @param lookupCacheBytes of memory for look-up rows that documents showed lately, for each partition
 * @param fanOutPace how fast fan-outs go
 * @param steps what a finished document goes through
 * @param erasedAs the pipelines whose erasures count: this one, and others that make documents of the same rows for the same index
 * @param floor no document has a lower version: that of those which came out before the state was built anew
 */
public record JoinSettings(BooleanSupplier isCaughtUp, BooleanSupplier awaitsCommit, Duration keepRemoved, int maxDocumentBytes, long lookupCacheBytes, Pace fanOutPace, DocumentSteps steps,
        Set<String> erasedAs, Position floor) {}
