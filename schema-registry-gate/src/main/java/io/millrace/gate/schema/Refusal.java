package io.millrace.gate.schema;

import io.millrace.gate.rule.RuleSet;
import io.quarkus.runtime.annotations.RegisterForReflection;
import java.util.List;

/**
 * Why a record may not pass.
 *
 * @param reason one of the codes below
 * @param detail what a person needs to know about it
 * @param rule the compatibility rule or the row rule that was broken, null where none was
 * @param subject the registry's subject that was asked for, null where none was
 * @param schemaId the schema's content id, null where the record names none
 * @param difference what changed against the subject's latest version, or what a value should have been and what kind it
 *     is; empty where that is not the reason
 */
@RegisterForReflection
public record Refusal(String reason, String detail, String rule, String subject, Integer schemaId, List<FieldChange> difference) {

    /** The registry refuses the schema under the subject's rule. */
    public static final String SCHEMA_REFUSED = "schema-refused";
    /** The registry does not know the id, or holds something under it that is no Avro schema. */
    public static final String UNKNOWN_SCHEMA = "unknown-schema";
    /** The bytes do not begin with the zero byte and an id. */
    public static final String NOT_WIRE_FORMAT = "not-wire-format";
    /** Capture could not write the change, and says why. */
    public static final String UNWRITABLE = "unwritable";
    /** The bytes are not what their schema says. */
    public static final String UNREADABLE = "unreadable";
    /** Key and value are larger than is allowed, or than Kafka takes. */
    public static final String TOO_LARGE = "too-large";
    /** A value breaks a rule of the pipeline file. */
    public static final String ROW_RULE = "row-rule";
    /** It would take more of the table's rows out of the documents than the pipeline file lets go without a person. */
    public static final String TAKES_TOO_MUCH = "takes-too-much";
    /** Nothing is known to be wrong with the record itself; an earlier one of its table is parked. */
    public static final String QUEUED_BEHIND = "queued-behind";

    /** A refusal for what the record itself is. */
    public static Refusal of(String reason, String detail) {
        return new Refusal(reason, detail, null, null, null, List.of());
    }

    /**
     * A refusal for a value that breaks a row rule.
     *
     * @param kind what kind of value it is; the value itself is private
     */
    public static Refusal ofRow(RuleSet.Constraint broken, String kind, int schemaId) {
        return new Refusal(ROW_RULE, "the column '" + broken.column() + "' breaks the row rule " + broken + " of the pipeline file: the value is " + kind,
                broken.constraint(), null, schemaId, List.of(new FieldChange(broken.column(), broken.toString(), kind)));
    }

    /**
     * A refusal for what would take too much.
     *
     * @param what it takes, as a sentence
     * @param share of the table's rows that it takes, 0 to 1
     * @param hold the share above which a person is asked
     */
    public static Refusal ofHold(String what, double share, double hold) {
        return new Refusal(TAKES_TOO_MUCH, what + ", and the pipeline file asks a person above " + percent(hold), "hold", null, null,
                List.of(new FieldChange("rows that leave at once", "at most " + percent(hold), percent(share))));
    }

    private static String percent(double share) {
        return Math.round(share * 100) + " %";
    }

    static Refusal unknown(String subject, int schemaId, String detail) {
        return new Refusal(UNKNOWN_SCHEMA, detail, null, subject, schemaId, List.of());
    }
}
