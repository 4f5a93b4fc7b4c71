package io.millrace.capture.continuity;

import io.millrace.pipeline.file.TableName;
import java.util.Map;

/**
 * What capture remembers of its source.
 *
 * @param mark null where nothing was captured yet, or by a version that left no mark
 * @param tables every table that was read whole once
 */
public record Memory(Mark mark, Map<TableName, Known> tables) {}
