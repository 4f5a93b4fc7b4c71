package io.millrace.console.health;

import io.millrace.pipeline.liveness.Loops;
import jakarta.enterprise.context.ApplicationScoped;
import org.eclipse.microprofile.health.HealthCheck;
import org.eclipse.microprofile.health.HealthCheckResponse;
import org.eclipse.microprofile.health.Liveness;

/** Alive while no look at the services is stuck; services that are away are none of its own trouble. */
@Liveness
@ApplicationScoped
class ConsoleLive implements HealthCheck {

    private final Loops loops;

    ConsoleLive(Loops loops) {
        this.loops = loops;
    }

    @Override
    public HealthCheckResponse call() {
        var troubles = loops.troubles();
        var response = HealthCheckResponse.named("every thread comes round").status(troubles.isEmpty());
        troubles.forEach(trouble -> response.withData(trouble.loop(), trouble + "; restart the console, and report what its log says of it"));
        return response.build();
    }
}
