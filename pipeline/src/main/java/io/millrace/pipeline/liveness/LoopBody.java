package io.millrace.pipeline.liveness;

/** What a {@link LoopThread} does from its start to its end. */
@FunctionalInterface
public interface LoopBody {

    /**
     * Runs until the thread is to end.
     *
     * @param loop is to be given a sign in each round
     * @throws Exception ends the loop, as an Error does too
     */
    void run(Loop loop) throws Exception;
}
