package io.millrace.provisioner.topic;

import io.millrace.pipeline.file.Pipeline;
import io.millrace.pipeline.file.PipelineFile;
import io.millrace.pipeline.topic.Topics;
import java.util.Collection;
import java.util.Set;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/** What the stages make for themselves in Kafka while they run, and what goes with their pipelines and with those that they replace. */
record StageTopics(Set<String> topics, Pattern joins) {

    /** The exchange, the state topic, the marks and the changelogs of a join's stores; and the group that has it built anew. */
    private static final String OF_JOIN = "(-exchange|-state|-marks|-[a-z]+-changelog|\\.recovery)?";

    static StageTopics of(Collection<PipelineFile> files) {
        var pipelines = files.stream().map(PipelineFile::pipeline).toList();
        var replaced = pipelines.stream().flatMap(p -> p.replaces().stream()).distinct().toList();
        var names = Stream.concat(pipelines.stream().map(Pipeline::name), replaced.stream()).map(Pattern::quote).collect(Collectors.joining("|"));
        var ofSources = pipelines.stream().map(p -> p.source().name()).flatMap(s -> Stream.of(Topics.tablesRead(s), Topics.reached(s), Topics.captureState(s), Topics.captureMarks(s)));
        var ofReplaced = replaced.stream().flatMap(name -> Stream.of(Topics.documents(name), Topics.quarantineDocuments(name), Topics.enrichment(name)));
        return new StageTopics(Stream.concat(ofSources, ofReplaced).collect(Collectors.toSet()), Pattern.compile("millrace-denormalizer-(" + names + ")" + OF_JOIN));
    }

    boolean isTopic(String name) {
        return topics.contains(name) || isGroup(name);
    }

    /** Groups that several pipelines share stay: their offsets go with the topics. */
    boolean isGroup(String name) {
        return joins.matcher(name).matches();
    }
}
