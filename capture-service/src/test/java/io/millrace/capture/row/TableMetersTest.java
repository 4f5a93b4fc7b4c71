package io.millrace.capture.row;

import static org.junit.jupiter.api.Assertions.assertEquals;

import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import java.util.concurrent.TimeUnit;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.junit.jupiter.api.Test;

class TableMetersTest {

    private final SimpleMeterRegistry registry = new SimpleMeterRegistry();
    private final TableMeters meters = new TableMeters(registry, "shop.public.thing");

    @Test
    void aCommitFromTheFutureIsSkewAndNoLatency() {
        meters.acknowledged(committed(5_000_000), 2_000_000);
        meters.acknowledged(committed(5_000_000), 5_250_000);
        var latency = registry.get("millrace.commit.to.stage").timer();
        assertEquals(1, latency.count());
        assertEquals(0.25, latency.totalTime(TimeUnit.SECONDS));
        assertEquals(3, registry.get("millrace.clock.skew").timer().totalTime(TimeUnit.SECONDS));
    }

    private Captured committed(long micros) {
        return new Captured(new ProducerRecord<>("captured.shop.public.thing", new byte[1], new byte[1]), meters, micros, true);
    }
}
