package io.millrace.pipeline.file;

import io.millrace.pipeline.file.Yaml.Document;
import io.millrace.pipeline.topic.Topics;
import java.math.BigDecimal;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;
import java.util.SortedSet;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.regex.Pattern;
import java.util.regex.PatternSyntaxException;
import java.util.stream.Collectors;

/** Turns the text of one pipeline file into a {@link Pipeline}; says everything that is wrong with its form. */
final class PipelineReader {

    private static final Duration DEFAULT_REFRESH = Duration.ofMillis(500);
    private static final int DEEPEST = 16;
    /** How rows of a look-up table come to the documents. */
    private static final String BROADCAST = "broadcast";
    private static final String SUBSCRIBE = "subscribe";
    /** What is said of a column that rows go without. */
    private static final String LEAVE_OUT = "leave-out";

    private static final List<String> SEARCH_KEYS = List.of("shards", "replicas", "refresh", "nested", "mappings", "templates", "settings");
    /** The table behind a view is called {@code <view>-<six digits>}, and PostgreSQL's names have 63 bytes at most. */
    private static final int LONGEST_VIEW = 56;

    private PipelineReader() {}

    /** The pipeline; null where the document has problems that leave nothing to build. */
    static Pipeline read(Document document, Path folder, String text) {
        var root = Yaml.parse(document, text);
        if (root == null) {
            return null;
        }
        var version = root.need("millrace");
        if (version != null && version.number(1) != 1) {
            version.problem("this Millrace reads version 1 of the pipeline file");
        }
        var name = text(root.need("name"));
        var replaces = root.get("replaces");
        var source = root.need("source");
        var recovery = root.get("recovery");
        var rule = root.get("compatibility");
        var compatibility = rule == null ? null : rule.oneOf(Compatibility.class, null);
        var tables = root.get("tables");
        var node = root.need("document");
        var target = root.get("target");
        var index = root.get("index");
        var retention = root.get("retention");
        var subjects = root.get("subjects");
        var enrichment = root.get("enrichment");
        var enriched = enrichment == null ? null : EnrichmentReader.enrichment(enrichment);
        var trace = root.get("trace");
        var events = root.get("events");
        var latency = root.get("latency");
        var lookUps = new LinkedHashMap<TableName, Yaml>();
        var pipeline = new Pipeline(
                name,
                replaces == null ? List.of() : replaces.elements(Yaml::text),
                source == null ? null : source(source, folder),
                recovery == null ? Source.Recovery.ASK : recovery.oneOfWords(Source.Recovery.class),
                compatibility,
                tables == null ? Map.of() : tables(tables, folder, compatibility == null ? TableSettings.DEFAULT.compatibility() : compatibility, lookUps),
                lookUps.entrySet().stream().filter(e -> e.getValue().isText() && e.getValue().text().equals(SUBSCRIBE)).map(Map.Entry::getKey).collect(Collectors.toUnmodifiableSet()),
                node == null ? null : EnrichmentReader.shown(enriched, node(node, "root")),
                target == null ? Target.OPENSEARCH : target.oneOfWords(Target.class),
                index(index, name),
                retention == null ? null : RetentionReader.retention(retention),
                HoldReader.hold(root.get("hold"), "documents"),
                subjects == null ? Collections.emptySortedMap() : SubjectReader.subjects(subjects),
                enriched,
                trace == null ? Trace.DEFAULT : trace(trace),
                events == null ? Events.NONE : events.oneOfWords(Events.class),
                latency == null ? Pipeline.DEFAULT_LATENCY : latency(latency));
        root.done();
        lookUps.forEach((table, yaml) -> refuseLookUp(pipeline, table, yaml));
        if (index != null && document.problems.isEmpty()) {
            IndexPaths.refuseUnknown(pipeline, index);
            DateFormats.refuse(pipeline.index(), (at, problem) -> document.problem(document.line(at), at, problem));
        }
        if (pipeline.target() == Target.POSTGRES) {
            refuseForTables(pipeline, index == null ? root : index);
            if (pipeline.recovery() == Source.Recovery.AUTOMATIC) {
                recovery.problem("what is recovered is compared with the database at the end, which is not done for the target postgres; write 'ask'");
            }
        }
        if (pipeline.retention() != null) {
            RetentionReader.refuseUnreachable(pipeline, retention);
        }
        if (enriched != null) {
            EnrichmentReader.refuseTaken(pipeline, enrichment);
        }
        if (subjects != null) {
            SubjectReader.refuseUnused(pipeline, subjects);
        }
        if (source != null && source.get("outbox") != null) {
            refuseOutbox(pipeline, source.get("outbox"));
        }
        return pipeline;
    }

    private static String text(Yaml yaml) {
        return yaml == null ? null : yaml.text();
    }

    private static Source source(Yaml yaml, Path folder) {
        var recovery = yaml.get("recovery");
        var reread = yaml.get("reread");
        var wal = yaml.get("wal");
        var outbox = yaml.get("outbox");
        var source = new Source(
                text(yaml.need("name")),
                reference(yaml.need("url"), folder, true),
                reference(yaml.need("user"), folder, true),
                reference(yaml.need("password"), folder, false),
                recovery == null ? Source.Recovery.ASK : recovery.oneOfWords(Source.Recovery.class),
                reread == null ? Source.Recovery.ASK : reread.oneOfWords(Source.Recovery.class),
                wal == null ? null : wal(wal),
                outbox == null ? null : outbox(outbox));
        yaml.done();
        return source;
    }

    private static Source.Outbox outbox(Yaml yaml) {
        var table = yaml.need("table");
        var topic = yaml.get("topic");
        var columns = yaml.get("columns");
        var headers = yaml.get("headers");
        var byName = new TreeMap<String, String>();
        if (headers != null) {
            headers.members((name, column) -> byName.put(name, column.text()));
        }
        var outbox = new Source.Outbox(
                table == null ? null : table.table(),
                topic == null ? "outbox.event.${routedByValue}" : topic.text(),
                column(columns, "id", "id"),
                column(columns, "key", "aggregateid"),
                column(columns, "route", "aggregatetype"),
                column(columns, "payload", "payload"),
                byName);
        if (columns != null) {
            columns.done();
        }
        yaml.done();
        if (outbox.topic() != null && Topics.isOwn(outbox.topic())) {
            topic.problem("the topic " + outbox.topic() + " is Millrace's own; choose another name");
        }
        return outbox;
    }

    private static void refuseOutbox(Pipeline pipeline, Yaml yaml) {
        var table = pipeline.source().outbox().table();
        if (table != null && (table.schema().equals(Topics.OWN_SCHEMA) || pipeline.document() != null && pipeline.tableNames().contains(table))) {
            yaml.problem("the rows of " + table + " cannot be events: " + (table.schema().equals(Topics.OWN_SCHEMA) ? "the table is Millrace's own" : "documents are made of them"));
        }
    }

    private static String column(Yaml columns, String what, String otherwise) {
        var column = columns == null ? null : columns.get(what);
        return column == null ? otherwise : column.text();
    }

    private static Source.Wal wal(Yaml yaml) {
        var budget = yaml.need("budget");
        var warn = yaml.get("warn");
        var share = warn == null ? null : warn.share();
        var lag = yaml.get("lag");
        var over = yaml.get("over");
        var wal = new Source.Wal(budget == null ? 0 : budget.bytes(), share == null ? Source.Wal.WARN : share, lag == null ? 0 : lag.bytes(), over == null ? Source.Wal.Over.ALARM : over.oneOfWords(Source.Wal.Over.class));
        yaml.done();
        return wal;
    }

    private static Trace trace(Yaml yaml) {
        var rate = yaml.get("rate");
        var privateIds = yaml.get("privateIds");
        var trace = new Trace(rate == null ? null : rate.share(), privateIds != null && privateIds.truth());
        yaml.done();
        return trace;
    }

    private static Duration latency(Yaml yaml) {
        var p99 = yaml.need("p99");
        var latency = p99 == null ? Pipeline.DEFAULT_LATENCY : p99.duration(Pipeline.DEFAULT_LATENCY);
        yaml.done();
        if (latency.isZero()) {
            p99.problem("no change is in the index at once; write a time above 0, such as 2s");
        }
        return latency;
    }

    static Reference reference(Yaml yaml, Path folder, boolean literal) {
        if (yaml == null) {
            return null;
        }
        if (yaml.isText()) {
            if (!literal) {
                yaml.problem("a secret is never written here; refer to it with {env: NAME} or {file: PATH}");
                return null;
            }
            return new Reference.Literal(yaml.text());
        }
        var env = text(yaml.get("env"));
        var file = text(yaml.get("file"));
        yaml.done();
        if ((env == null) == (file == null)) {
            yaml.problem("needs exactly one of {env: NAME} and {file: PATH}");
            return null;
        }
        return env != null ? new Reference.Environment(env) : new Reference.FromFile(folder.resolve(file));
    }

    /** How a look-up table's rows come to the documents is the pipeline's matter; everything else is the table's, for all pipelines. */
    private static void refuseLookUp(Pipeline pipeline, TableName table, Yaml yaml) {
        var how = yaml.text();
        if (how != null && !how.equals(SUBSCRIBE) && !how.equals(BROADCAST)) {
            yaml.problem("'" + how + "' is not known; allowed: " + BROADCAST + ", " + SUBSCRIBE);
        } else if (pipeline.document() != null && !pipeline.lookUpTables().contains(table)) {
            yaml.problem("the table " + table + " is not looked up in this pipeline: its rows are stored with their documents, or it is not part of them. Only what 'one' or 'through' leads to, and what hangs below that, is looked up; take the key out");
        }
    }

    /** @param lookUps where a table says how it is looked up */
    private static Map<TableName, TableSettings> tables(Yaml yaml, Path folder, Compatibility otherwise, Map<TableName, Yaml> lookUps) {
        var tables = new LinkedHashMap<TableName, TableSettings>();
        var seen = new HashSet<TableName>();
        yaml.members((key, value) -> {
            try {
                var table = TableName.parse(key);
                if (!seen.add(table)) {
                    value.problem("the table " + key + " is there twice");
                }
                var lookUp = value.get("lookup");
                if (lookUp != null) {
                    lookUps.put(table, lookUp);
                }
                var settings = settings(value, folder, otherwise);
                if (lookUp == null || !value.holdsOnly("lookup")) {
                    tables.put(table, settings);
                }
            } catch (IllegalArgumentException e) {
                value.problem(e.getMessage());
            }
            return null;
        });
        return tables;
    }

    private static TableSettings settings(Yaml yaml, Path folder, Compatibility otherwise) {
        var compatibility = yaml.get("compatibility");
        var transforms = yaml.get("transforms");
        var rules = yaml.get("rules");
        var privately = yaml.get("private");
        var settings = new TableSettings(
                compatibility == null ? otherwise : compatibility.oneOf(Compatibility.class, otherwise),
                transforms == null ? List.of() : transforms.elements(PipelineReader::transform),
                rules == null ? List.of() : rules.elements(PipelineReader::rule),
                form(yaml.get("columns"), yaml.get("rows"), folder),
                HoldReader.hold(yaml.get("hold"), "table's rows"),
                privately == null ? Collections.emptySortedSet() : privateColumns(privately));
        yaml.done();
        if (privately != null && transforms != null) {
            privately.problem("transforms may write a private value under another name, where nobody would know it; say what becomes of the column under columns, and take transforms out");
        }
        return settings;
    }

    private static SortedSet<String> privateColumns(Yaml yaml) {
        var columns = new TreeSet<String>();
        for (var column : yaml.elements(Yaml::text)) {
            if (!columns.add(column)) {
                yaml.problem("the column '" + column + "' is there twice");
            }
        }
        return columns;
    }

    private static RowForm form(Yaml columns, Yaml rows, Path folder) {
        var forms = new TreeMap<String, ColumnForm>();
        if (columns != null) {
            columns.members((name, value) -> {
                var form = columnForm(value, folder);
                return form == null ? null : forms.put(name, form);
            });
        }
        return new RowForm(forms, ExpressionReader.where(rows));
    }

    private static ColumnForm columnForm(Yaml yaml, Path folder) {
        if (yaml.isText()) {
            var word = yaml.text();
            if (!LEAVE_OUT.equals(word)) {
                yaml.problem("'" + word + "' is not known; write " + LEAVE_OUT + ", or {hmac: {env: NAME}}, or a function of columns such as {mask: phone, keep: 3}");
            }
            return new ColumnForm.LeftOut();
        }
        var hmac = yaml.get("hmac");
        if (hmac != null) {
            var key = reference(hmac, folder, false);
            yaml.done();
            return key == null ? null : new ColumnForm.Hashed(key);
        }
        var value = ExpressionReader.expression(yaml);
        return value == null ? null : new ColumnForm.Made(value);
    }

    private static RowRule rule(Yaml yaml) {
        var notNull = yaml.get("notNull");
        var min = yaml.get("min");
        var max = yaml.get("max");
        var pattern = yaml.get("pattern");
        var oneOf = yaml.get("enum");
        var maxLength = yaml.get("maxLength");
        var breach = yaml.get("breach");
        var rule = new RowRule(
                text(yaml.need("column")),
                notNull != null && notNull.truth(),
                text(min),
                text(max),
                text(pattern),
                oneOf == null ? List.of() : oneOf.elements(Yaml::text),
                maxLength == null ? null : Integer.valueOf(maxLength.number(0)),
                breach == null ? RowRule.Breach.QUARANTINE : breach(breach));
        yaml.done();
        if (!rule.notNull() && rule.min() == null && rule.max() == null && rule.pattern() == null && rule.oneOf().isEmpty() && rule.maxLength() == null) {
            yaml.problem("a rule needs at least one of notNull: true, min, max, pattern, enum, maxLength");
        }
        if (rule.min() != null && rule.max() != null && isGreater(rule.min(), rule.max())) {
            yaml.problem("the min " + rule.min() + " is greater than the max " + rule.max());
        }
        refuseUnreadable(pattern, rule.pattern());
        return rule;
    }

    private static boolean isGreater(String min, String max) {
        try {
            return new BigDecimal(min).compareTo(new BigDecimal(max)) > 0;
        } catch (NumberFormatException e) {
            // Dates of one form are ordered as their texts are.
            return min.compareTo(max) > 0;
        }
    }

    private static void refuseUnreadable(Yaml yaml, String pattern) {
        try {
            if (pattern != null) {
                Pattern.compile(pattern);
            }
        } catch (PatternSyntaxException e) {
            yaml.problem("'" + pattern + "' is no regular expression of Java: " + e.getDescription() + " at " + e.getIndex());
        }
    }

    private static RowRule.Breach breach(Yaml yaml) {
        var text = yaml.text();
        if (!"quarantine".equals(text) && !"count".equals(text)) {
            yaml.problem("'" + text + "' is not known; allowed: quarantine, count");
        }
        return "count".equals(text) ? RowRule.Breach.COUNT : RowRule.Breach.QUARANTINE;
    }

    private static Transform transform(Yaml yaml) {
        var options = yaml.get("options");
        var values = new LinkedHashMap<String, String>();
        if (options != null) {
            options.members((key, value) -> values.put(key, value.text()));
        }
        var transform = new Transform(text(yaml.need("type")), values);
        yaml.done();
        return transform;
    }

    /** @param tableKey the key that names the table: {@code root} for the document itself, {@code table} below it */
    private static Node node(Yaml yaml, String tableKey) {
        var node = nodeOf(yaml, tableKey);
        yaml.done();
        return node;
    }

    private static Node nodeOf(Yaml yaml, String tableKey) {
        var fields = yaml.need("fields");
        return nodeOf(yaml, tableKey, fields == null ? List.of() : fields(fields));
    }

    private static List<Field> fields(Yaml yaml) {
        if (yaml.isText()) {
            yaml.problem("'" + yaml.text() + "' is no list of columns" + Elsewhere.hint("all"));
            return List.of();
        }
        return yaml.elements(PipelineReader::field);
    }

    private static Node nodeOf(Yaml yaml, String tableKey, List<Field> fields) {
        var table = yaml.need(tableKey);
        var where = ExpressionReader.where(yaml.get("where"));
        var one = yaml.get("one");
        var many = yaml.get("many");
        var name = table == null ? null : table.table();
        var relations = new ArrayList<Relation>();
        if (one != null) {
            relations.addAll(one.members((key, value) -> repeated(value, name, one(key, value))));
        }
        if (many != null) {
            relations.addAll(many.members((key, value) -> repeated(value, name, many(key, value))));
        }
        var node = new Node(name, where, fields, relations);
        refuseTwice(yaml, node.fields(), relations);
        return node;
    }

    /** A relation of a table with itself, written once and put into itself as often as its depth says. */
    private static Relation repeated(Yaml yaml, TableName around, Relation relation) {
        var depth = yaml.get("depth");
        if (depth == null) {
            return relation;
        }
        int levels = depth.number(1);
        if (levels < 1 || levels > DEEPEST) {
            depth.problem("a relation repeats itself 1 to " + DEEPEST + " times");
            return relation;
        }
        if (!Objects.equals(around, relation.node().table())) {
            depth.problem("only a relation of a table with itself has a depth; this one leads from " + around + " to " + relation.node().table());
        }
        if (relation instanceof Many many && !(many.content() instanceof Many.Objects) || relation instanceof One one && one.value() != null) {
            depth.problem("values and an aggregate have nothing below them that could repeat");
        }
        var repeated = relation;
        for (int i = 1; i < levels; i++) {
            repeated = containing(relation, repeated);
        }
        return repeated;
    }

    private static Relation containing(Relation relation, Relation below) {
        var relations = new ArrayList<>(relation.node().relations());
        relations.add(below);
        var node = new Node(relation.node().table(), relation.node().where(), relation.node().fields(), relations);
        return switch (relation) {
            case One one -> new One(one.name(), one.on(), node, null, false);
            case Many many -> new Many(many.name(), many.on(), many.through(), many.orderBy(), many.distinct(), many.limit(), many.content(), node);
        };
    }

    private static void refuseTwice(Yaml yaml, List<Field> fields, List<Relation> relations) {
        var names = new HashSet<String>();
        for (var field : fields) {
            if (!names.add(field.name())) {
                yaml.problem("the name '" + field.name() + "' is there twice; rename one: {other_name: " + field.name() + "}");
            }
        }
        for (var relation : relations) {
            if (!names.add(relation.name())) {
                yaml.problem("the name '" + relation.name() + "' is there twice among fields and relations");
            }
        }
    }

    private static Field field(Yaml yaml) {
        if (yaml.isText()) {
            var column = yaml.text();
            return column == null ? null : new Field(column, new Expression.Column(column));
        }
        int[] members = {0};
        var named = yaml.members((name, value) -> {
            members[0]++;
            var expression = ExpressionReader.field(value);
            return expression == null ? null : new Field(name, expression);
        });
        if (members[0] != 1) {
            yaml.problem("a field is a column's name, or {name in the document: column}, or {name in the document: {function: …}}");
        }
        return named.isEmpty() ? null : named.getFirst();
    }

    private static One one(String name, Yaml yaml) {
        var on = yaml.need("join");
        yaml.get("depth");
        var flatten = yaml.get("flatten");
        var node = flatten == null ? nodeOf(yaml, "table") : nodeOf(yaml, "table", List.of());
        if (flatten != null && (yaml.get("fields") != null || !node.relations().isEmpty())) {
            yaml.problem("one value has no object to hang fields and relations on; take them out, or flatten");
        }
        yaml.done();
        refuseItself(yaml, name, node);
        return new One(name, on == null ? List.of() : joins(on), node, flatten == null ? null : ExpressionReader.expression(flatten), false);
    }

    private static Many many(String name, Yaml yaml) {
        var through = yaml.get("through");
        var on = through == null ? yaml.need("join") : through.need("join");
        var orderBy = yaml.get("orderBy");
        var distinct = yaml.get("distinct");
        var limit = yaml.get("limit");
        yaml.get("depth");
        var content = content(yaml);
        var link = through == null ? null : through(through);
        var node = content instanceof Many.Objects ? nodeOf(yaml, "table") : nodeOf(yaml, "table", List.of());
        yaml.done();
        var many = new Many(
                name,
                on == null ? List.of() : joins(on),
                link,
                orderBy == null ? List.of() : orderBy.elements(PipelineReader::order),
                distinct != null && distinct.truth(),
                limit == null ? null : limit.number(1),
                content,
                node);
        refuseItself(yaml, name, node);
        refuseUseless(yaml, many);
        return many;
    }

    /** What {@code fields}, {@code flatten} or {@code aggregate} ask for. */
    private static Many.Content content(Yaml yaml) {
        var flatten = yaml.get("flatten");
        var aggregate = yaml.get("aggregate");
        if (flatten == null && aggregate == null) {
            return new Many.Objects();
        }
        if (flatten != null && aggregate != null || yaml.get("fields") != null) {
            yaml.problem("has several of fields, flatten and aggregate; the first makes a list of objects, the second a list of values, the third one value");
        }
        return flatten != null ? new Many.Values(ExpressionReader.expression(flatten)) : aggregate(aggregate);
    }

    private static Many.Aggregate aggregate(Yaml yaml) {
        if (yaml.isText()) {
            var function = yaml.oneOfWords(Many.Aggregate.Function.class);
            if (function != null && function != Many.Aggregate.Function.COUNT && function != Many.Aggregate.Function.EXISTS) {
                yaml.problem("needs a value to work on: {" + function.name().toLowerCase(Locale.ROOT) + ": column}");
            }
            return new Many.Aggregate(function, null);
        }
        for (var function : Many.Aggregate.Function.values()) {
            var of = function == Many.Aggregate.Function.EXISTS ? null : yaml.get(function.name().toLowerCase(Locale.ROOT));
            if (of != null) {
                var aggregate = new Many.Aggregate(function, ExpressionReader.expression(of));
                yaml.done();
                return aggregate;
            }
        }
        yaml.problem("an aggregate is count, exists, or one of {count: …}, {sum: …}, {min: …}, {max: …}, {average: …}");
        return new Many.Aggregate(Many.Aggregate.Function.COUNT, null);
    }

    private static void refuseUseless(Yaml yaml, Many many) {
        if (many.content() instanceof Many.Objects) {
            return;
        }
        if (!many.node().relations().isEmpty() || many.through() != null && !many.through().fields().isEmpty()) {
            yaml.problem("a list of values or an aggregate has no object to hang further fields and relations on; take them out or use fields");
        }
        if (many.content() instanceof Many.Aggregate && (many.limit() != null || many.distinct() || !many.orderBy().isEmpty())) {
            yaml.problem("an aggregate is made of all rows; limit, distinct and orderBy have no place here, where: has");
        }
    }

    private static void refuseItself(Yaml yaml, String name, Node node) {
        if (yaml.get("depth") != null && (node.relations().stream().anyMatch(r -> r.name().equals(name)) || node.fields().stream().anyMatch(f -> f.name().equals(name)))) {
            yaml.problem("the relation repeats itself under its own name '" + name + "', which is already used inside it");
        }
    }

    private static Through through(Yaml yaml) {
        var to = yaml.need("to");
        var fields = yaml.get("fields");
        var table = yaml.need("table");
        var through = new Through(
                table == null ? null : table.table(),
                ExpressionReader.where(yaml.get("where")),
                to == null ? List.of() : joins(to),
                fields == null ? List.of() : fields.elements(PipelineReader::field));
        yaml.done();
        return through;
    }

    static List<Join> joins(Yaml yaml) {
        return yaml.members((here, there) -> {
            var column = there.text();
            return column == null ? null : new Join(here, column);
        });
    }

    private static Order order(Yaml yaml) {
        if (yaml.isText()) {
            return new Order(yaml.text(), false);
        }
        var orders = yaml.members((column, direction) -> {
            var text = direction.text();
            if (!"asc".equals(text) && !"desc".equals(text)) {
                direction.problem("'" + text + "' is not known; allowed: asc, desc");
            }
            return new Order(column, "desc".equals(text));
        });
        if (orders.size() != 1) {
            yaml.problem("an order is a column's name, or {column: desc}");
            return null;
        }
        return orders.getFirst();
    }

    private static Index index(Yaml yaml, String pipeline) {
        if (yaml == null) {
            return new Index(pipeline, 1, 0, DEFAULT_REFRESH, List.of(), Map.of(), List.of(), Map.of());
        }
        var name = yaml.get("name");
        var shards = yaml.get("shards");
        var replicas = yaml.get("replicas");
        var refresh = yaml.get("refresh");
        var nested = yaml.get("nested");
        var mappings = yaml.get("mappings");
        var templates = yaml.get("templates");
        var settings = yaml.get("settings");
        var index = new Index(
                name == null ? pipeline : name.text(),
                shards == null ? 1 : shards.number(1),
                replicas == null ? 0 : replicas.number(0),
                refresh == null ? DEFAULT_REFRESH : refresh.duration(DEFAULT_REFRESH),
                nested == null ? List.of() : nested.elements(Yaml::text),
                mappings == null ? Map.of() : mappings(mappings),
                templates == null ? List.of() : templates.elements(PipelineReader::plainMap),
                settings == null ? Map.of() : plainMap(settings));
        yaml.done();
        return index;
    }

    /** A table has a name, and nothing else of what an index of the search engine has. */
    private static void refuseForTables(Pipeline pipeline, Yaml yaml) {
        for (var key : SEARCH_KEYS) {
            var said = yaml.get(key);
            if (yaml.at().equals("index") && said != null) {
                said.problem("the target postgres has no " + key + "; take index." + key + " away");
            }
        }
        var name = pipeline.index().name();
        if (name != null && name.length() > LONGEST_VIEW) {
            yaml.problem("'" + name + "' is longer than " + LONGEST_VIEW + " characters, and the tables behind it need seven more, of 63 that PostgreSQL's names may have; write a shorter index.name");
        }
    }

    private static Map<String, Map<String, Object>> mappings(Yaml yaml) {
        var mappings = new LinkedHashMap<String, Map<String, Object>>();
        yaml.members((path, mapping) -> mappings.put(path, plainMap(mapping)));
        return mappings;
    }

    private static Map<String, Object> plainMap(Yaml yaml) {
        var map = new LinkedHashMap<String, Object>();
        yaml.members((key, value) -> map.put(key, value.plain()));
        return map;
    }
}
