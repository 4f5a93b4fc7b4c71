package io.millrace.denormalizer.join.owed;

/** One way in which documents come to be owed. What it has noted, a restart finds again. */
public interface Account {

    /** What a partition says of itself while documents are owed so; {@code null} where none are, and all that were are out and committed. */
    String state();

    /** The offset of the oldest record for which a document is owed, or is not known to be committed; {@link Causes#NONE} where there is none. */
    long oldest();

    /** Forgets what is out and committed. */
    void settle();
}
