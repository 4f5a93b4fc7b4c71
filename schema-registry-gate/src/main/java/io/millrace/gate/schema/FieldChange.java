package io.millrace.gate.schema;

/**
 * How one field differs between two schemas.
 *
 * @param field its path
 * @param was its type, and default where it has one, in the older schema; null where it is new
 * @param is the same in the newer schema; null where it is gone
 */
public record FieldChange(String field, String was, String is) {}
