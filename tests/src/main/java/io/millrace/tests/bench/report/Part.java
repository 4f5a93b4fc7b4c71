package io.millrace.tests.bench.report;

import java.util.Locale;

/** What the report is made of; each is measured apart, and what it has measured stays. */
public enum Part {

    /** From nothing to a full index, for each size. */
    LOAD,
    /** Changes from the moment at which all could be searched. */
    START,
    /** A stack with nothing to do. */
    IDLE,
    /** Changes at fixed rates. */
    STEADY,
    /** The most changes a second that do not queue up. */
    RATE,
    /** Changes at one rate, for each size. */
    CHANGES,
    /** Single changes while a row that all documents show is spread. */
    FANOUT,
    /** COPY and bare bulk, for each size. */
    LIMITS;

    /** Whether it is measured for each size, and not once. */
    boolean isForEachSize() {
        return this == LOAD || this == CHANGES || this == LIMITS;
    }

    /** The name of what was measured on a stack of a size. */
    String file(int size) {
        return option() + (isForEachSize() ? "-" + size : "");
    }

    /** As an option names it. */
    String option() {
        return name().toLowerCase(Locale.ROOT);
    }
}
