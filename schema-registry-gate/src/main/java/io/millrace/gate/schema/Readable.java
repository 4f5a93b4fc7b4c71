package io.millrace.gate.schema;

import io.millrace.gate.avro.AvroProgram;
import io.millrace.gate.rule.RuleSet;

/**
 * How records of a schema that may pass are looked at.
 *
 * @param program walks their bytes; keeps the places of the fields that the rules need
 * @param rules what is asked of the values; empty for keys
 */
public record Readable(AvroProgram program, RuleSet rules) {}
