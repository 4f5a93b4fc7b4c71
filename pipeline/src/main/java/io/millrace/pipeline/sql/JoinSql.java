package io.millrace.pipeline.sql;

import io.millrace.pipeline.catalog.Catalog;
import io.millrace.pipeline.file.ColumnForm;
import io.millrace.pipeline.file.Expression;
import io.millrace.pipeline.file.Field;
import io.millrace.pipeline.file.Join;
import io.millrace.pipeline.file.Many;
import io.millrace.pipeline.file.Node;
import io.millrace.pipeline.file.One;
import io.millrace.pipeline.file.Pipeline;
import io.millrace.pipeline.file.Relation;
import io.millrace.pipeline.file.RetentionRule;
import io.millrace.pipeline.file.RowForm;
import io.millrace.pipeline.file.Subject;
import io.millrace.pipeline.file.TableName;
import io.millrace.pipeline.file.Where;
import io.millrace.pipeline.form.KeyedHash;
import io.millrace.pipeline.retention.RetentionOrder;
import io.millrace.pipeline.subject.SubjectKey;
import io.millrace.pipeline.topic.Topics;
import io.millrace.pipeline.type.ColumnType;
import io.millrace.pipeline.type.ColumnType.Kind;
import io.millrace.pipeline.type.Typing;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.SortedMap;
import java.util.function.BiConsumer;
import java.util.function.Function;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import java.util.stream.Stream;

/**
 * The SQL query that a pipeline's documents equal: what the file means, said to Postgres. It shares no line with the
 * denormalizer, so that one can be held against the other.
 *
 * <p>One row for each document: {@code key}, the root's primary key as an array of texts, and {@code document}, JSON of
 * the type {@code json}, whose members are in no particular order. It wants Postgres 17 or newer (collation
 * {@code pg_c_utf8}), {@code TimeZone = UTC}, and the defaults of {@code extra_float_digits} and {@code IntervalStyle}.
 */
public final class JoinSql {

    private static final String TRUE = "true";
    private static final String C = " COLLATE \"C\"";
    private static final int MOST_MEMBERS = 45;
    private static final String LAST_TIME = "TIMESTAMPTZ '10000-01-01 00:00:00+00'";
    /** The first moment behind Christ: of a date, or of a timestamp with or without a time zone. */
    private static final String YEAR_1 = "'0001-01-01 00:00:00+00'";
    /** What a row is called where its form is made. */
    private static final String STORED = "s";
    /** What it is called where it is not known yet whether it stays. */
    private static final String RAW = "r";

    /** What the tables have. */
    private final Catalog stored;
    /** What their rows have once they are captured. */
    private final Catalog catalog;
    private final Pipeline pipeline;
    private final RetentionOrder order;
    private int aliases;

    private JoinSql(Pipeline pipeline, Catalog stored, RetentionOrder order) {
        this.pipeline = pipeline;
        this.stored = stored;
        this.catalog = stored.captured(pipeline);
        this.order = order;
    }

    /**
     * @param catalog has every table of the pipeline, which fits it
     * @return one SELECT
     */
    public static String of(Pipeline pipeline, Catalog catalog) {
        return of(pipeline, catalog, null);
    }

    /**
     * The same without the documents that are past their time.
     *
     * @param catalog has every table of the pipeline, which fits it
     * @param order by which documents leave; null where none do
     * @return one SELECT
     */
    public static String of(Pipeline pipeline, Catalog catalog, RetentionOrder order) {
        return new JoinSql(pipeline, catalog, order).select(pipeline.document());
    }

    /**
     * What another order would change.
     *
     * @param catalog has every table of the pipeline, which fits it
     * @param before null where none holds
     * @return one SELECT with a row for each root row that counts: {@code key} as elsewhere, {@code now} and {@code would}: whether it is in view by the order before, and whether it would be by the one after
     */
    public static String compared(Pipeline pipeline, Catalog catalog, RetentionOrder before, RetentionOrder after) {
        var root = pipeline.document();
        var sql = new JoinSql(pipeline, catalog, before);
        var row = sql.row(root.table());
        return "SELECT " + key(row) + " AS key, " + sql.kept(before, row) + " AS now, " + sql.kept(after, row) + " AS would\nFROM " + row.from() + "\nWHERE " + where(root.where(), row);
    }

    /**
     * The same of one document, which the index of the primary key finds.
     *
     * @param catalog has every table of the pipeline, which fits it
     * @param order by which documents leave; null where none do
     * @return one SELECT with a parameter for each column of the root's primary key, in its order, to be set as text
     */
    public static String ofOne(Pipeline pipeline, Catalog catalog, RetentionOrder order) {
        var root = catalog.tables().get(pipeline.document().table());
        var sql = new JoinSql(pipeline, catalog, order);
        return sql.select(pipeline.document()) + root.primaryKey().stream().map(c -> " AND t0." + TableName.quote(c) + " = " + keyOf("?", root.column(c))).collect(Collectors.joining());
    }

    /**
     * The same of a range of documents, in the order of their keys.
     *
     * @param catalog has every table of the pipeline, which fits it
     * @param order by which documents leave; null where none do
     * @param isFirst whether the range begins at the first key
     * @return one SELECT with one column more, {@code cursor}, an array of texts. Its parameters are, unless it is the first, each element of the cursor of the last document before as text; a number by which documents
     *     are drawn; how many of 10,000 are drawn; and how many rows are read at most
     */
    public static String ofRange(Pipeline pipeline, Catalog catalog, RetentionOrder order, boolean isFirst) {
        var root = catalog.tables().get(pipeline.document().table());
        var columns = root.primaryKey().stream().map(c -> "t0." + TableName.quote(c)).toList();
        var names = String.join(", ", columns);
        var texts = columns.stream().map(c -> c + "::text").toList();
        var after = isFirst ? "" : " AND (" + names + ") > (" + root.primaryKey().stream().map(c -> "CAST(? AS " + castable(root.column(c).type()) + ")").collect(Collectors.joining(", ")) + ")";
        return new JoinSql(pipeline, catalog, order).select(pipeline.document(), row -> ", ARRAY[" + String.join(", ", texts) + "] AS cursor") + after
                + " AND (hashtextextended(concat_ws('|', " + String.join(", ", texts) + "), ?) & 9223372036854775807) % 10000 < ?\nORDER BY " + names + "\nLIMIT ?";
    }

    /**
     * The same of some documents, and of which row version each was made.
     *
     * @param catalog has every table of the pipeline, which fits it
     * @param order by which documents leave; null where none do
     * @return one SELECT with one column more, {@code made}, which is another text once the root row, or a row that says how long it is kept, was written again, or other rules hold, and with a parameter for each column of the root's primary key: an array of texts, one for each document
     */
    public static String ofSome(Pipeline pipeline, Catalog catalog, RetentionOrder order) {
        var sql = new JoinSql(pipeline, catalog, order);
        return sql.select(pipeline.document(), row -> ", concat_ws('|', t0.xmin::text" + sql.decides(row) + ") AS made") + among(catalog.tables().get(pipeline.document().table()));
    }

    /**
     * Which of some documents there are.
     *
     * @param catalog has every table of the pipeline, which fits it
     * @param order by which documents leave; null where none do
     * @return one SELECT of {@code key} alone, with the parameters of {@link #ofSome}
     */
    public static String keysOfSome(Pipeline pipeline, Catalog catalog, RetentionOrder order) {
        var sql = new JoinSql(pipeline, catalog, order);
        var root = pipeline.document();
        var row = sql.row(root.table());
        return "SELECT " + key(row) + " AS key\nFROM " + row.from() + "\nWHERE " + and(where(root.where(), row), sql.kept(order, row)) + among(row.table);
    }

    /**
     * What the ids of some documents are when a row has their keys: the same, where a row can have them.
     *
     * @param catalog has the root table
     * @return one SELECT of {@code key} alone, with the parameters of {@link #ofSome}
     */
    public static String keysAsShown(Pipeline pipeline, Catalog catalog) {
        var root = new JoinSql(pipeline, catalog, null).row(pipeline.document().table());
        var names = root.table.primaryKey();
        var shown = IntStream.range(0, names.size()).mapToObj(i -> text(keyOf("k.c" + i, root.catalog(names.get(i))), names.get(i), root)).collect(Collectors.joining(", "));
        return "SELECT ARRAY[" + shown + "]::text[] AS key FROM " + given(names.size());
    }

    /**
     * In which documents somebody stands by the rows as the tables have them, erased or not.
     *
     * @param catalog has every table of the pipeline, which fits it
     * @param subject one of the pipeline's
     * @return one SELECT of {@code key} alone for each place in the document; its parameter is the hash of the subject's key
     */
    public static List<String> carrying(Pipeline pipeline, Catalog catalog, String subject) {
        var sql = new JoinSql(pipeline, catalog, null);
        var root = sql.raw(pipeline.document().table());
        var found = new ArrayList<String>();
        sql.carrying(pipeline.document(), root, root.from(), (at, from) -> {
            var place = pipeline.subjects().get(subject).places().get(at.table.name());
            if (place != null) {
                found.add("SELECT DISTINCT " + key(root) + " AS key FROM " + from + " WHERE " + SubjectKey.sql(subject, at.column(place.column())) + " = ?");
            }
        });
        return found;
    }

    private Source raw(TableName name) {
        return new Source(catalog.tables().get(name), "t" + aliases++);
    }

    /** @param each is given each row of a document, with the tables that lead there from the root */
    private void carrying(Node node, Source row, String from, BiConsumer<Source, String> each) {
        each.accept(row, from);
        for (var relation : node.relations()) {
            var there = raw(relation.node().table());
            if (relation instanceof Many many && many.through() != null) {
                var link = raw(many.through().table());
                var linked = from + " JOIN " + link.from() + " ON " + on(many.on(), row, link);
                each.accept(link, linked);
                carrying(many.node(), there, linked + " JOIN " + there.from() + " ON " + on(many.through().to(), link, there), each);
            } else {
                carrying(relation.node(), there, from + " JOIN " + there.from() + " ON " + on(relation.on(), row, there), each);
            }
        }
    }

    /** The arrays that are given, as a table k with a column for each. */
    private static String given(int count) {
        var arrays = IntStream.range(0, count).mapToObj(i -> "?::text[]").collect(Collectors.joining(", "));
        return "unnest(" + arrays + ") AS k (" + IntStream.range(0, count).mapToObj(i -> "c" + i).collect(Collectors.joining(", ")) + ")";
    }

    private static String among(Catalog.Table root) {
        var names = root.primaryKey().stream().map(c -> "t0." + TableName.quote(c)).collect(Collectors.joining(", "));
        var count = root.primaryKey().size();
        var values = IntStream.range(0, count).mapToObj(i -> keyOf("k.c" + i, root.column(root.primaryKey().get(i)))).collect(Collectors.joining(", "));
        return " AND (" + names + ") IN (SELECT " + values + " FROM " + given(count) + ")";
    }

    /** A key column's value of its text in the document's id. */
    static String keyOf(String text, Catalog.Column column) {
        return column.type().equals("bytea") ? "decode(" + text + ", 'base64')" : "CAST(" + text + " AS " + castable(column.type()) + ")";
    }

    private String select(Node root) {
        return select(root, row -> "");
    }

    /** @param more columns, of the root row, each behind a comma */
    private String select(Node root, Function<Source, String> more) {
        var row = row(root.table());
        return "SELECT " + key(row) + " AS key, " + object(root, row, List.of(), null) + " AS document" + more.apply(row) + "\nFROM " + row.from() + "\nWHERE " + and(where(root.where(), row), kept(order, row));
    }

    /** Whether a root row is in view. */
    private String kept(RetentionOrder by, Source row) {
        return by == null || by.rules().isEmpty() ? TRUE : by.rules().stream().map(rule -> isOver(rule, by.asOf(), row)).collect(Collectors.joining(" OR ", "(NOT (", "))"));
    }

    private String isOver(RetentionRule rule, Instant asOf, Source row) {
        var time = row.column(rule.column());
        var kept = "INTERVAL " + quote(rule.keep().toString());
        var stated = rule.override();
        var term = stated == null ? kept : "coalesce(make_interval(" + stated.unit().word() + " => " + stated(stated, row) + "), " + kept + ")";
        // What is unknown is not over, and dates beyond all timestamps are compared before they are made one.
        return "coalesce(" + where(rule.when(), row) + " AND CASE WHEN " + time + " < " + LAST_TIME + " THEN " + time + "::timestamptz + " + term + " <= TIMESTAMPTZ " + quote(asOf.toString()) + " END, false)";
    }

    /** The number that is stated for a root row; null where none is. */
    private String stated(RetentionRule.Stated stated, Source row) {
        return stated.one() == null ? bounded(row.column(stated.column())) : ofStating(stated, row, there -> bounded(there.column(stated.column())));
    }

    /** Null stays null. */
    private static String bounded(String number) {
        return "CASE WHEN " + number + " < 0 THEN 0 WHEN " + number + " > " + RetentionRule.MOST + " THEN " + RetentionRule.MOST + " ELSE " + number + " END";
    }

    /** Something of the row, other than the root row, in which the number stands. */
    private String ofStating(RetentionRule.Stated stated, Source row, Function<Source, String> wanted) {
        var one = pipeline.one(stated);
        if (one == null) {
            throw new IllegalArgumentException("The document has no relation '" + stated.one() + "', in whose row the retention that holds looks for " + stated.column());
        }
        var there = row(one.node().table());
        return "(SELECT " + wanted.apply(there) + " FROM " + there.from() + " WHERE " + and(on(one.on(), row, there), where(one.node().where(), there)) + ")";
    }

    /** What else than the root row decides whether it is in view, each behind a comma. */
    private String decides(Source root) {
        return order == null ? "" : ", " + quote(order.rules().toString()) + order.rules().stream().map(RetentionRule::override).filter(stated -> stated != null && stated.one() != null)
                .map(stated -> ", " + ofStating(stated, root, there -> there.alias + ".xmin::text")).collect(Collectors.joining());
    }

    private static String key(Source row) {
        return row.table.primaryKey().stream().map(c -> texts(new Expression.Column(c), row)).collect(Collectors.joining(", ", "ARRAY[", "]::text[]"));
    }

    /**
     * A table under an alias of its own.
     *
     * @param rows the table, or the query that gives its rows the form in which they are captured
     */
    private record Source(Catalog.Table table, String rows, String alias) {

        Source(Catalog.Table table, String alias) {
            this(table, (table.partitioned() ? "" : "ONLY ") + table.name().sql(), alias);
        }

        String from() {
            return rows + " " + alias;
        }

        /** Money travels as its digits, without the symbol and grouping of some locale. */
        String column(String name) {
            var plain = alias + "." + TableName.quote(name);
            var column = table.column(name);
            return switch (column == null ? "" : column.type()) {
                case "money" -> "(" + plain + "::numeric::text)";
                case "money[]" -> "(" + plain + "::numeric[]::text[])";
                default -> plain;
            };
        }

        Catalog.Column catalog(String name) {
            var column = table.column(name);
            if (column == null) {
                throw new IllegalArgumentException("The table " + table.name() + " has no column '" + name + "'");
            }
            return column;
        }

        ColumnType type(String name) {
            return ColumnType.ofCatalog(catalog(name).type(), true);
        }
    }

    private Source row(TableName name) {
        var table = catalog.tables().get(name);
        if (table == null) {
            throw new IllegalArgumentException("The catalog has no table " + name);
        }
        var form = pipeline.settings(name).form();
        var erasing = pipeline.erasing(name);
        if (form.isAsItIs() && erasing.isEmpty()) {
            return new Source(table, "t" + aliases++);
        }
        var own = stored.tables().get(name);
        var rows = erasing.isEmpty() ? new Source(own, STORED) : new Source(own, "(" + kept(own, erasing) + ")", STORED);
        return new Source(table, "(" + captured(table, rows, form) + ")", "t" + aliases++);
    }

    /** The rows without those that go with an erased subject; of those that stay with one, some columns have another value. */
    private static String kept(Catalog.Table table, SortedMap<String, Subject.Place> erasing) {
        var row = new Source(table, RAW);
        var from = new StringBuilder(row.from());
        var stays = new ArrayList<String>();
        var cases = new HashMap<String, String>();
        erasing.forEach((subject, place) -> {
            var erasure = "erased_" + subject.replace('-', '_');
            from.append(" LEFT JOIN ").append(Topics.SUBJECT_ERASURE.sql()).append(' ').append(erasure).append(" ON ").append(erasure).append(".subject = ").append(quote(subject)).append(" AND ").append(erasure)
                    .append(".ended_at IS NULL AND ").append(erasure).append(".key_hash = ").append(SubjectKey.sql(subject, row.column(place.column())));
            if (place.isRowRemoved()) {
                stays.add(erasure + ".id IS NULL");
            }
            place.redacted().forEach((column, value) -> cases.merge(column, "WHEN " + erasure + ".id IS NOT NULL THEN " + (value == null ? "NULL" : quote(value)) + " ", String::concat));
        });
        var columns = table.columns().stream().map(Catalog.Column::name).map(name -> cases.containsKey(name) ? "CASE " + cases.get(name) + "ELSE " + row.column(name) + " END AS " + TableName.quote(name) : row.column(name));
        return "SELECT " + RAW + ".xmin, " + columns.collect(Collectors.joining(", ")) + " FROM " + from + (stays.isEmpty() ? "" : " WHERE " + String.join(" AND ", stays));
    }

    /** The rows in the form in which they are captured; what the file makes of a column is a text. */
    private static String captured(Catalog.Table table, Source row, RowForm form) {
        var columns = table.columns().stream().map(Catalog.Column::name).map(name -> switch (form.columns().get(name)) {
            case null -> row.column(name);
            case ColumnForm.LeftOut() -> throw new IllegalStateException("The column " + name + " is left out");
            case ColumnForm.Hashed(var key) -> KeyedHash.of(key).sql(texts(new Expression.Column(name), row)) + " AS " + TableName.quote(name);
            case ColumnForm.Made(var value) -> texts(value, row) + " AS " + TableName.quote(name);
        });
        return "SELECT " + STORED + ".xmin, " + columns.collect(Collectors.joining(", ")) + " FROM " + row.from() + " WHERE " + where(form.rows(), row);
    }

    private String object(Node node, Source row, List<Field> linkFields, Source link) {
        var members = new ArrayList<String>();
        node.fields().forEach(f -> members.add(quote(f.name()) + ", " + shown(f.value(), row)));
        linkFields.forEach(f -> members.add(quote(f.name()) + ", " + shown(f.value(), link)));
        for (var relation : node.relations()) {
            members.add(quote(relation.name()) + ", (" + related(relation, row) + ")");
        }
        return parts(members);
    }

    /** A function takes a hundred arguments; wider objects are put together. */
    private static String parts(List<String> members) {
        if (members.size() <= MOST_MEMBERS) {
            return "json_build_object(" + String.join(", ", members) + ")";
        }
        return IntStream.iterate(0, i -> i < members.size(), i -> i + MOST_MEMBERS)
                .mapToObj(i -> "substr(left(" + parts(members.subList(i, Math.min(members.size(), i + MOST_MEMBERS))) + "::text, -1), 2)")
                .collect(Collectors.joining(" || ', ' || ", "('{' || ", " || '}')::json"));
    }

    private String related(Relation relation, Source row) {
        return switch (relation) {
            case One one -> one(one, row);
            case Many many -> many(many, row);
        };
    }

    private String one(One one, Source row) {
        var there = row(one.node().table());
        var shown = one.value() == null ? object(one.node(), there, List.of(), null) : "to_json(" + shown(one.value(), there) + ")";
        return "SELECT " + shown + " FROM " + there.from() + " WHERE " + and(on(one.on(), row, there), where(one.node().where(), there));
    }

    private String many(Many many, Source row) {
        var related = row(many.node().table());
        var link = many.through() == null ? null : row(many.through().table());
        var from = link == null ? related.from() : link.from() + " JOIN " + related.from() + " ON " + on(many.through().to(), link, related);
        var rows = and(on(many.on(), row, link == null ? related : link), where(many.node().where(), related), link == null ? TRUE : where(many.through().where(), link));
        var order = order(many, related, link == null ? related : link);
        return switch (many.content()) {
            case Many.Objects() -> array(many, object(many.node(), related, link == null ? List.of() : many.through().fields(), link), order, from, rows);
            case Many.Values(var of) -> array(many, "to_json(" + shown(of, related) + ")", order, from, rows);
            case Many.Aggregate aggregate -> "SELECT " + aggregate(aggregate, related, order) + " FROM " + from + " WHERE " + rows;
        };
    }

    /** Numbered, so that limit and distinct say what they take: the first in order. */
    private static String array(Many many, String element, String order, String from, String rows) {
        if (!many.distinct() && many.limit() == null) {
            return "SELECT coalesce(json_agg(" + element + " ORDER BY " + order + "), '[]') FROM " + from + " WHERE " + rows;
        }
        var numbered = "SELECT coalesce(" + element + ", 'null'::json) AS element, row_number() OVER (ORDER BY " + order + ") AS place FROM " + from + " WHERE " + rows;
        var chosen = many.distinct() ? "SELECT DISTINCT ON (element::text) element, place FROM (" + numbered + ") n ORDER BY element::text, place" : numbered;
        return "SELECT coalesce(json_agg(element ORDER BY place), '[]') FROM (SELECT element, place FROM (" + chosen + ") c ORDER BY place"
                + (many.limit() == null ? "" : " LIMIT " + many.limit()) + ") l";
    }

    private String order(Many many, Source related, Source first) {
        var keys = new ArrayList<String>();
        many.orderBy().forEach(o -> keys.add(comparable(related.column(o.column()), related.type(o.column())) + (o.descending() ? " DESC" : "") + " NULLS LAST"));
        first.table.primaryKey().forEach(c -> keys.add(comparable(first.column(c), first.type(c))));
        return String.join(", ", keys);
    }

    private String aggregate(Many.Aggregate aggregate, Source row, String order) {
        var of = aggregate.of() == null ? null : value(aggregate.of(), row);
        var type = aggregate.of() == null ? null : type(aggregate.of(), row);
        return switch (aggregate.function()) {
            case COUNT -> "count(" + (of == null ? "*" : of) + ")";
            case EXISTS -> "count(*) > 0";
            case SUM -> "sum(" + of + " ORDER BY " + order + ")";
            case AVERAGE -> "avg(" + of + " ORDER BY " + order + ")";
            case MIN -> json("min(" + comparable(of, type) + " ORDER BY " + order + ")", type);
            case MAX -> json("max(" + comparable(of, type) + " ORDER BY " + order + ")", type);
        };
    }

    private static String on(List<Join> joins, Source here, Source there) {
        return joins.stream().map(j -> here.column(j.here()) + " = " + there.column(j.there())).collect(Collectors.joining(" AND "));
    }

    /** Without those that always hold; one of them is left where there is nothing else. */
    private static String and(String... conditions) {
        var stated = Stream.of(conditions).filter(condition -> !condition.equals(TRUE)).collect(Collectors.joining(" AND "));
        return stated.isEmpty() ? TRUE : stated;
    }

    private static String where(Where where, Source row) {
        if (where == null) {
            return TRUE;
        }
        return where.any().stream()
                .map(all -> all.stream().map(c -> condition(c, row)).collect(Collectors.joining(" AND ", "(", ")")))
                .collect(Collectors.joining(" OR ", "(", ")"));
    }

    private static String condition(Where.Condition condition, Source row) {
        var type = row.type(condition.column());
        var column = comparable(row.column(condition.column()), type);
        var values = condition.values().stream().map(v -> literal(v, row.catalog(condition.column()).type(), type)).toList();
        return switch (condition.comparison()) {
            case IS_NULL -> column + " IS NULL";
            case IS_NOT_NULL -> column + " IS NOT NULL";
            case IN -> column + " IN (" + String.join(", ", values) + ")";
            case NOT_IN -> column + " NOT IN (" + String.join(", ", values) + ")";
            case AT_LEAST -> column + " >= " + values.getFirst();
            case AT_MOST -> column + " <= " + values.getFirst();
            case ABOVE -> column + " > " + values.getFirst();
            case BELOW -> column + " < " + values.getFirst();
        };
    }

    private static String literal(String text, String catalogType, ColumnType type) {
        return type.kind() == Kind.KEYWORD ? quote(text) : "CAST(" + quote(text) + " AS " + castable(catalogType) + ")";
    }

    /** Without a length, which would cut the value. */
    private static String castable(String catalogType) {
        return switch (catalogType) {
            case "character" -> "bpchar";
            case "bit" -> "varbit";
            default -> catalogType;
        };
    }

    /** What travels as text is compared as text, all text by code point; a timestamp is taken as UTC. */
    private static String comparable(String value, ColumnType type) {
        return switch (type.kind()) {
            case KEYWORD -> "(to_json(" + value + ") #>> '{}')" + C;
            case TEXT -> value + C;
            default -> value;
        };
    }

    private static ColumnType type(Expression expression, Source row) {
        return Typing.of(expression, row::type);
    }

    /** An expression as the document shows it: a value that json_build_object turns into the right JSON. */
    private static String shown(Expression expression, Source row) {
        return json(value(expression, row), type(expression, row));
    }

    private static String json(String value, ColumnType type) {
        return switch (type.kind()) {
            case DATE -> "CASE WHEN " + value + " >= " + YEAR_1 + " OR " + value + " = '-infinity' THEN (to_json(" + value + ") #>> '{}') ELSE " + day(value) + " END";
            case TIMESTAMP -> moment(value);
            case TIME -> "to_char(" + value + ", 'HH24:MI:SS.US')";
            case BYTES -> "translate(encode(" + value + ", 'base64'), E'\\n', '')";
            case ARRAY -> elements(value, type.element());
            default -> value;
        };
    }

    /** What is usual comes first, and costs no more than a comparison. */
    private static String moment(String value) {
        var utc = "(" + value + "::timestamptz AT TIME ZONE 'UTC')";
        return "CASE WHEN " + value + " >= " + YEAR_1 + " AND " + value + " < 'infinity' THEN to_char(" + utc + ", 'YYYY-MM-DD\"T\"HH24:MI:SS.US\"Z\"') WHEN " + value + " IN ('infinity', '-infinity') THEN " + value + "::text ELSE "
                + day(utc) + " || to_char(" + utc + ", '\"T\"HH24:MI:SS.US\"Z\"') END";
    }

    /** A day before Christ as ISO 8601 writes it, which counts a year 0, as Postgres does not. */
    private static String day(String value) {
        var year = "EXTRACT(year FROM " + value + ")";
        return "CASE WHEN " + year + " = -1 THEN '0000' ELSE '-' || lpad((-1 - " + year + ")::text, 4, '0') END || to_char(" + value + ", '-MM-DD')";
    }

    /** The elements as they are stored: a matrix is one list too. */
    private static String elements(String value, ColumnType element) {
        var list = "(SELECT coalesce(json_agg(" + json("x", element) + " ORDER BY n), '[]') FROM unnest(" + value + ") WITH ORDINALITY AS u (x, n))";
        return json("x", element).equals("x") ? "CASE WHEN array_ndims(" + value + ") > 1 THEN " + list + " ELSE to_json(" + value + ") END" : "CASE WHEN " + value + " IS NULL THEN NULL ELSE " + list + " END";
    }

    /** What the document shows, without quotes. */
    private static String text(String value, ColumnType type) {
        return switch (type.kind()) {
            case TEXT -> value + "::text";
            case JSON -> "(CASE WHEN json_typeof((" + value + ")::json) IN ('object', 'array') THEN NULL ELSE (" + value + ") #>> '{}' END)";
            case DATE, TIMESTAMP, TIME, BYTES -> "(" + json(value, type) + ")";
            default -> "(to_json(" + value + ") #>> '{}')";
        };
    }

    private static String texts(Expression expression, Source row) {
        var value = value(expression, row);
        return expression instanceof Expression.Column(var name) ? text(value, name, row) : text(value, type(expression, row));
    }

    /** A column's value as the document shows it, without quotes. */
    private static String text(String value, String column, Source row) {
        // A cast of char(n) to text would drop the blanks at its end; its output does not.
        return row.catalog(column).type().equals("character") ? "(to_json(" + value + ") #>> '{}')" : text(value, row.type(column));
    }

    private static String value(Expression expression, Source row) {
        return switch (expression) {
            case Expression.Column(var name) -> row.column(name);
            case Expression.Constant(var kind, var text) -> switch (kind) {
                case TEXT -> quote(text) + "::text";
                case NUMBER, BOOLEAN -> text;
            };
            case Expression.Concat(var parts, var delimiter) -> (delimiter.isEmpty() ? "concat(" : "concat_ws(" + quote(delimiter) + ", ") + parts.stream().map(p -> texts(p, row)).collect(Collectors.joining(", ")) + ")";
            case Expression.Coalesce(var options) -> {
                boolean areTexts = type(expression, row).kind() == Kind.TEXT || type(expression, row).kind() == Kind.KEYWORD;
                yield "coalesce(" + options.stream().map(o -> areTexts ? texts(o, row) : value(o, row)).collect(Collectors.joining(", ")) + ")";
            }
            case Expression.Cast(var of, var to) -> cast(of, to, row);
            case Expression.JsonPath(var of, var path) -> "(" + value(of, row) + " #> ARRAY[" + path.stream().map(JoinSql::quote).collect(Collectors.joining(", ")) + "]::text[])";
            case Expression.Element(var of, var at) -> "(ARRAY(SELECT x FROM unnest(" + value(of, row) + ") WITH ORDINALITY AS u (x, n) ORDER BY n))[" + at + "]";
            case Expression.Text(var function, var of) -> switch (function) {
                case LOWER -> "lower(" + texts(of, row) + " COLLATE \"pg_c_utf8\")";
                case UPPER -> "upper(" + texts(of, row) + " COLLATE \"pg_c_utf8\")";
                case TRIM -> "btrim(" + texts(of, row) + ")";
                case HASH -> "encode(sha256(convert_to(" + texts(of, row) + ", 'UTF8')), 'hex')";
            };
            case Expression.Replace(var of, var find, var with) -> "replace(" + texts(of, row) + " COLLATE \"pg_c_utf8\", " + quote(find) + ", " + quote(with) + ")";
            case Expression.Mask(var of, var keep) -> {
                var text = texts(of, row);
                yield "repeat('*', greatest(length(" + text + ") - " + keep + ", 0)) || right(" + text + ", " + keep + ")";
            }
            case Expression.GeoPoint(var lat, var lon) -> "CASE WHEN " + value(lat, row) + " IS NULL OR " + value(lon, row) + " IS NULL THEN NULL ELSE json_build_object('lat', "
                    + value(lat, row) + ", 'lon', " + value(lon, row) + ") END";
        };
    }

    private static String cast(Expression of, Expression.Cast.Type to, Source row) {
        var type = type(of, row);
        var value = type.kind() == Kind.KEYWORD || type.kind() == Kind.TEXT || type.kind() == Kind.JSON ? texts(of, row) : value(of, row);
        return switch (to) {
            case TEXT -> texts(of, row);
            case DATE -> type.kind() == Kind.TIMESTAMP ? "(" + value + "::timestamptz AT TIME ZONE 'UTC')::date" : value;
            case DOUBLE -> "CAST(" + value + " AS double precision)";
            case INTEGER, BIGINT, NUMERIC, BOOLEAN -> "CAST(" + value + " AS " + to.name().toLowerCase(java.util.Locale.ROOT) + ")";
        };
    }

    private static String quote(String text) {
        return "'" + text.replace("'", "''") + "'";
    }
}
