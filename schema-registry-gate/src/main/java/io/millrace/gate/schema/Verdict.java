package io.millrace.gate.schema;

import io.millrace.gate.avro.AvroProgram;

/** What the gate knows of a schema under a subject. */
public sealed interface Verdict {

    /** The schema is registered; this program walks its records. */
    record Passing(AvroProgram program) implements Verdict {}

    /** Its records may not pass. */
    record Refused(Refusal refusal) implements Verdict {}
}
