package io.millrace.gate;

import io.millrace.gate.breaker.Breaker;
import io.millrace.gate.flow.Lanes;
import io.millrace.gate.quarantine.ControlLog;
import io.quarkus.runtime.ShutdownEvent;
import io.quarkus.runtime.StartupEvent;
import jakarta.annotation.Priority;
import jakarta.enterprise.context.ApplicationScoped;
import jakarta.enterprise.event.Observes;
import jakarta.interceptor.Interceptor;

/** Starts and stops the gate's parts in the order in which they need each other. */
@ApplicationScoped
class Gate {

    private final ControlLog control;
    private final Breaker breaker;
    private final Lanes lanes;

    Gate(ControlLog control, Breaker breaker, Lanes lanes) {
        this.control = control;
        this.breaker = breaker;
        this.lanes = lanes;
    }

    /** Before the messaging framework begins to consume. */
    void start(@Observes @Priority(Interceptor.Priority.PLATFORM_BEFORE) StartupEvent event) {
        control.start();
        breaker.start();
        lanes.start();
    }

    /** While the consumer is still there to commit. */
    void stop(@Observes ShutdownEvent event) throws InterruptedException {
        lanes.stop();
        breaker.stop();
        control.stop();
    }
}
