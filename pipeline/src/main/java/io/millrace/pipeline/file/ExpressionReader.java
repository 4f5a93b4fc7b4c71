package io.millrace.pipeline.file;

import io.millrace.pipeline.file.Expression.Cast;
import io.millrace.pipeline.file.Expression.Coalesce;
import io.millrace.pipeline.file.Expression.Column;
import io.millrace.pipeline.file.Expression.Concat;
import io.millrace.pipeline.file.Expression.Constant;
import io.millrace.pipeline.file.Expression.Element;
import io.millrace.pipeline.file.Expression.GeoPoint;
import io.millrace.pipeline.file.Expression.JsonPath;
import io.millrace.pipeline.file.Expression.Mask;
import io.millrace.pipeline.file.Expression.Replace;
import io.millrace.pipeline.file.Expression.Text;
import io.millrace.pipeline.file.Where.Comparison;
import io.millrace.pipeline.file.Where.Condition;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;

/** Reads what stands for a value, and what stands for a choice of rows. */
final class ExpressionReader {

    private static final String FUNCTIONS = "value, concat, coalesce, cast, json, element, lower, upper, trim, replace, hash, mask, geo";
    private static final Map<String, Comparison> COMPARISONS = Map.of(
            "min", Comparison.AT_LEAST, "max", Comparison.AT_MOST, "above", Comparison.ABOVE, "below", Comparison.BELOW);

    private ExpressionReader() {}

    /** The value of a field: an expression, or a point. */
    static Expression field(Yaml yaml) {
        var geo = yaml.isText() ? null : yaml.get("geo");
        if (geo == null) {
            return expression(yaml);
        }
        var lat = geo.need("lat");
        var lon = geo.need("lon");
        var point = new GeoPoint(lat == null ? null : expression(lat), lon == null ? null : expression(lon));
        geo.done();
        yaml.done();
        return point;
    }

    /** A column's name, or a mapping with one function and its options; null where it is neither. */
    static Expression expression(Yaml yaml) {
        if (yaml.isText()) {
            var column = yaml.text();
            return column == null ? null : new Column(column);
        }
        var function = yaml.firstKey();
        var argument = function == null ? null : yaml.get(function);
        var made = argument == null ? null : switch (function) {
            case "value" -> constant(argument);
            case "concat" -> new Concat(argument.elements(ExpressionReader::expression), yaml.get("delimiter") instanceof Yaml delimiter ? delimiter.text() : "");
            case "coalesce" -> new Coalesce(argument.elements(ExpressionReader::expression));
            case "cast" -> new Cast(expression(argument), type(yaml.need("to")));
            case "json" -> new JsonPath(expression(argument), path(yaml.need("path")));
            case "element" -> new Element(expression(argument), number(yaml.need("at")));
            case "lower" -> new Text(Text.Function.LOWER, expression(argument));
            case "upper" -> new Text(Text.Function.UPPER, expression(argument));
            case "trim" -> new Text(Text.Function.TRIM, expression(argument));
            case "hash" -> new Text(Text.Function.HASH, expression(argument));
            case "replace" -> new Replace(expression(argument), text(yaml.need("find")), text(yaml.need("with")));
            case "mask" -> new Mask(expression(argument), yaml.get("keep") instanceof Yaml keep ? keep.number(0) : 0);
            default -> null;
        };
        if (made == null && !(function != null && function.equals("value"))) {
            yaml.problem((function == null ? "there is no function here" : "geo".equals(function) ? "'geo' is only allowed as a field of its own" : "'" + function + "' is not a function")
                    + "; a value is a column's name or one of {" + FUNCTIONS + ": …}" + (function == null ? "" : Elsewhere.hint(function)));
            return null;
        }
        yaml.done();
        return made;
    }

    private static Constant constant(Yaml yaml) {
        var kind = switch (yaml.scalar()) {
            case TEXT -> Constant.Kind.TEXT;
            case NUMBER -> Constant.Kind.NUMBER;
            case BOOLEAN -> Constant.Kind.BOOLEAN;
            case NULL, NONE -> null;
        };
        if (kind == null) {
            yaml.problem("a constant is a text, a number, true or false");
            return null;
        }
        var text = yaml.text();
        if (kind == Constant.Kind.NUMBER && !text.matches("-?(0|[1-9][0-9]*)(\\.[0-9]+)?")) {
            yaml.problem("'" + text + "' is not a number as JSON writes it without an exponent; put it in quotes for a text");
        }
        return new Constant(kind, kind == Constant.Kind.BOOLEAN ? text.toLowerCase(java.util.Locale.ROOT) : text);
    }

    private static Cast.Type type(Yaml yaml) {
        return yaml == null ? null : yaml.oneOfWords(Cast.Type.class);
    }

    private static List<String> path(Yaml yaml) {
        return yaml == null ? List.of() : yaml.elements(Yaml::text);
    }

    private static String text(Yaml yaml) {
        return yaml == null ? null : yaml.text();
    }

    private static int number(Yaml yaml) {
        return yaml == null ? 1 : yaml.number(1);
    }

    /** Null where no filter is asked for. */
    static Where where(Yaml yaml) {
        if (yaml == null) {
            return null;
        }
        return new Where(yaml.isList() ? yaml.elements(ExpressionReader::all) : List.of(all(yaml)));
    }

    private static List<Condition> all(Yaml yaml) {
        var conditions = new ArrayList<Condition>();
        yaml.members((column, test) -> conditions.addAll(conditions(column, test)));
        return conditions;
    }

    private static List<Condition> conditions(String column, Yaml test) {
        if (test.isNull()) {
            return List.of(new Condition(column, Comparison.IS_NULL, List.of()));
        }
        if (test.isText() || test.isList()) {
            return List.of(new Condition(column, Comparison.IN, values(test)));
        }
        var conditions = new ArrayList<Condition>();
        var not = test.get("not");
        if (not != null) {
            conditions.add(not.isNull() ? new Condition(column, Comparison.IS_NOT_NULL, List.of()) : new Condition(column, Comparison.NOT_IN, values(not)));
        }
        for (var word : List.of("min", "max", "above", "below")) {
            var bound = test.get(word);
            if (bound != null) {
                conditions.add(new Condition(column, COMPARISONS.get(word), values(bound)));
            }
        }
        test.done();
        return conditions;
    }

    private static List<String> values(Yaml yaml) {
        if (!yaml.isList()) {
            return yaml.text() instanceof String text ? List.of(text) : List.of();
        }
        var values = yaml.elements(Yaml::text);
        if (values.isEmpty()) {
            yaml.problem("needs at least one value");
        }
        return values;
    }
}
