package io.millrace.gate.health;

import io.millrace.gate.flow.Intake;
import io.millrace.gate.flow.Lanes;
import io.millrace.pipeline.liveness.Loops;
import jakarta.enterprise.context.ApplicationScoped;
import org.eclipse.microprofile.health.HealthCheck;
import org.eclipse.microprofile.health.HealthCheckResponse;

/** Whether a restart would help. Nothing that is away, and nothing that is parked, is a reason for one. */
@org.eclipse.microprofile.health.Liveness
@ApplicationScoped
public class Liveness implements HealthCheck {

    private final Lanes lanes;
    private final Intake intake;
    private final Loops loops;

    Liveness(Lanes lanes, Intake intake, Loops loops) {
        this.lanes = lanes;
        this.intake = intake;
        this.loops = loops;
    }

    @Override
    public HealthCheckResponse call() {
        boolean broken = lanes.isBroken() || intake.isBroken();
        var stuck = loops.troubles();
        var response = HealthCheckResponse.named("gate").status(!broken && stuck.isEmpty());
        stuck.forEach(trouble -> response.withData(trouble.loop(), trouble.why()));
        return (broken ? response.withData("lanes", "the reading thread or a partition's ended by an error; the log names it") : response).build();
    }
}
