package io.millrace.denormalizer.stream;

import io.millrace.pipeline.liveness.Loops;
import jakarta.enterprise.context.ApplicationScoped;
import java.util.List;
import org.eclipse.microprofile.health.HealthCheck;
import org.eclipse.microprofile.health.HealthCheckResponse;
import org.eclipse.microprofile.health.Liveness;

/** Alive while no thread of any join has ended unseen or is stuck; only a restart mends either. */
@Liveness
@ApplicationScoped
public class JoinsAlive implements HealthCheck {

    private final Joins joins;

    JoinsAlive(Joins joins) {
        this.joins = joins;
    }

    @Override
    public HealthCheckResponse call() {
        return of(joins.all().stream().map(PipelineJoin::threads).toList());
    }

    static HealthCheckResponse of(List<Loops> threads) {
        var troubles = threads.stream().flatMap(t -> t.troubles().stream()).toList();
        var response = HealthCheckResponse.named("every thread comes round").status(troubles.isEmpty());
        troubles.forEach(trouble -> response.withData(trouble.loop(), trouble + "; restart this service, and report what its log says of it"));
        return response.build();
    }
}
