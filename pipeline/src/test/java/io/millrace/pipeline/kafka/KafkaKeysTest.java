package io.millrace.pipeline.kafka;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.util.HashMap;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.Test;

class KafkaKeysTest {

    @Test
    void everyKeyUnderKafkaThatHasAValueGoesToTheClientsAndNoOther() {
        var all = new HashMap<>(Map.of("kafka.bootstrap.servers", "here:1", "kafka.sasl.mechanism", "PLAIN", "millrace.kafka.x", "no", "kafkaesque", "no"));
        all.put("kafka.ssl.key.password", null);
        assertEquals(Map.of("bootstrap.servers", "here:1", "sasl.mechanism", "PLAIN"), KafkaKeys.of(all.keySet(), name -> Optional.ofNullable(all.get(name))));
    }
}
