package io.millrace.indexer.health;

import jakarta.enterprise.context.ApplicationScoped;
import org.eclipse.microprofile.health.HealthCheck;
import org.eclipse.microprofile.health.HealthCheckResponse;
import org.eclipse.microprofile.health.Readiness;

/** Ready while no partition waits for something that is away. */
@Readiness
@ApplicationScoped
final class IndexReadiness implements HealthCheck {

    private final Conditions conditions;

    IndexReadiness(Conditions conditions) {
        this.conditions = conditions;
    }

    @Override
    public HealthCheckResponse call() {
        var reasons = conditions.reasons();
        reasons.putAll(conditions.broken());
        var response = HealthCheckResponse.named("documents are indexed").status(reasons.isEmpty());
        reasons.forEach(response::withData);
        return response.build();
    }
}
