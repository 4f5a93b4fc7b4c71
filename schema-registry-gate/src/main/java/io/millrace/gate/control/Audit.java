package io.millrace.gate.control;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.millrace.gate.KafkaClients;
import io.quarkus.runtime.annotations.RegisterForReflection;
import jakarta.enterprise.context.ApplicationScoped;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.time.Instant;
import java.util.Map;
import java.util.concurrent.ExecutionException;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.KafkaException;
import org.jboss.logging.Logger;

/** Who decided what about parked records, and why; a topic that keeps everything, and the log. */
@ApplicationScoped
public class Audit {

    static final String TOPIC = "millrace.gate.audit";

    private static final Logger LOG = Logger.getLogger("millrace.audit");

    private final KafkaClients kafka;
    private final ObjectMapper json;

    Audit(KafkaClients kafka, ObjectMapper json) {
        this.kafka = kafka;
        this.json = json;
    }

    /**
     * @param subject the table, or {@code breaker}
     * @param action what was done: accept, replay, discard, hold, reset
     * @param who the caller as authenticated
     * @param why the reason that the caller gave
     * @param detail what else belongs to it
     */
    @RegisterForReflection
    public record Entry(Instant at, String subject, String action, String who, String why, Map<String, Object> detail) {}

    /** Returns once the entry is durable. */
    public void write(Entry entry) throws InterruptedException {
        try {
            LOG.infof("%s of %s by %s: %s %s", entry.action(), entry.subject(), entry.who(), entry.why(), entry.detail());
            kafka.producer().send(new ProducerRecord<>(TOPIC, 0, entry.subject().getBytes(StandardCharsets.UTF_8), json.writeValueAsBytes(entry))).get();
        } catch (JsonProcessingException e) {
            throw new UncheckedIOException(e);
        } catch (ExecutionException e) {
            throw new KafkaException("Writing the audit entry to " + TOPIC + " failed, so nothing was changed: " + e.getCause().getMessage(), e.getCause());
        }
    }
}
