package io.millrace.pipeline.liveness;

import java.lang.System.Logger;
import java.lang.System.Logger.Level;
import java.time.Duration;

/**
 * A thread that cannot end unseen: whatever ends its body, an {@link Error} included, is logged and recorded, unless it was
 * released before. Thread-safe.
 */
public final class LoopThread {

    private static final Logger LOG = System.getLogger(LoopThread.class.getName());

    private final Loop loop;
    private final LoopBody body;
    private final Thread thread;
    private volatile boolean released;

    LoopThread(Loop loop, Thread.Builder builder, LoopBody body) {
        this.loop = loop;
        this.body = body;
        this.thread = builder.name(loop.name()).unstarted(this::run);
    }

    /** @return this */
    public LoopThread start() {
        loop.begin(thread);
        thread.start();
        return this;
    }

    /** From now on its end is right. Until then a thread that is stuck is still told. */
    public void release() {
        released = true;
        if (!thread.isAlive()) {
            loop.close();
        }
    }

    /** {@link #release() Releases} it, and interrupts what it waits for. */
    public void interrupt() {
        release();
        thread.interrupt();
    }

    /** @return whether it has ended */
    public boolean join(Duration atMost) throws InterruptedException {
        return thread.join(atMost);
    }

    private void run() {
        Throwable cause = null;
        try {
            body.run(loop);
        } catch (Throwable t) {
            cause = t;
        }
        end(cause);
    }

    private void end(Throwable cause) {
        if (released) {
            loop.close();
            if (cause != null && !(cause instanceof InterruptedException)) {
                LOG.log(Level.WARNING, "The thread " + loop.name() + ", which was to end, ended by an error", cause);
            }
        } else {
            loop.ended(cause);
            LOG.log(Level.ERROR, "The thread " + loop.name() + " ended, and was not to; liveness fails until this service is restarted", cause);
            if (released) {
                loop.close();
            }
        }
    }
}
