package io.millrace.capture.service;

import org.eclipse.microprofile.health.HealthCheck;
import org.eclipse.microprofile.health.HealthCheckResponse;
import org.eclipse.microprofile.health.Liveness;

/** Alive while the capturing thread is; servers that are away do not end it. */
@Liveness
final class CaptureLive implements HealthCheck {

    private final Capture capture;

    CaptureLive(Capture capture) {
        this.capture = capture;
    }

    @Override
    public HealthCheckResponse call() {
        return HealthCheckResponse.named("capture").status(capture.isRunning()).build();
    }
}
