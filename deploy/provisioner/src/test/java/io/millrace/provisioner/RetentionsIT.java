package io.millrace.provisioner;

import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.millrace.local.LocalServers;
import io.millrace.local.Ports;
import io.millrace.pipeline.file.Keeping;
import io.millrace.pipeline.file.PipelineFiles;
import io.millrace.provisioner.topic.Retentions;
import io.millrace.provisioner.topic.KafkaTopics;
import java.net.URI;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class RetentionsIT {

    @TempDir
    Path folder;

    @Test
    void timesThatDoNotFitEachOtherAreComplainedAbout() {
        var checks = check(Map.of(), Keeping.DEFAULT, new Keeping(Duration.ofDays(5), Duration.ofDays(4), Duration.ofDays(30)));
        assertInstanceOf(Check.Done.class, checks.getFirst());
        var shorter = assertInstanceOf(Check.Advised.class, checks.getLast());
        assertTrue(shorter.advice().toString().contains("Deletions are kept for PT96H (kafka.keep.deletions), and captured records for PT120H"), shorter::toString);
    }

    @Test
    void aKafkaThatForgetsOffsetsBeforeTheRecordsThatTheyCountIsComplainedAbout() {
        var advised = assertInstanceOf(Check.Advised.class, check(Map.of("offsets.retention.minutes", "60"), Keeping.DEFAULT).getFirst());
        assertTrue(advised.advice().toString().contains("after PT1H (offsets.retention.minutes)") && advised.advice().toString().contains("Set offsets.retention.minutes=10080"), advised::toString);
    }

    private List<Check> check(Map<String, String> settings, Keeping... keepings) {
        var servers = LocalServers.in(folder.resolve("kafka"), Ports.free(), Map.of(), settings);
        servers.kafka().launch();
        servers.kafka().awaitReady();
        try (var topics = new KafkaTopics(new Targets(servers.kafkaBootstrap(), URI.create(servers.registryUrl()), 4, (short) 1), PipelineFiles.load(List.of(Path.of("../demo/pipelines"))))) {
            return Stream.of(keepings).map(keeping -> new Retentions(topics, keeping).check()).toList();
        } finally {
            servers.kafka().kill();
        }
    }
}
