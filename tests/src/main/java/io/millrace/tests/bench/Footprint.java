package io.millrace.tests.bench;

import io.millrace.local.ManagedProcess;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;

/** What processes take of the machine, by Linux's own count; children are their parent's, also those that have ended. */
public record Footprint(Map<String, Use> processes) {

    /** In which Linux counts. */
    private static final Duration TICK = Duration.ofMillis(10);
    /** Of the four times in /proc/PID/stat, counted from the field after the name: as user and in the kernel, and the same of children that have ended. */
    private static final int TIMES = 11;

    /**
     * @param rssBytes resident memory; pages that processes share count for each of them
     * @param pssBytes the same with shared pages divided among those who share them; what a sum should add up
     */
    public record Use(long rssBytes, long pssBytes, Duration cpu) {}

    public static Footprint of(List<ManagedProcess> processes) {
        var uses = new LinkedHashMap<String, Use>();
        for (var process : processes) {
            process.running().ifPresent(p -> uses.put(process.name(), Stream.concat(Stream.of(p), p.descendants())
                    .map(Footprint::use).reduce(new Use(0, 0, Duration.ZERO), Footprint::plus)));
        }
        return new Footprint(uses);
    }

    public long rssBytes() {
        return processes.values().stream().mapToLong(Use::rssBytes).sum();
    }

    /** Seconds of CPU that a process has used since an earlier look. */
    public double cpuSince(Footprint earlier, String process) {
        return processes.get(process).cpu().minus(earlier.processes.get(process).cpu()).toMillis() / 1e3;
    }

    /** Seconds of CPU that a process has used since it began. */
    public double cpuSeconds(String process) {
        return processes.get(process).cpu().toMillis() / 1e3;
    }

    /** The most memory that a process ever had resident, in bytes; 0 where that is not known. */
    public static long peakRssBytes(long pid) {
        try (var lines = Files.lines(Path.of("/proc", Long.toString(pid), "status"))) {
            return lines.filter(l -> l.startsWith("VmHWM:")).mapToLong(Footprint::kilobytes).sum() << 10;
        } catch (IOException | java.io.UncheckedIOException e) {
            return 0;
        }
    }

    /** How many threads a process has; 0 where that is not known. */
    public static int threads(long pid) {
        try (var tasks = Files.list(Path.of("/proc", Long.toString(pid), "task"))) {
            return (int) tasks.count();
        } catch (IOException e) {
            return 0;
        }
    }

    private static Use plus(Use a, Use b) {
        return new Use(a.rssBytes + b.rssBytes, a.pssBytes + b.pssBytes, a.cpu.plus(b.cpu));
    }

    /** Of one process, with the processors' time of those of its children that have ended: a server that forks has the work of each connection there. */
    static Use use(ProcessHandle process) {
        var cpu = cpu(process.pid());
        try (var lines = Files.lines(Path.of("/proc", Long.toString(process.pid()), "smaps_rollup"))) {
            long rss = 0;
            long pss = 0;
            for (var line : (Iterable<String>) lines::iterator) {
                rss = line.startsWith("Rss:") ? kilobytes(line) : rss;
                pss = line.startsWith("Pss:") ? kilobytes(line) : pss;
            }
            return new Use(rss << 10, pss << 10, cpu);
        } catch (IOException | java.io.UncheckedIOException e) {
            // It has ended meanwhile, as PostgreSQL's helpers do.
            return new Use(0, 0, cpu);
        }
    }

    private static Duration cpu(long pid) {
        try {
            var stat = Files.readString(Path.of("/proc", Long.toString(pid), "stat"));
            var fields = stat.substring(stat.lastIndexOf(')') + 2).split(" ");
            return TICK.multipliedBy(Arrays.stream(fields, TIMES, TIMES + 4).mapToLong(Long::parseLong).sum());
        } catch (IOException e) {
            // It has ended meanwhile, and its parent has what it used.
            return Duration.ZERO;
        }
    }

    private static long kilobytes(String line) {
        return Long.parseLong(line.replaceAll("[^0-9]", ""));
    }
}
