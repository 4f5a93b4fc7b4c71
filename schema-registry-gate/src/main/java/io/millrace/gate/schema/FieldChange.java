package io.millrace.gate.schema;

import io.quarkus.runtime.annotations.RegisterForReflection;

/**
 * How one field differs between two schemas, or a value from what a row rule allows.
 *
 * @param field its path
 * @param was its type, and default where it has one, in the older schema, or the row rule; null where it is new
 * @param is the same in the newer schema, or the value's kind; null where it is gone
 */
@RegisterForReflection
public record FieldChange(String field, String was, String is) {

    /** Whether rows that were written before the change have another value since: the field came, or its type is another one and not only nullable or not. */
    public boolean altersRows() {
        return is != null && (was == null || !type(was).equals(type(is)));
    }

    private static String type(String described) {
        return described.replaceFirst("^null or ", "").replaceFirst(" or null(?= \\(|$)", "").replaceFirst(" default .*", "");
    }
}
