package io.millrace.pipeline.log;

/**
 * One life of a join: from an empty state on, until it is built anew.
 *
 * @param number 0 for the first; of the others when it was asked for, in seconds since 1970, for a Kafka that came back from an older copy has forgotten which numbers were given
 * @param floor below no version of a document that came out in the lives before is one of this life, 0 in the first
 * @param begun whether what the life before has left is cleared; until then no instance runs
 */
public record Life(long number, long floor, boolean begun) {

    /** Of a join that nobody has had built anew. */
    public static final Life FIRST = new Life(0, 0, true);

    /** The type of the order in the outbox that tells a join, by the life's number, that its documents were found to be those of the database. */
    public static final String PROVEN = "proven";

    private static final String ASKED = "asked";
    private static final String BEGUN = "begun";

    /** The one that is to follow, or this one where it is still to begin. */
    Life next(long seconds) {
        return begun ? new Life(Math.max(number + 1, seconds), 0, false) : this;
    }

    /** @param highest version that came out before */
    Life begin(long highest) {
        return new Life(number, highest, true);
    }

    /** For people too: {@code number asked}, or {@code number begun floor}. */
    String text() {
        return begun ? number + " " + BEGUN + " " + floor : number + " " + ASKED;
    }

    /** @throws IllegalArgumentException when it was not written by {@link #text()} */
    static Life parse(String text) {
        var parts = text.split(" ");
        if (parts.length == 2 && parts[1].equals(ASKED)) {
            return new Life(Long.parseLong(parts[0]), 0, false);
        }
        if (parts.length == 3 && parts[1].equals(BEGUN)) {
            return new Life(Long.parseLong(parts[0]), Long.parseLong(parts[2]), true);
        }
        throw new IllegalArgumentException("'" + text + "' tells of no life of a join: it is neither 'number " + ASKED + "' nor 'number " + BEGUN + " floor'");
    }
}
