package io.millrace.pipeline.file;

import jakarta.validation.Valid;
import jakarta.validation.constraints.NotNull;
import jakarta.validation.constraints.Pattern;
import java.time.Duration;
import java.util.Collection;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.SequencedSet;
import java.util.Set;
import java.util.SortedMap;
import java.util.TreeMap;

/**
 * What one pipeline file asks for: the tables of a source, joined into a document, in an index.
 *
 * @param name names the topic of the documents, the Streams application and, unless the file says otherwise, the index
 * @param replaces pipelines of which this one is a later generation, the last first: it has their index name, takes the alias
 *     over once its own index has caught up, and obeys the erasures that were asked of them; mostly empty
 * @param source the database; pipelines with the same source name share its slot
 * @param recovery what is done when the state or the documents of its join cannot be trusted any more, and its rows can
 * @param compatibility the rule for the schemas of its tables that have none of their own; null where the file says none
 * @param tables what is special about single tables; a table that is not listed has the defaults
 * @param subscribed the look-up tables whose rows go only to where a document refers to them; those of the others go everywhere
 * @param document the shape of the documents
 * @param target where they go
 * @param index where and how they are searched
 * @param retention when documents leave by time alone; null where they stay
 * @param hold the share, 0 to 1, of the root table's rows of which more may leave at once only when a person agrees; null where all may
 * @param subjects who may ask to be forgotten, by name
 * @param enrichment what others add to the documents, which {@code document} has as a relation; null where nobody may
 * @param trace what is traced
 * @param events as which kind of event others can read the documents
 * @param latency how long one change in a hundred may take at most from its commit to the index
 */
public record Pipeline(
        @NotNull @Pattern(regexp = NAME, message = NAME_RULE) String name,
        @NotNull List<@NotNull @Pattern(regexp = NAME, message = NAME_RULE) String> replaces,
        @NotNull @Valid Source source,
        @NotNull Source.Recovery recovery,
        Compatibility compatibility,
        Map<TableName, @Valid TableSettings> tables,
        Set<TableName> subscribed,
        @NotNull @Valid Node document,
        @NotNull Target target,
        @NotNull @Valid Index index,
        @Valid Retention retention,
        Double hold,
        SortedMap<String, @Valid Subject> subjects,
        @Valid Enrichment enrichment,
        Trace trace,
        @NotNull Events events,
        @NotNull Duration latency) {

    /** The target of a file that names none. */
    public static final Duration DEFAULT_LATENCY = Duration.ofSeconds(5);

    static final String NAME = "[a-z][a-z0-9-]{0,39}";
    static final String NAME_RULE = "must be lower-case letters, digits and hyphens, begin with a letter, and be at most 40 long";

    /** Every table that goes into the documents, link tables included, the root first, each once. */
    public SequencedSet<TableName> tableNames() {
        return tableNames(document);
    }

    static SequencedSet<TableName> tableNames(Node node) {
        var names = new LinkedHashSet<TableName>();
        collect(node, names);
        return names;
    }

    /**
     * The pipelines that make documents of the same rows for the same index: this one, those that it replaces, and those of
     * the others that replace it. What is erased for one is erased for all.
     */
    public SequencedSet<String> generations(Collection<Pipeline> others) {
        var names = new LinkedHashSet<String>();
        names.add(name);
        names.addAll(replaces);
        others.stream().filter(other -> other.replaces().contains(name)).forEach(other -> names.add(other.name()));
        return names;
    }

    private static void collect(Node node, SequencedSet<TableName> into) {
        into.add(node.table());
        for (var relation : node.relations()) {
            if (relation instanceof Many many && many.through() != null) {
                into.add(many.through().table());
            }
            collect(relation.node(), into);
        }
    }

    /** The tables of which a row may be shown in any number of documents: what an object relation or a link table leads to, and all below. */
    public SequencedSet<TableName> lookUpTables() {
        var names = new LinkedHashSet<TableName>();
        lookUps(document, names);
        return names;
    }

    private static void lookUps(Node node, SequencedSet<TableName> into) {
        for (var relation : node.relations()) {
            if (relation instanceof Many many && many.through() == null) {
                lookUps(many.node(), into);
            } else if (!(relation instanceof One one && one.own())) {
                collect(relation.node(), into);
            }
        }
    }

    /** The relation of the root in whose row an override stands; null where there is none of that name. */
    public One one(RetentionRule.Stated override) {
        return document.relations().stream().filter(One.class::isInstance).map(One.class::cast).filter(one -> !one.own() && one.name().equals(override.one())).findFirst().orElse(null);
    }

    /** The share, 0 to 1, of a table's rows of which more may leave at once only when a person agrees: what the file says of the table, else of the documents if these are its rows; null where all may. */
    public Double hold(TableName table) {
        var stated = settings(table).hold();
        return stated == null && document.table().equals(table) ? hold : stated;
    }

    /** What becomes of a table's rows that carry somebody who is erased, by the subject's name. It is the table's, for all pipelines of the source. */
    public SortedMap<String, Subject.Place> erasing(TableName table) {
        var places = new TreeMap<String, Subject.Place>();
        subjects.forEach((name, subject) -> {
            if (subject.places().containsKey(table)) {
                places.put(name, subject.places().get(table));
            }
        });
        return places;
    }

    /** What holds for a table of this pipeline. */
    public TableSettings settings(TableName table) {
        return stated().getOrDefault(table, TableSettings.DEFAULT);
    }

    /** The tables of which this file says something; of the others another file of the source may. */
    public Map<TableName, TableSettings> stated() {
        var stated = new LinkedHashMap<TableName, TableSettings>();
        if (compatibility != null) {
            tableNames().forEach(table -> stated.put(table, TableSettings.of(compatibility)));
        }
        stated.putAll(tables);
        return stated;
    }
}
