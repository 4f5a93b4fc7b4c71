package io.millrace.tests.bench.cost;

import io.millrace.tests.bench.Percentiles;
import java.util.Map;

/**
 * What a stack took of the machine for so long, at rest or while rows changed at a rate.
 *
 * @param asked changes a second that were asked for; 0 at rest
 * @param changes of rows that were committed meanwhile, probes not counted
 * @param changesPerSecond that came to pass while rows changed
 * @param seconds over which processors and requests were counted: until the last probe had arrived
 * @param cores of the processors, by process
 * @param requests a second that Kafka answered, by API
 * @param times by what they are of
 * @param reported what the stages' own metrics say of the time from a commit to their own output, in milliseconds
 * @param rssBytes resident memory by process, at the end
 * @param pssBytes the same, pages that processes share divided among them
 * @param lostProbes that did not arrive within a minute
 */
public record Step(int asked, long changes, double changesPerSecond, double seconds, Map<String, Double> cores, Map<String, Double> requests, Map<String, Percentiles> times, Map<String, Double> reported, Map<String, Long> rssBytes,
        Map<String, Long> pssBytes, int lostProbes) {

    /** Seconds of the processors' time that a process took for a thousand changes; 0 for one that did not run, not a number at rest. */
    public double perThousand(String process) {
        return perThousand(cores.getOrDefault(process, 0.0));
    }

    /** The same of all processes. */
    public double perThousand() {
        return perThousand(allCores());
    }

    /** @param cores of the processors */
    double perThousand(double cores) {
        return asked == 0 ? Double.NaN : 1_000 * cores * seconds / changes;
    }

    /** Of the processors, all processes together. */
    public double allCores() {
        return cores.values().stream().mapToDouble(d -> d).sum();
    }

    /** As a column of a table is called. */
    public String name() {
        return asked == 0 ? "at rest" : asked + "/s";
    }
}
