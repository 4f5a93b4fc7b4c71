package io.millrace.indexer.measure;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.micrometer.core.instrument.Timer;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import io.millrace.pipeline.record.Headers;
import java.time.Duration;
import java.util.concurrent.TimeUnit;
import org.apache.kafka.common.header.internals.RecordHeaders;
import org.junit.jupiter.api.Test;

class MetersTest {

    private static final long SECOND = 1_000_000;

    private final SimpleMeterRegistry registry = new SimpleMeterRegistry();
    private final Meters meters = new Meters(registry, "monitors", Duration.ofSeconds(5), () -> 0);

    @Test
    void aChangeIsMeasuredAtEachStepOfItsWay() {
        meters.indexed(change(), 10 * SECOND);
        meters.found(Meters.committed(change()), 10 * SECOND, 11 * SECOND);
        assertEquals(1, seconds("capture"));
        assertEquals(2, seconds("gate"));
        assertEquals(3, seconds("join"));
        assertEquals(3, seconds("index"));
        assertEquals(1, seconds("search"));
        assertEquals(3, way("gate"));
        assertEquals(6, way("join"));
        assertEquals(2, registry.find("millrace.commit.to.stage").timers().stream().mapToLong(Timer::count).sum());
    }

    @Test
    void aStageIsLeftNoSoonerThanTheOneInFrontWhateverTheClocksSay() {
        var skewed = new RecordHeaders().add(Headers.COMMITTED, Headers.bytes(SECOND)).add(Headers.CAPTURED, Headers.bytes(5 * SECOND)).add(Headers.GATED, Headers.bytes(2 * SECOND)).add(Headers.JOINED, Headers.bytes(4 * SECOND));
        meters.indexed(skewed, 10 * SECOND);
        assertEquals(4, seconds("capture"));
        assertEquals(4, way("gate"));
        assertEquals(4, way("join"));
    }

    @Test
    void whatAFirstBuildBroughtCountsInNoStep() {
        var built = new RecordHeaders().add(Headers.JOINED, Headers.bytes(7 * SECOND));
        meters.indexed(built, 10 * SECOND);
        meters.found(Meters.committed(built), 10 * SECOND, 11 * SECOND);
        assertEquals(0, measured());
    }

    @Test
    void whatALoadBroughtCountsInNoStep() {
        var read = change().add(Headers.OP, Headers.bytes("r"));
        meters.indexed(read, 10 * SECOND);
        meters.found(Meters.committed(read), 10 * SECOND, 11 * SECOND);
        assertEquals(0, measured());
    }

    @Test
    void indexesBesideTheOneThatServesAreToldByWhatTheyWaitForOnceSomebodyHasLooked() {
        assertTrue(Double.isNaN(beside("built")) && Double.isNaN(beside("held")), "nobody has looked");
        meters.beside(1, 0);
        assertEquals(1, beside("built"));
        assertEquals(0, beside("held"));
    }

    private double beside(String state) {
        return registry.get("millrace.indexes.beside").tag("state", state).gauge().value();
    }

    private static org.apache.kafka.common.header.Headers change() {
        return new RecordHeaders().add(Headers.COMMITTED, Headers.bytes(SECOND)).add(Headers.CAPTURED, Headers.bytes(2 * SECOND)).add(Headers.GATED, Headers.bytes(4 * SECOND)).add(Headers.JOINED, Headers.bytes(7 * SECOND));
    }

    private double seconds(String to) {
        return registry.get("millrace.hop").tag("to", to).timer().totalTime(TimeUnit.SECONDS);
    }

    private double way(String to) {
        return registry.get("millrace.way").tag("to", to).timer().totalTime(TimeUnit.SECONDS);
    }

    private long measured() {
        return registry.getMeters().stream().filter(m -> m.getId().getName().equals("millrace.hop") || m.getId().getName().equals("millrace.way") || m.getId().getName().equals("millrace.commit.to.stage")).mapToLong(m -> ((Timer) m).count()).sum();
    }
}
