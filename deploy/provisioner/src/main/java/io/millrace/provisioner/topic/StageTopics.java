package io.millrace.provisioner.topic;

import io.millrace.pipeline.file.PipelineFile;
import io.millrace.pipeline.topic.Topics;
import java.util.Collection;
import java.util.Set;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/** What the stages make for themselves in Kafka while they run, and what goes with their pipelines. */
record StageTopics(Set<String> sources, Pattern joins) {

    /** Of any generation: {@code millrace-denormalizer-<pipeline>[-g<n>]}, the exchange and the state topic and the changelogs of its stores. */
    private static final String GROUP = "(-g\\d+)?";
    private static final String TOPIC = "(-exchange|-state|-[a-z]+-changelog)";

    static StageTopics of(Collection<PipelineFile> files) {
        var pipelines = files.stream().map(f -> Pattern.quote(f.pipeline().name())).collect(Collectors.joining("|"));
        return new StageTopics(files.stream().map(f -> f.pipeline().source().name()).flatMap(s -> Stream.of(Topics.tablesRead(s), Topics.reached(s))).collect(Collectors.toSet()),
                Pattern.compile("millrace-denormalizer-(" + pipelines + ")" + GROUP + TOPIC + "?"));
    }

    boolean isTopic(String name) {
        return sources.contains(name) || isGroup(name);
    }

    /** Groups that several pipelines share stay: their offsets go with the topics. */
    boolean isGroup(String name) {
        return joins.matcher(name).matches();
    }
}
