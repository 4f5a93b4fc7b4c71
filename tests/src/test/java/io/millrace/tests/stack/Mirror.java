package io.millrace.tests.stack;

import io.millrace.local.ManagedProcess;
import io.millrace.local.ProcessSpec;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;

/** MirrorMaker 2 as a process of its own, with the settings of the page about other places for documents. */
public final class Mirror {

    private static final String MAIN = "org.apache.kafka.connect.mirror.MirrorMaker";

    private Mirror() {}

    /**
     * One that copies {@code documents.*}; it is not started yet.
     *
     * @param folder of its settings and its log
     * @param here addresses of the brokers that have the topics
     * @param there addresses of those that get them
     */
    public static ManagedProcess of(Path folder, String here, String there) throws IOException {
        var settings = new ArrayList<>(List.of("clusters=here,there", "here.bootstrap.servers=" + here, "there.bootstrap.servers=" + there, "here->there.enabled=true", "there->here.enabled=false", "here->there.topics=documents\\\\..*",
                "replication.policy.class=org.apache.kafka.connect.mirror.IdentityReplicationPolicy", "sync.topic.configs.enabled=true", "there.producer.compression.type=none", "refresh.topics.interval.seconds=5"));
        // One broker each.
        for (var topic : List.of("", "checkpoints.topic.", "heartbeats.topic.", "offset-syncs.topic.", "offset.storage.", "config.storage.", "status.storage.")) {
            settings.add(topic + "replication.factor=1");
        }
        var file = folder.resolve("mirror.properties");
        Files.createDirectories(folder);
        Files.write(file, settings);
        var built = DemoStack.home().resolve("deploy").resolve("connect").resolve("target");
        if (!Files.exists(built.resolve("millrace-connect.jar"))) {
            throw new IllegalStateException("MirrorMaker is not built in " + built + "; run the suite with -Dconnect, which builds it");
        }
        return new ManagedProcess(ProcessSpec.jvm("mirror", folder, "256m", List.of("-Dlog4j2.configurationFile=io/millrace/connect/log4j2.xml", "-cp", built.resolve("millrace-connect.jar") + ":" + built.resolve("lib") + "/*", MAIN, file.toString()),
                folder, Map.of(), Map.of(), () -> true));
    }
}
