package io.millrace.purge.freshness;

import io.millrace.pipeline.record.Position;
import io.millrace.purge.problem.Problem;
import io.millrace.purge.problem.ProblemException;
import io.millrace.purge.source.Pipelines;
import io.quarkus.runtime.configuration.DurationConverter;
import io.quarkus.security.Authenticated;
import io.smallrye.common.annotation.RunOnVirtualThread;
import jakarta.ws.rs.DefaultValue;
import jakarta.ws.rs.GET;
import jakarta.ws.rs.Path;
import jakarta.ws.rs.PathParam;
import jakarta.ws.rs.QueryParam;
import jakarta.ws.rs.core.Response.Status;
import java.time.Duration;

/** The HTTP face of freshness. */
@Path("/pipelines/{pipeline}/freshness")
@Authenticated
@RunOnVirtualThread
public class FreshnessResource {

    private static final Duration LONGEST = Duration.ofSeconds(30);

    private final Freshness freshness;
    private final Pipelines pipelines;

    FreshnessResource(Freshness freshness, Pipelines pipelines) {
        this.freshness = freshness;
        this.pipelines = pipelines;
    }

    @GET
    public Answer ask(@PathParam("pipeline") String pipeline, @QueryParam("position") String position, @QueryParam("wait") @DefaultValue("0s") String wait)
            throws InterruptedException {
        var on = "the pipeline '" + pipeline + "'";
        var generations = pipelines.generations(pipeline);
        if (generations.isEmpty()) {
            throw pipelines.unknown("Asking for the freshness of", on);
        }
        return freshness.ask(pipeline, generations, lsn(position, on), duration(wait, on));
    }

    private static long lsn(String position, String on) {
        try {
            return Position.parseLsn(position == null ? "" : position);
        } catch (IllegalArgumentException e) {
            throw bad(on, e.getMessage(), "give position=… what SELECT pg_current_wal_insert_lsn() says after the commit");
        }
    }

    private static Duration duration(String wait, String on) {
        Duration parsed;
        try {
            parsed = DurationConverter.parseDuration(wait);
        } catch (IllegalArgumentException e) {
            throw bad(on, "'" + wait + "' is no duration", "write wait=2s or wait=500ms");
        }
        if (parsed == null || parsed.isNegative() || parsed.compareTo(LONGEST) > 0) {
            throw bad(on, "nobody is kept waiting for " + wait, "wait at most " + LONGEST.toSeconds() + "s, and ask again");
        }
        return parsed;
    }

    private static ProblemException bad(String on, String why, String next) {
        return new ProblemException(Problem.of(Status.BAD_REQUEST, "Asking for the freshness of", on, why, next));
    }
}
