package io.millrace.denormalizer.join.pay;

/** How fast fan-outs go; asked from the stream threads. */
public interface Pace {

    /** Nothing is held back. */
    Pace UNLIMITED = (partition, documents) -> true;

    /** Whether a partition's fan-outs may put out so many further documents now; they count as gone then. */
    boolean test(int partition, int documents);

    /** Records of single rows come, whose documents should not wait for fan-outs. */
    default void busy() {}
}
