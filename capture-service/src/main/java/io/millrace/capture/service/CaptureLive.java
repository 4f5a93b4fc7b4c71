package io.millrace.capture.service;

import org.eclipse.microprofile.health.HealthCheck;
import org.eclipse.microprofile.health.HealthCheckResponse;
import org.eclipse.microprofile.health.Liveness;

/** Alive while no thread has ended unseen or is stuck, Debezium's included; servers that are away end none. */
@Liveness
final class CaptureLive implements HealthCheck {

    private final Capture capture;

    CaptureLive(Capture capture) {
        this.capture = capture;
    }

    @Override
    public HealthCheckResponse call() {
        var troubles = capture.troubles();
        var response = HealthCheckResponse.named("every thread comes round").status(troubles.isEmpty());
        troubles.forEach(trouble -> response.withData(trouble.loop(), trouble + "; restart this service, and report what its log says of it"));
        return response.build();
    }
}
