package io.millrace.purge.security;

import io.millrace.pipeline.wording.Counted;
import io.millrace.purge.PurgeConfig;
import io.millrace.purge.problem.Problem;
import io.millrace.purge.problem.ProblemException;
import jakarta.enterprise.context.ApplicationScoped;
import jakarta.ws.rs.core.Response.Status;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.TimeUnit;

/** How often a caller may have something changed: so many times a minute, as this instance counts. Thread-safe. */
@ApplicationScoped
public class Allowance {

    private static final long MINUTE = TimeUnit.MINUTES.toNanos(1);

    private final int most;
    private final Map<String, Spent> callers = new ConcurrentHashMap<>();

    /** @param since when the minute began; @param times of it */
    private record Spent(long since, int times) {

        boolean isOver(long now) {
            return now - since > MINUTE;
        }
    }

    Allowance(PurgeConfig config) {
        this.most = config.changesPerMinute();
    }

    /**
     * Counts one change.
     *
     * @throws ProblemException when it is one too many
     */
    public void take(String caller, String attempted, String on) {
        long now = System.nanoTime();
        callers.values().removeIf(spent -> spent.isOver(now));
        var spent = callers.compute(caller, (name, before) -> before == null ? new Spent(now, 1) : new Spent(before.since, before.times + 1));
        if (spent.times > most) {
            throw new ProblemException(Problem.of(Status.TOO_MANY_REQUESTS, attempted, on, "'" + caller + "' has asked for " + Counted.of(most, "change") + " within a minute (millrace.purge.changes-per-minute)",
                    "send it again in " + Math.max(1, TimeUnit.NANOSECONDS.toSeconds(MINUTE - (now - spent.since))) + " s"));
        }
    }
}
