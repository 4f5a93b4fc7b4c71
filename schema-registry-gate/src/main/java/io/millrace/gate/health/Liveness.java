package io.millrace.gate.health;

import io.millrace.pipeline.liveness.Loops;
import jakarta.enterprise.context.ApplicationScoped;
import org.eclipse.microprofile.health.HealthCheck;
import org.eclipse.microprofile.health.HealthCheckResponse;

/** Whether a restart would help: a thread has ended unseen, or is stuck. Nothing that is away, and nothing that is parked, is a reason for one. */
@org.eclipse.microprofile.health.Liveness
@ApplicationScoped
public class Liveness implements HealthCheck {

    private final Loops loops;

    Liveness(Loops loops) {
        this.loops = loops;
    }

    @Override
    public HealthCheckResponse call() {
        var troubles = loops.troubles();
        var response = HealthCheckResponse.named("gate").status(troubles.isEmpty());
        troubles.forEach(trouble -> response.withData(trouble.loop(), trouble.toString()));
        return response.build();
    }
}
