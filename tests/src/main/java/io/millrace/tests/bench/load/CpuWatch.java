package io.millrace.tests.bench.load;

import io.millrace.local.ManagedProcess;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;

/**
 * What processes have used of the processors, by Linux's own count of their threads. A JVM ends compiler threads that have nothing to do, and with one its count: so it has to be
 * asked again and again, and what it says for a thread last is kept. Not thread-safe.
 */
final class CpuWatch {

    /** Of a tick, in which Linux counts here as everywhere. */
    private static final double SECONDS = 0.01;
    /** Fields of /proc/PID/stat counted from the one after the name: time as user and in the kernel, and the same of children that have ended. */
    private static final int OWN = 11;
    private static final int ENDED = 13;

    private final List<ManagedProcess> processes;
    private final Map<String, Map<Long, Long>> compiler = new HashMap<>();
    private final Map<String, Map<Long, Long>> collector = new HashMap<>();
    private final Map<String, Long> all = new LinkedHashMap<>();

    CpuWatch(List<ManagedProcess> processes) {
        this.processes = processes;
    }

    /** Looks at every process; to be called about every second. */
    Map<String, CpuParts> look() {
        for (var process : processes) {
            process.running().ifPresent(running -> {
                all.put(process.name(), Stream.concat(Stream.of(running), running.descendants()).mapToLong(p -> ticks(stat(p.pid()))).sum());
                threads(process.name(), running.pid());
            });
        }
        var parts = new LinkedHashMap<String, CpuParts>();
        all.forEach((name, ticks) -> parts.put(name, parts(name, ticks)));
        return parts;
    }

    private CpuParts parts(String name, long ticks) {
        long compiling = sum(compiler.get(name));
        long collecting = sum(collector.get(name));
        return new CpuParts(compiling * SECONDS, collecting * SECONDS, (ticks - compiling - collecting) * SECONDS);
    }

    private static long sum(Map<Long, Long> threads) {
        return threads == null ? 0 : threads.values().stream().mapToLong(Long::longValue).sum();
    }

    private void threads(String name, long pid) {
        try (var tasks = Files.list(Path.of("/proc", Long.toString(pid), "task"))) {
            for (var task : (Iterable<Path>) tasks::iterator) {
                var stat = read(task.resolve("stat"));
                var of = kind(stat);
                if (of != null) {
                    of.computeIfAbsent(name, n -> new HashMap<>()).put(Long.parseLong(task.getFileName().toString()), own(stat));
                }
            }
        } catch (IOException | UncheckedIOException e) {
            // It has ended meanwhile; what it had used was counted at the look before.
        }
    }

    /** Whose time a thread's is, null where it is work. */
    private Map<String, Map<Long, Long>> kind(String stat) {
        var thread = stat.substring(stat.indexOf('(') + 1, Math.max(stat.indexOf('(') + 1, stat.lastIndexOf(')')));
        if (thread.startsWith("C1 Compiler") || thread.startsWith("C2 Compiler")) {
            return compiler;
        }
        return thread.equals("VM Thread") || thread.startsWith("GC Thread") ? collector : null;
    }

    private static String stat(long pid) {
        return read(Path.of("/proc", Long.toString(pid), "stat"));
    }

    /** Empty where there is no such process any more. */
    private static String read(Path file) {
        try {
            return Files.readString(file);
        } catch (IOException e) {
            return "";
        }
    }

    private static long ticks(String stat) {
        return sum(stat, OWN) + sum(stat, ENDED);
    }

    private static long own(String stat) {
        return sum(stat, OWN);
    }

    private static long sum(String stat, int field) {
        if (stat.isEmpty()) {
            return 0;
        }
        var fields = stat.substring(stat.lastIndexOf(')') + 2).split(" ");
        return Long.parseLong(fields[field]) + Long.parseLong(fields[field + 1]);
    }
}
