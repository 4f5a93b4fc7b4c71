package io.millrace.pipeline.schema;

/**
 * A column as its Avro field describes it.
 *
 * @param name the name in the catalog
 * @param pgType the type's name in the catalog, lower case; of a domain its base type; of an array the element type's
 * @param array whether it is an array of {@code pgType}
 * @param length the declared length or precision, 0 where none is declared
 * @param scale the declared scale, 0 where none is declared
 * @param nullable whether it may hold null
 */
public record Column(String name, String pgType, boolean array, int length, int scale, boolean nullable) {

    /** How one value, or one element of an array, travels. */
    public Encoding encoding() {
        return Encoding.of(pgType);
    }

    /** The type's name with the underscore that the catalog puts before an array's. */
    public String catalogType() {
        return array ? "_" + pgType : pgType;
    }
}
