package io.millrace.launcher;

import io.millrace.local.LocalException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;

/** A stack that runs, asked by {@code up} to take pipeline files. Its supervisor does all of it, and goes on also when this process is ended. */
final class RunningStack {

    private static final long POLL_MILLIS = 100;

    private final DataFolder data;
    private final Output output;

    RunningStack(DataFolder data, Output output) {
        this.data = data;
        this.output = output;
    }

    /**
     * @return the exit code: 0 once their documents can be searched
     * @throws LocalException when the supervisor takes nothing, or ends meanwhile
     */
    int add(List<Path> files, boolean changeReplicaIdentity) throws IOException, InterruptedException {
        if (!Files.isDirectory(AdditionRequest.folder(data.path()))) {
            throw new LocalException("Millrace is only just starting on " + data.path() + ", or stopping, and takes no pipeline file meanwhile. Try again when " + data.command("status") + " says that it is ready");
        }
        var request = new AdditionRequest(files.stream().map(file -> file.toAbsolutePath().normalize().toString()).toList(), changeReplicaIdentity, System.currentTimeMillis() - Math.round(output.seconds() * 1000));
        var ticket = request.hand(data.path());
        try (var follower = new LogFollower(ticket.log())) {
            while (true) {
                var code = ticket.code();
                boolean isSupervised = data.supervisor().isPresent();
                follower.print(output);
                if (code.isPresent()) {
                    ticket.forget();
                    return code.get();
                }
                if (isSupervised && ticket.isLost()) {
                    throw new LocalException("The stack on " + data.path() + " was started again meanwhile. Try again when " + data.command("status") + " says that it is ready");
                }
                if (!isSupervised) {
                    throw new LocalException("The supervisor of the stack on " + data.path() + " has ended meanwhile. " + data.command("up") + " starts it again with the pipelines that it had");
                }
                Thread.sleep(POLL_MILLIS);
            }
        }
    }
}
