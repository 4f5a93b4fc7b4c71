package io.millrace.launcher;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;

/**
 * Makes the AOT cache of this command line while a stack runs, which a command has to ask for all that it loads to be in it. Nobody waits for that: it happens some time after the stack is there, with
 * the least priority, and once for a build. Thread-safe.
 */
final class CommandTraining {

    /** The system property in which the script says where the cache is to be; without it none is made. */
    private static final String CACHE = "millrace.commands.cache";
    /** Whoever has started a stack looks at it first, and the stack itself is not at its pace yet. */
    private static final Duration REST = Duration.ofSeconds(20);
    private static final String LEAST_PRIORITY = "19";

    private final Path data;
    private final Output output;
    private final CountDownLatch stopping = new CountDownLatch(1);
    /** Guarded by this; null before it is started. */
    private Process training;

    CommandTraining(Path data, Output output) {
        this.data = data;
        this.output = output;
    }

    /** Returns at once. Does nothing where the cache is there already, or nobody says where it is to be. */
    void begin() {
        var cache = System.getProperty(CACHE);
        if (cache != null && !isOfThisBuild(Path.of(cache))) {
            Thread.ofVirtual().name("train-commands").start(() -> train(Path.of(cache)));
        }
    }

    /** Ends what was begun; a cache that is not whole is none. */
    void stop() {
        stopping.countDown();
        synchronized (this) {
            if (training != null) {
                training.descendants().forEach(ProcessHandle::destroyForcibly);
                training.destroyForcibly();
            }
        }
    }

    private static boolean isOfThisBuild(Path cache) {
        try {
            return Files.getLastModifiedTime(cache).compareTo(Files.getLastModifiedTime(jar())) > 0;
        } catch (IOException e) {
            return false;
        }
    }

    private static Path jar() {
        return Path.of(System.getProperty("java.class.path"));
    }

    private void train(Path cache) {
        var fresh = cache.resolveSibling(cache.getFileName() + "." + ProcessHandle.current().pid());
        var log = data.resolve("logs").resolve("training.log");
        try {
            if (stopping.await(REST.toMillis(), TimeUnit.MILLISECONDS)) {
                return;
            }
            int code = start(fresh, log).waitFor();
            if (stopping.getCount() == 0) {
                return;
            }
            if (code != 0 || !Files.exists(fresh)) {
                output.line("The commands have no AOT cache of a stack that runs, so each starts slower; all else is the same. Making it ended with exit code %d; its log is %s".formatted(code, log));
                return;
            }
            Files.move(fresh, cache, StandardCopyOption.REPLACE_EXISTING, StandardCopyOption.ATOMIC_MOVE);
        } catch (IOException e) {
            output.line("The commands have no AOT cache of a stack that runs, so each starts slower; all else is the same. Making it failed: " + e);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        } finally {
            delete(fresh);
        }
    }

    private synchronized Process start(Path fresh, Path log) throws IOException {
        var command = List.of("nice", "-n", LEAST_PRIORITY, Path.of(System.getProperty("java.home"), "bin", "java").toString(), "-XX:AOTCacheOutput=" + fresh, "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1", "-Xmx512m",
                "-Dmillrace.home=" + DataFolder.home(), "-cp", jar().toString(), Rehearsal.class.getName(), data.toString());
        training = new ProcessBuilder(command).redirectErrorStream(true).redirectOutput(log.toFile()).redirectInput(Path.of("/dev/null").toFile()).start();
        if (stopping.getCount() == 0) {
            training.destroyForcibly();
        }
        return training;
    }

    private void delete(Path fresh) {
        try {
            Files.deleteIfExists(fresh);
        } catch (IOException e) {
            output.line("Deleting " + fresh + " failed: " + e.getMessage());
        }
    }
}
