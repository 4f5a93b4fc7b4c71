package io.millrace.gate.schema;

/** What the gate knows of a schema under a subject. */
public sealed interface Verdict {

    /** The schema is registered. */
    record Passing(Readable readable) implements Verdict {}

    /** Its records may not pass. */
    record Refused(Refusal refusal) implements Verdict {}
}
