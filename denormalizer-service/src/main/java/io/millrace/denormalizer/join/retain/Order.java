package io.millrace.denormalizer.join.retain;

import io.millrace.denormalizer.plan.Retaining;
import io.millrace.pipeline.record.Position;
import io.millrace.pipeline.retention.RetentionOrder;
import java.util.List;

/**
 * An order as it holds here.
 *
 * @param rank the place of the pipeline that was told so among those whose orders count
 * @param position not lower than that of any order before
 * @param told what it says
 * @param clauses its rules
 */
record Order(int rank, Position position, RetentionOrder told, List<Retaining.Clause> clauses) {}
