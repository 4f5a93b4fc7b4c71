package io.millrace.purge.health;

import io.millrace.pipeline.liveness.Loops;
import jakarta.enterprise.context.ApplicationScoped;
import java.util.stream.Stream;
import org.eclipse.microprofile.health.HealthCheck;
import org.eclipse.microprofile.health.HealthCheckResponse;
import org.eclipse.microprofile.health.Liveness;

/** Alive while no thread has ended unseen or is stuck; only a restart mends either. */
@Liveness
@ApplicationScoped
class ThreadLiveness implements HealthCheck {

    private final Loops loops;
    private final Polling polling;

    ThreadLiveness(Loops loops, Polling polling) {
        this.loops = loops;
        this.polling = polling;
    }

    @Override
    public HealthCheckResponse call() {
        var troubles = Stream.concat(loops.troubles().stream(), polling.trouble().stream()).toList();
        var response = HealthCheckResponse.named("every thread comes round").status(troubles.isEmpty());
        troubles.forEach(trouble -> response.withData(trouble.loop(), trouble + "; restart this service, and report what its log says of it"));
        return response.build();
    }
}
