package io.millrace.pipeline.retention;

import io.millrace.pipeline.comparison.CanonicalJson;
import io.millrace.pipeline.comparison.Json;
import io.millrace.pipeline.file.Pipeline;
import io.millrace.pipeline.file.RetentionRule;
import io.millrace.pipeline.file.TableName;
import io.millrace.pipeline.file.UsedColumns;
import io.millrace.pipeline.file.Where;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.List;
import java.util.Map;
import java.util.SortedMap;
import java.util.SortedSet;
import java.util.TreeMap;

/**
 * What time it is for a pipeline's documents, and which rules hold: the file says what is wanted, an order in the log what is done.
 * A document is in view when no rule's time is over at {@code asOf}; nobody asks a clock of his own.
 *
 * @param asOf in whole microseconds
 * @param rules none: nothing leaves
 */
public record RetentionOrder(Instant asOf, List<RetentionRule> rules) {

    /** The type of its rows in the outbox. */
    public static final String TYPE = "retain";

    public RetentionOrder {
        asOf = asOf.truncatedTo(ChronoUnit.MICROS);
        rules = List.copyOf(rules);
    }

    /** The form in which it travels. */
    public String json() {
        return CanonicalJson.write(members("asOf", new Json.Text(asOf.toString()), "rules", new Json.Elements(rules.stream().map(RetentionOrder::json).toList())));
    }

    private static Json json(RetentionRule rule) {
        var members = new TreeMap<String, Json>();
        members.put("column", new Json.Text(rule.column()));
        members.put("keep", keep(rule.keep()));
        if (rule.when() != null) {
            members.put("when", new Json.Elements(rule.when().any().stream().<Json>map(all -> new Json.Elements(all.stream().map(RetentionOrder::json).toList())).toList()));
        }
        if (rule.override() != null) {
            var override = new TreeMap<String, Json>();
            override.put("column", new Json.Text(rule.override().column()));
            override.put("unit", new Json.Text(rule.override().unit().name()));
            if (rule.override().one() != null) {
                override.put("one", new Json.Text(rule.override().one()));
            }
            members.put("override", new Json.Members(override));
        }
        return new Json.Members(members);
    }

    private static Json keep(RetentionRule.Keep keep) {
        return members("amount", new Json.Literal(Integer.toString(keep.amount())), "unit", new Json.Text(keep.unit().name()));
    }

    private static Json json(Where.Condition condition) {
        var members = new TreeMap<>(members("column", new Json.Text(condition.column()), "is", new Json.Text(condition.comparison().name())).members());
        members.put("values", new Json.Elements(condition.values().stream().<Json>map(Json.Text::new).toList()));
        return new Json.Members(members);
    }

    private static Json.Members members(String one, Json first, String other, Json second) {
        SortedMap<String, Json> members = new TreeMap<>();
        members.put(one, first);
        members.put(other, second);
        return new Json.Members(members);
    }

    /** @throws IllegalArgumentException when the text is no order */
    public static RetentionOrder parse(String text) {
        try {
            var json = CanonicalJson.read(text);
            return new RetentionOrder(Instant.parse(json.get("asOf").asText()), json.get("rules").items().stream().map(RetentionOrder::rule).toList());
        } catch (RuntimeException e) {
            throw new IllegalArgumentException("this is no order about retention: " + text, e);
        }
    }

    private static RetentionRule rule(Json json) {
        var when = json.get("when");
        var override = json.get("override");
        return new RetentionRule(json.get("column").asText(), new RetentionRule.Keep(Integer.parseInt(json.get("keep").get("amount").asText()), unit(json.get("keep"))),
                when == null ? null : new Where(when.items().stream().map(all -> all.items().stream().map(RetentionOrder::condition).toList()).toList()),
                override == null ? null : new RetentionRule.Stated(override.get("one") == null ? null : override.get("one").asText(), override.get("column").asText(), unit(override)));
    }

    /** The order as far as a pipeline can obey it: rules that ask for what its documents are not made of keep everything. The join has no such columns. */
    public RetentionOrder within(Pipeline pipeline) {
        var columns = UsedColumns.captured(pipeline);
        return rules.stream().allMatch(rule -> isWithin(rule, pipeline, columns)) ? this : new RetentionOrder(asOf, List.of());
    }

    private static boolean isWithin(RetentionRule rule, Pipeline pipeline, Map<TableName, SortedSet<String>> columns) {
        var root = columns.get(pipeline.document().table());
        var stated = rule.override();
        var table = stated == null || stated.one() == null ? pipeline.document().table() : pipeline.one(stated) == null ? null : pipeline.one(stated).node().table();
        return root.contains(rule.column()) && (rule.when() == null || rule.when().columns().allMatch(root::contains))
                && (stated == null || table != null && !pipeline.subscribed().contains(table) && columns.get(table).contains(stated.column()));
    }

    private static RetentionRule.Unit unit(Json json) {
        return RetentionRule.Unit.valueOf(json.get("unit").asText());
    }

    private static Where.Condition condition(Json json) {
        return new Where.Condition(json.get("column").asText(), Where.Comparison.valueOf(json.get("is").asText()), json.get("values").items().stream().map(Json::asText).toList());
    }
}
