package io.millrace.indexer.health;

import jakarta.enterprise.context.ApplicationScoped;
import org.eclipse.microprofile.health.HealthCheck;
import org.eclipse.microprofile.health.HealthCheckResponse;
import org.eclipse.microprofile.health.Liveness;

/** Alive while no partition was stopped by an error that only a restart can mend. */
@Liveness
@ApplicationScoped
final class IndexLiveness implements HealthCheck {

    private final Conditions conditions;

    IndexLiveness(Conditions conditions) {
        this.conditions = conditions;
    }

    @Override
    public HealthCheckResponse call() {
        var broken = conditions.broken();
        var response = HealthCheckResponse.named("every partition is worked on").status(broken.isEmpty());
        broken.forEach(response::withData);
        return response.build();
    }
}
