package io.millrace.gate.health;

import io.millrace.gate.flow.Intake;
import io.millrace.gate.flow.Lanes;
import jakarta.enterprise.context.ApplicationScoped;
import org.eclipse.microprofile.health.HealthCheck;
import org.eclipse.microprofile.health.HealthCheckResponse;

/** Whether a restart would help. Nothing that is away, and nothing that is parked, is a reason for one. */
@org.eclipse.microprofile.health.Liveness
@ApplicationScoped
public class Liveness implements HealthCheck {

    private final Lanes lanes;
    private final Intake intake;

    Liveness(Lanes lanes, Intake intake) {
        this.lanes = lanes;
        this.intake = intake;
    }

    @Override
    public HealthCheckResponse call() {
        boolean broken = lanes.isBroken() || intake.isBroken();
        var response = HealthCheckResponse.named("gate").status(!broken);
        return (broken ? response.withData("lanes", "the reading thread or a partition's ended by an error; the log names it") : response).build();
    }
}
