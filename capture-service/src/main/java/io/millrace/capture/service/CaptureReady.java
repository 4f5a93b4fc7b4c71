package io.millrace.capture.service;

import org.eclipse.microprofile.health.HealthCheck;
import org.eclipse.microprofile.health.HealthCheckResponse;
import org.eclipse.microprofile.health.Readiness;

/** Ready while changes flow; else with the reason. */
@Readiness
final class CaptureReady implements HealthCheck {

    private final Capture capture;

    CaptureReady(Capture capture) {
        this.capture = capture;
    }

    @Override
    public HealthCheckResponse call() {
        var state = capture.state();
        var response = HealthCheckResponse.named("capture").status(state.ready()).withData("phase", state.phase());
        if (!state.ready()) {
            response.withData("reason", state.reason());
        }
        if (!state.warning().isEmpty()) {
            response.withData("warning", state.warning());
        }
        var complete = capture.completeUpTo();
        if (complete != null) {
            response.withData("completeUpTo", complete.toString());
        }
        return response.build();
    }
}
