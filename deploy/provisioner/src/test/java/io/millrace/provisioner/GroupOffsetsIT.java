package io.millrace.provisioner;

import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.millrace.local.LocalServers;
import io.millrace.local.Ports;
import io.millrace.pipeline.file.PipelineFiles;
import io.millrace.provisioner.topic.GroupOffsets;
import io.millrace.provisioner.topic.KafkaTopics;
import java.net.URI;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class GroupOffsetsIT {

    @TempDir
    Path folder;

    @Test
    void aKafkaThatForgetsOffsetsBeforeTheRecordsThatTheyCountIsComplainedAbout() {
        assertInstanceOf(Check.Done.class, check(Map.of()));
        var advised = assertInstanceOf(Check.Advised.class, check(Map.of("offsets.retention.minutes", "60")));
        assertTrue(advised.advice().toString().contains("after PT1H (offsets.retention.minutes)") && advised.advice().toString().contains("Set offsets.retention.minutes=10080"), advised::toString);
    }

    private Check check(Map<String, String> settings) {
        var servers = LocalServers.in(folder.resolve("kafka" + settings.size()), Ports.free(), Map.of(), settings);
        servers.kafka().launch();
        servers.kafka().awaitReady();
        try (var topics = new KafkaTopics(new Targets(servers.kafkaBootstrap(), URI.create(servers.registryUrl()), 4, (short) 1), PipelineFiles.load(List.of(Path.of("../demo/pipelines"))))) {
            return new GroupOffsets(topics).check();
        } finally {
            servers.kafka().kill();
        }
    }
}
