package io.millrace.pipeline.schema;

/**
 * A column as its Avro field describes it.
 *
 * @param name the name in the catalog
 * @param pgType the type's name in the catalog, lower case, as {@link PgTypes#name} gives it; of a domain its base type; of an array the element type's
 * @param array whether it is an array of {@code pgType}
 * @param length the declared length or precision, 0 where none is declared
 * @param scale the declared scale, 0 where none is declared
 * @param nullable whether it may hold null
 */
public record Column(String name, String pgType, boolean array, int length, int scale, boolean nullable) {

    /**
     * The column that the catalog describes.
     *
     * @param type the oid of its type, of a domain that of its base type
     * @param typeName the catalog's name of its own type
     * @param array whether the base type is an array
     * @param modifier the type modifier, negative for none
     */
    public static Column ofCatalog(String name, int type, String typeName, boolean array, int modifier, boolean nullable) {
        boolean isArray = array || PgTypes.isArray(type);
        var pgType = PgTypes.name(type, typeName, isArray);
        return new Column(name, pgType, isArray, length(pgType, modifier), scale(pgType, modifier), nullable);
    }

    /** A type modifier counts the four bytes of a length word in, save that of bit strings; numeric packs precision and scale into it. */
    private static int length(String pgType, int modifier) {
        if (modifier < 0) {
            return 0;
        }
        return switch (pgType) {
            case "varchar", "bpchar" -> modifier - 4;
            case "bit", "varbit" -> modifier;
            case "numeric" -> modifier - 4 >> 16 & 0xFFFF;
            default -> 0;
        };
    }

    private static int scale(String pgType, int modifier) {
        return pgType.equals("numeric") && modifier >= 0 ? modifier - 4 & 0xFFFF : 0;
    }

    /** How one value, or one element of an array, travels. */
    public Encoding encoding() {
        return Encoding.of(pgType);
    }

    /** The type's name with the underscore that the catalog puts before an array's. */
    public String catalogType() {
        return array ? "_" + pgType : pgType;
    }
}
