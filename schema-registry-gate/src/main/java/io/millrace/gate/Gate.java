package io.millrace.gate;

import io.millrace.gate.breaker.Breaker;
import io.millrace.gate.control.ControlLog;
import io.millrace.gate.flow.Intake;
import io.millrace.gate.flow.Keeper;
import io.millrace.gate.flow.Lanes;
import io.millrace.gate.flow.Pulse;
import io.millrace.pipeline.liveness.Loops;
import io.quarkus.runtime.ShutdownEvent;
import io.quarkus.runtime.StartupEvent;
import jakarta.enterprise.context.ApplicationScoped;
import jakarta.enterprise.event.Observes;
import jakarta.enterprise.inject.Produces;
import jakarta.inject.Singleton;

/** Starts and stops the gate's parts in the order in which they need each other. */
@ApplicationScoped
class Gate {

    private final ControlLog control;
    private final Breaker breaker;
    private final Lanes lanes;
    private final Intake intake;
    private final Keeper keeper;
    private final Pulse pulse;

    Gate(ControlLog control, Breaker breaker, Lanes lanes, Intake intake, Keeper keeper, Pulse pulse) {
        this.control = control;
        this.breaker = breaker;
        this.lanes = lanes;
        this.intake = intake;
        this.keeper = keeper;
        this.pulse = pulse;
    }

    /** What watches the long-running threads of this process. */
    @Produces
    @Singleton
    static Loops loops() {
        return new Loops();
    }

    void start(@Observes StartupEvent event) {
        control.start();
        breaker.start();
        pulse.start();
        lanes.start();
        keeper.start();
        intake.start();
    }

    void stop(@Observes ShutdownEvent event) throws InterruptedException {
        intake.stop();
        keeper.stop();
        lanes.stop();
        pulse.stop();
        breaker.stop();
        control.stop();
    }
}
