package io.millrace.tests.bench.scale;

import io.millrace.launcher.stack.Stage;
import io.millrace.local.ManagedProcess;
import io.millrace.tests.stack.DemoStack;
import java.util.ArrayList;
import java.util.List;

/** The processes of one stage: the stack's own, then others like it with a port and, where it keeps state, a folder of their own. */
final class Replicas implements AutoCloseable {

    private final List<ManagedProcess> processes = new ArrayList<>();
    private int wanted;

    /** @param firstPort for the second process and those after it */
    Replicas(DemoStack stack, Stage stage, int most, int firstPort) {
        var own = stack.process(stage);
        processes.add(own);
        for (int number = 2; number <= most; number++) {
            processes.add(new ManagedProcess(Another.like(own.spec(), stack.address(stage).getPort(), number, firstPort + number)));
        }
        wanted = own.running().isPresent() ? 1 : 0;
    }

    /** Starts what is missing without waiting for it, as a cluster does; stops cleanly what is too much, the youngest first. */
    void be(int replicas) {
        while (wanted < replicas) {
            processes.get(wanted++).launch();
        }
        while (wanted > replicas) {
            processes.get(--wanted).stop();
        }
    }

    /** How many of them answer. */
    int answering() {
        return (int) processes.subList(0, wanted).stream().filter(ManagedProcess::isReady).count();
    }

    @Override
    public void close() {
        processes.subList(1, processes.size()).forEach(ManagedProcess::stop);
    }
}
