package io.millrace.denormalizer.stream;

import jakarta.enterprise.context.ApplicationScoped;
import org.eclipse.microprofile.health.HealthCheck;
import org.eclipse.microprofile.health.HealthCheckResponse;
import org.eclipse.microprofile.health.Readiness;

/** Ready when every pipeline's join runs; else says what stands in the way of which. */
@Readiness
@ApplicationScoped
public class JoinsReady implements HealthCheck {

    private final Joins joins;

    JoinsReady(Joins joins) {
        this.joins = joins;
    }

    @Override
    public HealthCheckResponse call() {
        var response = HealthCheckResponse.named("join");
        boolean ready = true;
        for (var join : joins.all()) {
            var trouble = join.trouble();
            ready &= trouble == null;
            var note = join.note();
            response.withData(join.name(), trouble != null ? trouble : note != null ? note : "running " + join.phases());
        }
        return response.status(ready).build();
    }
}
