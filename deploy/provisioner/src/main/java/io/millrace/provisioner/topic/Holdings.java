package io.millrace.provisioner.topic;

import io.millrace.pipeline.file.PipelineFile;
import io.millrace.pipeline.topic.Topics;
import java.util.Collection;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.SortedMap;
import java.util.SortedSet;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.function.Function;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.apache.kafka.clients.admin.GroupListing;
import org.apache.kafka.common.GroupState;

/**
 * What a Kafka holds at one moment, and what that says of pipelines whose files were not given.
 *
 * @param topics all of them
 * @param groups all of them
 * @param read asks for the topics of which a group has offsets; Kafka forgets these some days after the group's last member has left
 */
record Holdings(Set<String> topics, Collection<GroupListing> groups, Function<String, Set<String>> read) {

    /** Kind, source, schema and table. */
    private static final int TABLES_TOPIC_PARTS = 4;

    /** The sources that have topics of captured rows and are none of these files'. */
    SortedSet<String> otherSources(Collection<PipelineFile> files) {
        return topics.stream().filter(topic -> topic.startsWith(Topics.CAPTURED) && topic.split("\\.").length == TABLES_TOPIC_PARTS).map(Topics::source)
                .filter(source -> files.stream().noneMatch(file -> file.pipeline().source().name().equals(source))).collect(Collectors.toCollection(TreeSet::new));
    }

    /** Those that these files replace and that stand all the same, with why. One that reads the rows of these files' own sources ends with them, unless it runs. */
    SortedMap<String, String> standing(Collection<PipelineFile> files) {
        var standing = new TreeMap<String, String>();
        StageTopics.replaced(files).stream().filter(pipeline -> !of(pipeline).isEmpty()).forEach(pipeline -> why(pipeline, files).ifPresent(why -> standing.put(pipeline, why)));
        return standing;
    }

    private Optional<String> why(String pipeline, Collection<PipelineFile> files) {
        var group = Topics.joinGroup(pipeline);
        if (groups.stream().anyMatch(listed -> listed.groupId().equals(group) && isRunning(listed))) {
            return Optional.of("its join runs");
        }
        var others = otherSources(files);
        var rows = rowsRead(group);
        if (rows.isEmpty()) {
            return others.isEmpty() ? Optional.empty() : Optional.of("Kafka has no offsets of its join, so that it may read any of the other sources there: " + String.join(", ", others));
        }
        return rows.stream().map(Topics::source).filter(others::contains).findFirst().map(source -> "it reads the source '" + source + "'");
    }

    /** What there is of one pipeline alone, in words. */
    List<String> of(String pipeline) {
        var own = StageTopics.ofPipeline(pipeline);
        return Stream.concat(topics.stream().filter(own::isTopic).sorted().map(topic -> "topic " + topic), groups.stream().map(GroupListing::groupId).filter(own::isGroup).sorted().map(group -> "group " + group)).toList();
    }

    /** The joins that run, are of none of these files, and would be left without rows if these topics went: which of them each reads, by the join's group. */
    SortedMap<String, List<String>> readers(Collection<PipelineFile> files, Set<String> gone) {
        var own = files.stream().map(file -> Topics.joinGroup(file.pipeline().name())).collect(Collectors.toSet());
        var readers = new TreeMap<String, List<String>>();
        groups.stream().filter(group -> group.groupId().startsWith(Topics.joinGroup("")) && !own.contains(group.groupId()) && isRunning(group)).map(GroupListing::groupId).forEach(group -> {
            var rows = rowsRead(group).stream().filter(gone::contains).toList();
            if (!rows.isEmpty()) {
                readers.put(group, rows);
            }
        });
        return readers;
    }

    private static boolean isRunning(GroupListing group) {
        return group.groupState().filter(state -> state != GroupState.EMPTY && state != GroupState.DEAD).isPresent();
    }

    private List<String> rowsRead(String group) {
        return read.apply(group).stream().filter(topic -> topic.startsWith(Topics.ROWS) && topics.contains(topic)).sorted().toList();
    }
}
