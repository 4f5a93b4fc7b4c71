package io.millrace.tests.bench.load;

/**
 * Seconds of processor time of one process, by what they went into.
 *
 * @param compiler in the JVM's compiler threads
 * @param collector in its collector; with the serial one that is the thread that also does the JVM's other own operations
 * @param work all the rest, with class loading and the start
 */
public record CpuParts(double compiler, double collector, double work) {

    public static final CpuParts NONE = new CpuParts(0, 0, 0);

    /** All of it. */
    public double all() {
        return compiler + collector + work;
    }

    CpuParts plus(CpuParts other) {
        return new CpuParts(compiler + other.compiler, collector + other.collector, work + other.work);
    }

    CpuParts minus(CpuParts earlier) {
        return new CpuParts(compiler - earlier.compiler, collector - earlier.collector, work - earlier.work);
    }
}
