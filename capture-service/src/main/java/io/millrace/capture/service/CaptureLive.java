package io.millrace.capture.service;

import org.eclipse.microprofile.health.HealthCheck;
import org.eclipse.microprofile.health.HealthCheckResponse;
import org.eclipse.microprofile.health.Liveness;

/** Alive while the capturing thread and the watch are; servers that are away do not end them. */
@Liveness
final class CaptureLive implements HealthCheck {

    private final Capture capture;

    CaptureLive(Capture capture) {
        this.capture = capture;
    }

    @Override
    public HealthCheckResponse call() {
        var stuck = capture.stuck();
        var response = HealthCheckResponse.named("capture").status(stuck.isEmpty());
        return (stuck.isEmpty() ? response : response.withData("reason", String.join("\n", stuck))).build();
    }
}
