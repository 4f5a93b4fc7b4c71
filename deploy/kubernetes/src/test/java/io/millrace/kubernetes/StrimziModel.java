package io.millrace.kubernetes;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.introspect.Annotated;
import com.fasterxml.jackson.databind.introspect.JacksonAnnotationIntrospector;
import io.strimzi.api.kafka.model.kafka.Kafka;
import io.strimzi.api.kafka.model.nodepool.KafkaNodePool;
import io.strimzi.api.kafka.model.user.KafkaUser;
import java.util.Map;
import java.util.stream.Stream;

/** Strimzi publishes its kinds as the classes that its operator reads them into, instead of a schema. */
final class StrimziModel {

    private static final Map<String, Class<?>> KINDS = Map.of("Kafka", Kafka.class, "KafkaNodePool", KafkaNodePool.class, "KafkaUser", KafkaUser.class);
    private static final ObjectMapper STRICT = new ObjectMapper().setAnnotationIntrospector(new JacksonAnnotationIntrospector() {
        /** The classes keep what they do not know; here it is an error. */
        @Override
        public Boolean hasAnySetter(Annotated member) {
            return false;
        }
    });

    private StrimziModel() {}

    static boolean knows(JsonNode object) {
        return object.path("apiVersion").asText().equals("kafka.strimzi.io/v1") && KINDS.containsKey(Manifests.kind(object));
    }

    static Stream<String> complaints(JsonNode object) {
        try {
            STRICT.treeToValue(object, KINDS.get(Manifests.kind(object)));
            return Stream.of();
        } catch (JsonProcessingException e) {
            return Stream.of(Manifests.id(object) + ": " + e.getOriginalMessage());
        }
    }
}
