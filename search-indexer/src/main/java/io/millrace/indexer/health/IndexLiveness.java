package io.millrace.indexer.health;

import io.millrace.pipeline.liveness.Loops;
import jakarta.enterprise.context.ApplicationScoped;
import org.eclipse.microprofile.health.HealthCheck;
import org.eclipse.microprofile.health.HealthCheckResponse;
import org.eclipse.microprofile.health.Liveness;

/** Alive while no thread has ended unseen or is stuck; only a restart mends either. */
@Liveness
@ApplicationScoped
final class IndexLiveness implements HealthCheck {

    private final Loops loops;

    IndexLiveness(Loops loops) {
        this.loops = loops;
    }

    @Override
    public HealthCheckResponse call() {
        var troubles = loops.troubles();
        var response = HealthCheckResponse.named("every thread comes round").status(troubles.isEmpty());
        troubles.forEach(trouble -> response.withData(trouble.loop(), trouble + "; restart this service, and report what its log says of it"));
        return response.build();
    }
}
