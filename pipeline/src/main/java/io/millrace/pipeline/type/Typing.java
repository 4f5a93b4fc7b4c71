package io.millrace.pipeline.type;

import io.millrace.pipeline.file.Expression;
import io.millrace.pipeline.file.Many.Aggregate;
import io.millrace.pipeline.type.ColumnType.Kind;
import java.util.EnumSet;
import java.util.List;
import java.util.Set;
import java.util.function.Function;

/**
 * Which type an expression has, and whether its operands have types that it takes. One rule for the check before the
 * start and for the search mapping.
 */
public final class Typing {

    private static final Set<Kind> NUMBERS = EnumSet.of(Kind.INTEGER, Kind.BIGINT, Kind.NUMERIC, Kind.FLOAT, Kind.DOUBLE);
    private static final Set<Kind> TEXTS = EnumSet.of(Kind.TEXT, Kind.KEYWORD);

    private final Function<String, ColumnType> columns;

    private Typing(Function<String, ColumnType> columns) {
        this.columns = columns;
    }

    /**
     * @param columns the type of a column by its name, null where it is not known
     * @return null where it follows from a column that is not known; a point is {@link Kind#GEO_POINT}
     * @throws IllegalArgumentException when an operand has a type that the function does not take; the message says which
     */
    public static ColumnType of(Expression expression, Function<String, ColumnType> columns) {
        return new Typing(columns).type(expression);
    }

    /** The same for what is made of many rows. */
    public static ColumnType of(Aggregate aggregate, Function<String, ColumnType> columns) {
        var of = aggregate.of() == null ? null : of(aggregate.of(), columns);
        return switch (aggregate.function()) {
            case COUNT -> plain(Kind.BIGINT);
            case EXISTS -> plain(Kind.BOOLEAN);
            case SUM -> of == null ? null : switch (number("sum", of).kind()) {
                case INTEGER -> plain(Kind.BIGINT);
                case BIGINT, NUMERIC -> plain(Kind.NUMERIC);
                default -> of;
            };
            case AVERAGE -> of == null ? null : plain(number("average", of).kind() == Kind.FLOAT || of.kind() == Kind.DOUBLE ? Kind.DOUBLE : Kind.NUMERIC);
            case MIN, MAX -> of == null ? null : ordered(aggregate.function().name().toLowerCase(java.util.Locale.ROOT), of);
        };
    }

    private static ColumnType plain(Kind kind) {
        return new ColumnType(kind, null, true);
    }

    private ColumnType type(Expression expression) {
        return switch (expression) {
            case Expression.Column(var name) -> columns.apply(name);
            case Expression.Constant(var kind, var text) -> plain(switch (kind) {
                case TEXT -> Kind.KEYWORD;
                case NUMBER -> text.contains(".") ? Kind.NUMERIC : text.length() < 10 ? Kind.INTEGER : text.length() < 19 ? Kind.BIGINT : Kind.NUMERIC;
                case BOOLEAN -> Kind.BOOLEAN;
            });
            case Expression.Concat(var parts, var delimiter) -> {
                parts.forEach(p -> scalar("concat", type(p)));
                yield plain(Kind.TEXT);
            }
            case Expression.Coalesce(var options) -> coalesce(options);
            case Expression.Cast(var of, var to) -> cast(type(of), to);
            case Expression.JsonPath(var of, var path) -> need("json", type(of), Kind.JSON, "json or jsonb");
            case Expression.Element(var of, var at) -> {
                var array = need("element", type(of), Kind.ARRAY, "an array");
                yield array == null ? null : array.element();
            }
            case Expression.Text(var function, var of) -> {
                scalar(function.name().toLowerCase(java.util.Locale.ROOT), type(of));
                yield plain(function == Expression.Text.Function.HASH ? Kind.KEYWORD : Kind.TEXT);
            }
            case Expression.Replace(var of, var find, var with) -> {
                scalar("replace", type(of));
                yield plain(Kind.TEXT);
            }
            case Expression.Mask(var of, var keep) -> {
                scalar("mask", type(of));
                yield plain(Kind.KEYWORD);
            }
            case Expression.GeoPoint(var lat, var lon) -> {
                number("geo", type(lat));
                number("geo", type(lon));
                yield plain(Kind.GEO_POINT);
            }
        };
    }

    private ColumnType coalesce(List<Expression> options) {
        ColumnType result = null;
        for (var option : options) {
            var type = type(option);
            if (type == null) {
                return null;
            }
            result = result == null ? type : common(result, type, option);
        }
        return result;
    }

    private static ColumnType common(ColumnType a, ColumnType b, Expression second) {
        if (TEXTS.contains(a.kind()) && TEXTS.contains(b.kind())) {
            return a.kind() == b.kind() ? a : plain(Kind.TEXT);
        }
        boolean exact = isExact(a.kind()) && isExact(b.kind());
        if (exact) {
            return plain(a.kind().compareTo(b.kind()) > 0 ? a.kind() : b.kind());
        }
        boolean plainNumber = second instanceof Expression.Constant(var kind, var text) && kind == Expression.Constant.Kind.NUMBER && text.matches("-?[0-9]{1,5}");
        if (a.kind() == b.kind() && a.kind() != Kind.ARRAY || NUMBERS.contains(a.kind()) && plainNumber) {
            return a;
        }
        throw new IllegalArgumentException("coalesce needs values of one type, these are " + name(a) + " and " + name(b) + "; cast one of them");
    }

    private static boolean isExact(Kind kind) {
        return kind == Kind.INTEGER || kind == Kind.BIGINT || kind == Kind.NUMERIC;
    }

    private static ColumnType cast(ColumnType of, Expression.Cast.Type to) {
        if (of == null) {
            return switch (to) {
                case TEXT -> plain(Kind.TEXT);
                default -> plain(Kind.valueOf(to.name()));
            };
        }
        boolean fits = switch (to) {
            case TEXT -> of.kind() != Kind.ARRAY;
            case INTEGER -> NUMBERS.contains(of.kind()) || isText(of) || of.kind() == Kind.BOOLEAN;
            case BIGINT, NUMERIC, DOUBLE -> NUMBERS.contains(of.kind()) || isText(of);
            case BOOLEAN -> of.kind() == Kind.BOOLEAN || isText(of);
            case DATE -> of.kind() == Kind.DATE || of.kind() == Kind.TIMESTAMP;
        };
        if (!fits) {
            throw new IllegalArgumentException("cast makes no " + to.name().toLowerCase(java.util.Locale.ROOT) + " of " + name(of));
        }
        return plain(to == Expression.Cast.Type.TEXT ? Kind.TEXT : Kind.valueOf(to.name()));
    }

    private static boolean isText(ColumnType type) {
        return TEXTS.contains(type.kind()) || type.kind() == Kind.JSON;
    }

    private static void scalar(String function, ColumnType type) {
        if (type != null && (type.kind() == Kind.ARRAY || type.kind() == Kind.JSON)) {
            throw new IllegalArgumentException(function + " takes no " + name(type) + "; take a part of it by " + (type.kind() == Kind.JSON ? "json, cast to text" : "element"));
        }
    }

    private static ColumnType number(String function, ColumnType type) {
        if (type != null && !NUMBERS.contains(type.kind())) {
            throw new IllegalArgumentException(function + " needs numbers, this is " + name(type));
        }
        return type;
    }

    private static ColumnType ordered(String function, ColumnType type) {
        if (type.kind() == Kind.ARRAY || type.kind() == Kind.JSON || type.kind() == Kind.BYTES || type.kind() == Kind.BOOLEAN) {
            throw new IllegalArgumentException(function + " takes no " + name(type) + ", which has no order");
        }
        return type;
    }

    private static ColumnType need(String function, ColumnType type, Kind kind, String wanted) {
        if (type != null && type.kind() != kind) {
            throw new IllegalArgumentException(function + " needs " + wanted + ", this is " + name(type));
        }
        return type;
    }

    private static String name(ColumnType type) {
        return switch (type.kind()) {
            case ARRAY -> "an array";
            case BYTES -> "bytea";
            case TEXT, KEYWORD -> "text";
            default -> type.kind().name().toLowerCase(java.util.Locale.ROOT);
        };
    }
}
