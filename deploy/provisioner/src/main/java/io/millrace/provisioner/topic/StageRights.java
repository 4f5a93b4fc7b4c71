package io.millrace.provisioner.topic;

import static org.apache.kafka.common.acl.AclOperation.ALTER_CONFIGS;
import static org.apache.kafka.common.acl.AclOperation.CREATE;
import static org.apache.kafka.common.acl.AclOperation.DELETE;
import static org.apache.kafka.common.acl.AclOperation.DESCRIBE;
import static org.apache.kafka.common.acl.AclOperation.DESCRIBE_CONFIGS;
import static org.apache.kafka.common.acl.AclOperation.READ;
import static org.apache.kafka.common.acl.AclOperation.WRITE;

import io.millrace.pipeline.topic.Topics;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.SequencedMap;
import java.util.Set;
import org.apache.kafka.common.acl.AclOperation;
import org.apache.kafka.common.resource.PatternType;
import org.apache.kafka.common.resource.ResourcePattern;
import org.apache.kafka.common.resource.ResourceType;

/**
 * What a service may do with topics or groups whose names begin so. Each may do what its stage does and nothing else: a wrong
 * address in one of them cannot write into the stage after the next.
 */
public record StageRights(ResourcePattern pattern, Set<AclOperation> operations) {

    private static final String CAPTURE = "millrace.capture.";
    private static final String GATE = "millrace.gate.";
    private static final String JOIN = "millrace-denormalizer-";

    /** By the service's name. */
    public static final SequencedMap<String, List<StageRights>> SERVICES = services();

    private static SequencedMap<String, List<StageRights>> services() {
        var services = new LinkedHashMap<String, List<StageRights>>();
        services.put("capture-service", List.of(topics(Topics.CAPTURED, READ, WRITE, DESCRIBE, DESCRIBE_CONFIGS), topics(CAPTURE, CREATE, READ, WRITE, DESCRIBE, DESCRIBE_CONFIGS),
                topics(Topics.ROWS, READ, DESCRIBE)));
        services.put("schema-registry-gate", List.of(topics(Topics.CAPTURED, READ, DESCRIBE, DESCRIBE_CONFIGS), topics(Topics.ROWS, READ, WRITE, DESCRIBE, DESCRIBE_CONFIGS),
                topics(Topics.QUARANTINE, READ, WRITE, DELETE, DESCRIBE, DESCRIBE_CONFIGS, ALTER_CONFIGS), topics(GATE, CREATE, READ, WRITE, DESCRIBE, DESCRIBE_CONFIGS), groups("millrace-gate", READ)));
        services.put("denormalizer-service", List.of(topics(Topics.ROWS, READ, DESCRIBE, DESCRIBE_CONFIGS), topics(Topics.DOCUMENTS, READ, WRITE, DESCRIBE, DESCRIBE_CONFIGS),
                topics(Topics.QUARANTINE + Topics.DOCUMENTS, WRITE, DESCRIBE), topics(JOIN, CREATE, READ, WRITE, DELETE, DESCRIBE, DESCRIBE_CONFIGS, ALTER_CONFIGS), groups(JOIN, READ, DESCRIBE),
                topics(Topics.CAPTURED, DESCRIBE), topics(CAPTURE, READ, DESCRIBE), groups("millrace-gate", DESCRIBE), groups("millrace-indexer", DESCRIBE)));
        services.put("search-indexer", List.of(topics(Topics.DOCUMENTS, READ, DESCRIBE, DESCRIBE_CONFIGS), topics(Topics.QUARANTINE + Topics.DOCUMENTS, READ, WRITE, DESCRIBE), topics(JOIN, READ, DESCRIBE),
                groups("millrace-indexer", READ, DELETE)));
        // Beside its own work it says how far each stage has got: it describes their groups and reads what they say of themselves.
        services.put("purge-service", List.of(topics(Topics.DOCUMENTS, READ, DESCRIBE, DESCRIBE_CONFIGS), groups("millrace-purge", READ), topics(Topics.CAPTURED, DESCRIBE, DESCRIBE_CONFIGS), topics(Topics.ROWS, DESCRIBE, DESCRIBE_CONFIGS),
                topics(Topics.QUARANTINE, DESCRIBE, DESCRIBE_CONFIGS), topics(CAPTURE, READ, DESCRIBE), topics(GATE, READ, DESCRIBE), topics(JOIN, READ, DESCRIBE, DESCRIBE_CONFIGS), groups("millrace-gate", DESCRIBE), groups(JOIN, DESCRIBE),
                groups("millrace-indexer", DESCRIBE), topics(Topics.ENRICHMENT, READ, DESCRIBE, DESCRIBE_CONFIGS), topics(Topics.QUARANTINE + Topics.DOCUMENTS, WRITE, DESCRIBE)));
        // Describing is all that an autoscaler needs.
        services.put("scaler", List.of(topics(Topics.CAPTURED, DESCRIBE), topics(Topics.ROWS, DESCRIBE), topics(Topics.DOCUMENTS, DESCRIBE), topics(Topics.ENRICHMENT, DESCRIBE), topics(JOIN, DESCRIBE), groups("millrace-", DESCRIBE)));
        return services;
    }

    private static StageRights topics(String prefix, AclOperation... operations) {
        return new StageRights(new ResourcePattern(ResourceType.TOPIC, prefix, PatternType.PREFIXED), Set.of(operations));
    }

    private static StageRights groups(String prefix, AclOperation... operations) {
        return new StageRights(new ResourcePattern(ResourceType.GROUP, prefix, PatternType.PREFIXED), Set.of(operations));
    }
}
