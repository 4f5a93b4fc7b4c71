package io.millrace.pipeline.file;

import jakarta.validation.constraints.NotBlank;
import java.util.Map;

/**
 * A Kafka Connect single message transform.
 *
 * @param type the class's name, such as {@code org.apache.kafka.connect.transforms.MaskField$Value}
 * @param options its own options
 */
public record Transform(@NotBlank String type, Map<String, String> options) {}
