package io.millrace.console.health;

import io.millrace.pipeline.liveness.Loops;
import jakarta.enterprise.inject.Produces;
import jakarta.inject.Singleton;

/** The one register of this process's threads. */
@Singleton
final class Threads {

    @Produces
    @Singleton
    Loops loops() {
        return new Loops();
    }
}
