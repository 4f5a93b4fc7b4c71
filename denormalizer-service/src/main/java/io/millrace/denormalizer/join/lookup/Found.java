package io.millrace.denormalizer.join.lookup;

import io.millrace.pipeline.record.Position;
import io.millrace.values.row.Row;

/** A row that a look-up found. */
public record Found(byte[] rowId, Position position, Row row) {}
