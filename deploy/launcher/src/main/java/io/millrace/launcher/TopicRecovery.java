package io.millrace.launcher;

import io.millrace.launcher.stack.StackAccess;
import io.millrace.local.LocalException;
import io.millrace.pipeline.log.Recovery;
import io.millrace.pipeline.topic.Topics;
import io.millrace.pipeline.wording.Counted;
import java.io.IOException;
import java.io.PrintWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.Map;
import java.util.Properties;
import org.apache.kafka.common.KafkaException;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** The options that say which Kafka and which group are meant, and what is decided there. */
final class TopicRecovery {

    @Mixin
    private DataFolder data;
    @Option(names = "--kafka", paramLabel = "FILE", description = "Properties of a Kafka client: bootstrap.servers, and security settings where there are any. Default: the Kafka of the stack which runs on the data folder.")
    private Path file;
    @Option(names = "--group", paramLabel = "NAME", defaultValue = "millrace-gate", description = "The gate's consumer group. Default: ${DEFAULT-VALUE}.")
    private String group;

    DataFolder data() {
        return data;
    }

    /** Whether it is the name of a topic that a stage can read again. */
    static boolean isTopic(String what) {
        return what.startsWith(Topics.CAPTURED) || what.startsWith(Topics.QUARANTINE) && !what.startsWith(Topics.QUARANTINE + Topics.DOCUMENTS);
    }

    /** @throws LocalException where Kafka does not answer, or there is no such topic */
    void recover(String topic, PrintWriter out) throws IOException, InterruptedException {
        try (var recovery = new Recovery(settings(), Topics.GATE_MARKS, group)) {
            var records = recovery.readFromStart(topic);
            out.printf("%s is read again from the first record that is there, about %s in %s; the gate goes by it within seconds.%n",
                    topic, Counted.of(records.values().stream().mapToLong(Long::longValue).sum(), "record"), Counted.of(records.size(), "partition"));
            out.flush();
        } catch (KafkaException e) {
            throw new LocalException("Having " + topic + " read again failed: " + e.getMessage() + ". Run it again", e);
        }
    }

    /** Of every client of Kafka. */
    Map<String, Object> settings() throws IOException {
        if (file == null) {
            var kafka = data.running().process("kafka").orElseThrow(() -> new LocalException("The stack on " + data.path() + " has no Kafka; say with --kafka how to reach it"));
            return StackAccess.of(data.path()).kafka("localhost:" + kafka.port());
        }
        var properties = new Properties();
        try (var in = Files.newBufferedReader(file)) {
            properties.load(in);
        }
        var settings = new HashMap<String, Object>();
        properties.forEach((name, value) -> settings.put(name.toString(), value));
        return settings;
    }
}
