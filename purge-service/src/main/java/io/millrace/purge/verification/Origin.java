package io.millrace.purge.verification;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.millrace.pipeline.progress.KafkaWatch;
import io.millrace.pipeline.progress.Tail;
import io.millrace.pipeline.topic.Topics;
import io.millrace.purge.problem.RefusedException;
import io.millrace.purge.source.Pipelines;
import jakarta.annotation.PreDestroy;
import jakarta.enterprise.context.ApplicationScoped;
import java.time.Duration;
import java.util.List;

/** Which database capture reads, as it remembers in Kafka. Thread-safe. */
@ApplicationScoped
class Origin {

    private static final Duration PATIENCE = Duration.ofSeconds(5);
    private static final Duration LOOK_AGAIN = Duration.ofMillis(25);

    private final KafkaWatch kafka;
    private final ObjectMapper json;
    private final String topic;
    private final Tail state;

    Origin(Pipelines pipelines, KafkaWatch kafka, ObjectMapper json) {
        this.kafka = kafka;
        this.json = json;
        this.topic = Topics.captureState(pipelines.all().getFirst().source().name());
        this.state = kafka.tail(topic);
    }

    /**
     * The database that is captured.
     *
     * @throws RefusedException when capture has not said it
     */
    SourceSide.Identity captured() throws InterruptedException {
        long end = System.nanoTime() + PATIENCE.toNanos();
        var offsets = kafka.offsets();
        long wanted = offsets.ends(offsets.partitions(List.of(topic))).getOrDefault(state.partition(), 0L);
        while (state.position() < wanted && System.nanoTime() < end) {
            Thread.sleep(LOOK_AGAIN);
        }
        if (state.position() < wanted) {
            throw new RefusedException("what capture remembers of its source was not read within " + PATIENCE.toSeconds() + " s" + (state.trouble() == null ? "" : ": " + state.trouble()), "try again");
        }
        var mark = state.last().get("mark");
        try {
            var origin = mark == null ? null : json.readTree(mark).path("origin");
            if (origin == null || !origin.has("system")) {
                throw new RefusedException("capture has not said yet which database it reads", "wait until capture is ready, and try again");
            }
            return new SourceSide.Identity(Long.toUnsignedString(origin.path("system").asLong()), origin.path("database").asText());
        } catch (JsonProcessingException e) {
            throw new RefusedException("what capture remembers of its source cannot be read: " + e.getOriginalMessage(), "run the same version of all services");
        }
    }

    @PreDestroy
    void close() {
        state.close();
    }
}
