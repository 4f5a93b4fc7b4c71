package io.millrace.gate.schema;

import java.util.List;

/**
 * Why a record may not pass.
 *
 * @param reason one of the codes below
 * @param detail what a person needs to know about it
 * @param rule the compatibility rule that was broken, null where none was
 * @param subject the registry's subject that was asked for, null where none was
 * @param schemaId the schema's content id, null where the record names none
 * @param difference what changed against the subject's latest version, empty where that is not the reason
 */
public record Refusal(String reason, String detail, String rule, String subject, Integer schemaId, List<FieldChange> difference) {

    /** The registry refuses the schema under the subject's rule. */
    public static final String SCHEMA_REFUSED = "schema-refused";
    /** The registry does not know the id, or holds something under it that is no Avro schema. */
    public static final String UNKNOWN_SCHEMA = "unknown-schema";
    /** The bytes do not begin with the zero byte and an id. */
    public static final String NOT_WIRE_FORMAT = "not-wire-format";
    /** The bytes are not what their schema says. */
    public static final String UNREADABLE = "unreadable";
    /** Key and value are larger than is allowed, or than Kafka takes. */
    public static final String TOO_LARGE = "too-large";
    /** Nothing is known to be wrong with the record itself; an earlier one of its table is parked. */
    public static final String QUEUED_BEHIND = "queued-behind";

    /** A refusal for what the record itself is. */
    public static Refusal of(String reason, String detail) {
        return new Refusal(reason, detail, null, null, null, List.of());
    }

    static Refusal unknown(String subject, int schemaId, String detail) {
        return new Refusal(UNKNOWN_SCHEMA, detail, null, subject, schemaId, List.of());
    }
}
