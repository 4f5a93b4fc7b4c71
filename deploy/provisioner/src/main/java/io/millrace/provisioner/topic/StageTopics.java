package io.millrace.provisioner.topic;

import io.millrace.pipeline.file.Pipeline;
import io.millrace.pipeline.file.PipelineFile;
import io.millrace.pipeline.topic.Topics;
import java.util.Collection;
import java.util.Set;
import java.util.SortedSet;
import java.util.TreeSet;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/** What the stages make for themselves in Kafka while they run, and what goes with their pipelines and with those that they replace. */
record StageTopics(Set<String> topics, Pattern joins) {

    /** The exchange, the state topic, the marks and the changelogs of a join's stores; and the group that has it built anew. */
    private static final String OF_JOIN = "(-exchange|-state|-marks|-[a-z]+-changelog|\\.recovery)?";

    /** @param standing those that are replaced and keep what is theirs */
    static StageTopics of(Collection<PipelineFile> files, Collection<String> standing) {
        var pipelines = files.stream().map(PipelineFile::pipeline).toList();
        var gone = replaced(files);
        gone.removeAll(standing);
        var ofSources = pipelines.stream().map(p -> p.source().name()).flatMap(s -> Stream.of(Topics.tablesRead(s), Topics.reached(s), Topics.captureState(s), Topics.captureMarks(s)));
        return new StageTopics(Stream.concat(ofSources, gone.stream().flatMap(StageTopics::documents)).collect(Collectors.toSet()), joins(Stream.concat(pipelines.stream().map(Pipeline::name), gone.stream())));
    }

    /** What belongs to one pipeline alone. */
    static StageTopics ofPipeline(String name) {
        return new StageTopics(documents(name).collect(Collectors.toSet()), joins(Stream.of(name)));
    }

    /** The pipelines that these files replace and that are none of theirs. */
    static SortedSet<String> replaced(Collection<PipelineFile> files) {
        var replaced = files.stream().flatMap(file -> file.pipeline().replaces().stream()).collect(Collectors.toCollection(TreeSet::new));
        files.forEach(file -> replaced.remove(file.pipeline().name()));
        return replaced;
    }

    private static Stream<String> documents(String pipeline) {
        return Stream.of(Topics.documents(pipeline), Topics.quarantineDocuments(pipeline), Topics.enrichment(pipeline));
    }

    private static Pattern joins(Stream<String> pipelines) {
        return Pattern.compile("millrace-denormalizer-(" + pipelines.map(Pattern::quote).collect(Collectors.joining("|")) + ")" + OF_JOIN);
    }

    boolean isTopic(String name) {
        return topics.contains(name) || isGroup(name);
    }

    /** Groups that several pipelines share stay: their offsets go with the topics. */
    boolean isGroup(String name) {
        return joins.matcher(name).matches();
    }
}
