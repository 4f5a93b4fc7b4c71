package io.millrace.local;

import java.io.IOException;
import java.net.ServerSocket;
import java.nio.channels.FileChannel;
import java.nio.channels.FileLock;
import java.nio.channels.OverlappingFileLockException;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.ThreadLocalRandom;

/**
 * Keeps ports that nobody listens on for this JVM until it ends. A port is asked for some time before its server listens, so that
 * another process must not get it meanwhile: none of these is among those that Linux gives to connections of its own accord, and who
 * takes one locks the byte of its number in a file that every user's JVMs share. The kernel takes the locks of a process away with it.
 */
final class FreePorts {

    /** Below the kernel's own ports (from 32768), beside those of {@link Ports#defaults} and of the benches. */
    private static final int FIRST = 10_000;
    private static final int SECOND = 20_000;
    private static final int EACH = 5_000;
    private static final int MOST_TRIES = 100_000;

    private static final Path FILE = Path.of(System.getProperty("java.io.tmpdir"), "millrace-ports-" + System.getProperty("user.name"));
    /** Held, since the JVM forgets a lock that nobody holds. */
    private static final List<FileLock> TAKEN = new ArrayList<>();
    private static FileChannel file;

    private FreePorts() {}

    /**
     * A port that no other call has given, of this JVM or of another one that runs.
     *
     * @throws LocalException when the file of the locks cannot be written, or no port is free
     */
    static synchronized int next() {
        try {
            if (file == null) {
                file = FileChannel.open(FILE, StandardOpenOption.CREATE, StandardOpenOption.WRITE);
            }
            for (int i = 0; i < MOST_TRIES; i++) {
                int random = ThreadLocalRandom.current().nextInt(2 * EACH);
                int port = random < EACH ? FIRST + random : SECOND + random - EACH;
                if (take(port)) {
                    return port;
                }
            }
        } catch (IOException e) {
            throw new LocalException("Keeping a free port for this process failed, because " + FILE + " cannot be locked: " + e + ". Make it writable, or name another folder by -Djava.io.tmpdir", e);
        }
        throw new LocalException("None of " + MOST_TRIES + " tries found a port from " + FIRST + " to " + (FIRST + EACH - 1) + " or from " + SECOND + " to " + (SECOND + EACH - 1)
                + " that nobody has; end what runs on them");
    }

    private static boolean take(int port) throws IOException {
        FileLock lock;
        try {
            lock = file.tryLock(port, 1, false);
        } catch (OverlappingFileLockException _) {
            return false;
        }
        if (lock == null) {
            return false;
        }
        try (var _ = new ServerSocket(port)) {
            TAKEN.add(lock);
            return true;
        } catch (IOException _) {
            lock.release();
            return false;
        }
    }
}
