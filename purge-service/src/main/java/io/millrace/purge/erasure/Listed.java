package io.millrace.purge.erasure;

import java.time.Instant;

/** An erasure of either kind, as a list has it. */
public sealed interface Listed permits Erasure, SubjectErasure {

    /** By the database's clock. */
    Instant requestedAt();
}
