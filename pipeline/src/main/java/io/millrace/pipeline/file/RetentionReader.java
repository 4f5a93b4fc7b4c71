package io.millrace.pipeline.file;

import io.millrace.pipeline.file.RetentionRule.Keep;
import io.millrace.pipeline.file.RetentionRule.Stated;
import io.millrace.pipeline.file.RetentionRule.Unit;
import java.util.List;
import java.util.Locale;
import java.util.regex.Pattern;

/** Reads what a pipeline file says of retention. */
final class RetentionReader {

    private static final double DEFAULT_HOLD = 0.2;
    private static final Pattern KEEP = Pattern.compile("(\\d{1,6}) ?(hour|day|week|month|year)s?");

    private RetentionReader() {}

    /** One rule, or several under {@code rules}. */
    static Retention retention(Yaml yaml) {
        var hold = HoldReader.hold(yaml.get("hold"), "documents");
        var several = yaml.get("rules");
        var rules = several == null ? List.of(rule(yaml)) : several.elements(each -> {
            var rule = rule(each);
            each.done();
            return rule;
        });
        yaml.done();
        return new Retention(rules, hold == null ? DEFAULT_HOLD : hold);
    }

    private static RetentionRule rule(Yaml yaml) {
        var column = yaml.need("column");
        var keep = yaml.need("keep");
        var override = yaml.get("override");
        return new RetentionRule(column == null ? null : column.text(), keep == null ? null : keep(keep), ExpressionReader.where(yaml.get("when")), override == null ? null : override(override));
    }

    private static Keep keep(Yaml yaml) {
        var text = yaml.text();
        var match = text == null ? null : KEEP.matcher(text);
        if (match == null || !match.matches()) {
            yaml.problem("'" + text + "' is not a length of time; write a number and hours, days, weeks, months or years, such as 13 months");
            return null;
        }
        return new Keep(Integer.parseInt(match.group(1)), Unit.valueOf(match.group(2).toUpperCase(Locale.ROOT) + "S"));
    }

    private static Stated override(Yaml yaml) {
        var one = yaml.get("one");
        var column = yaml.need("column");
        var unit = yaml.need("unit");
        var override = new Stated(one == null ? null : one.text(), column == null ? null : column.text(), unit == null ? null : unit.oneOfWords(Unit.class));
        yaml.done();
        return override;
    }

    /** An override must stand in a row that every partition of the join has. */
    static void refuseUnreachable(Pipeline pipeline, Yaml yaml) {
        for (var rule : pipeline.retention().rules()) {
            if (rule == null || rule.override() == null || rule.override().one() == null || pipeline.document() == null) {
                continue;
            }
            var one = pipeline.one(rule.override());
            if (one == null) {
                yaml.problem("the override's one: '" + rule.override().one() + "' is no relation under document.one; name one of these, or leave it out where the column is the root's own");
            } else if (pipeline.subscribed().contains(one.node().table())) {
                yaml.problem("the override's table " + one.node().table() + " is subscribed to, so that not every partition has its rows; take tables." + one.node().table() + ".lookup: subscribe out");
            }
        }
    }
}
