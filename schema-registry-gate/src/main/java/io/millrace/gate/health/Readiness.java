package io.millrace.gate.health;

import io.millrace.gate.flow.Intake;
import io.millrace.gate.flow.Keeper;
import io.millrace.gate.flow.Lanes;
import io.millrace.gate.control.ControlLog;
import jakarta.enterprise.context.ApplicationScoped;
import java.util.TreeMap;
import org.eclipse.microprofile.health.HealthCheck;
import org.eclipse.microprofile.health.HealthCheckResponse;

/** Whether records get through, and what stands in their way. A parked table is no reason: the others flow. One whose parked records are gone is. */
@org.eclipse.microprofile.health.Readiness
@ApplicationScoped
public class Readiness implements HealthCheck {

    private static final int MOST_SHOWN = 10;

    private final ControlLog control;
    private final Intake intake;
    private final Lanes lanes;
    private final Keeper keeper;
    private final RegistryProbe registry;

    Readiness(ControlLog control, Intake intake, Lanes lanes, Keeper keeper, RegistryProbe registry) {
        this.control = control;
        this.intake = intake;
        this.lanes = lanes;
        this.keeper = keeper;
        this.registry = registry;
    }

    @Override
    public HealthCheckResponse call() {
        var response = HealthCheckResponse.named("gate").withData("partitions", lanes.count());
        boolean ready = true;
        if (control.trouble() != null) {
            ready = false;
            response.withData("kafka", control.trouble());
        }
        if (intake.trouble() != null) {
            ready = false;
            response.withData("captured", intake.trouble());
        }
        if (registry.trouble() != null) {
            ready = false;
            response.withData("registry", registry.trouble());
        }
        if (control.breaker().open()) {
            ready = false;
            response.withData("breaker", control.breaker().reason());
        }
        keeper.warnings().entrySet().stream().limit(MOST_SHOWN).forEach(e -> response.withData(e.getKey(), e.getValue()));
        var troubles = new TreeMap<>(lanes.troubles());
        troubles.putAll(keeper.troubles());
        if (!troubles.isEmpty()) {
            ready = false;
            troubles.entrySet().stream().limit(MOST_SHOWN).forEach(e -> response.withData(e.getKey(), e.getValue()));
        }
        lanes.warnings().entrySet().stream().limit(MOST_SHOWN).forEach(e -> response.withData("retention of " + e.getKey(), e.getValue()));
        return response.status(ready).build();
    }
}
