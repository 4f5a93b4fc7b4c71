package io.millrace.check.rule;

import io.millrace.check.Finding.Impact;
import io.millrace.pipeline.file.ColumnForm;
import io.millrace.pipeline.file.Expression;
import io.millrace.pipeline.file.Field;
import io.millrace.pipeline.file.Join;
import io.millrace.pipeline.file.Many;
import io.millrace.pipeline.file.Node;
import io.millrace.pipeline.file.One;
import io.millrace.pipeline.file.PipelineFile;
import io.millrace.pipeline.file.Relation;
import io.millrace.pipeline.file.RetentionRule;
import io.millrace.pipeline.file.TableName;
import io.millrace.pipeline.file.Where;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.stream.Stream;

/** Where pipelines use which tables and columns. */
public final class Uses {

    /**
     * @param at the path in the file
     * @param column null where the table as a whole is meant
     * @param document the member of the document, empty for the document itself
     */
    private record Use(PipelineFile file, String at, TableName table, String column, String document) {}

    /**
     * @param pipeline its name
     * @param at the path in its file
     * @param document the member of the document, empty for the document itself
     */
    public record Taken(String pipeline, String at, String document) {}

    private final List<Use> uses = new ArrayList<>();
    /** The columns without which rows cannot be given the form that the files ask for. */
    private final Map<TableName, Set<String>> named = new TreeMap<>();

    public Uses(Collection<PipelineFile> files) {
        for (var file : files) {
            var walk = new Walk(file);
            walk.node(file.pipeline().document(), "document", "root", "");
            file.pipeline().tableNames().forEach(walk::form);
            walk.retention();
        }
    }

    /** Every table that some document needs. */
    public Set<TableName> tables() {
        var tables = new TreeSet<TableName>();
        uses.forEach(use -> tables.add(use.table()));
        return tables;
    }

    /** The places that take a column. */
    public List<Taken> taking(TableName table, String column) {
        return takers(table, column).map(use -> new Taken(use.file().pipeline().name(), use.at(), use.document())).distinct().toList();
    }

    boolean has(TableName table) {
        return uses.stream().anyMatch(use -> use.table().equals(table));
    }

    boolean has(TableName table, String column) {
        return takers(table, column).findAny().isPresent();
    }

    /** Whether the form of a table's rows names the column, if only to leave it out. */
    boolean isNamedByForm(TableName table, String column) {
        return named.getOrDefault(table, Set.of()).contains(column);
    }

    /** The documents in which a table is, with what becomes of them. */
    List<Impact> of(TableName table, String how) {
        return uses.stream().filter(use -> use.table().equals(table) && use.column() == null).map(use -> impact(use, how)).toList();
    }

    /** The places that take a column, with what becomes of them. */
    List<Impact> of(TableName table, String column, String how) {
        return takers(table, column).map(use -> impact(use, how)).distinct().toList();
    }

    private Stream<Use> takers(TableName table, String column) {
        return uses.stream().filter(use -> use.table().equals(table) && column.equals(use.column()));
    }

    private static Impact impact(Use use, String how) {
        return new Impact(use.file().pipeline().name(), use.file().path().toString(), use.file().problem(use.at(), "").line(), use.at(), use.document(), how);
    }

    private final class Walk {

        private final PipelineFile file;

        Walk(PipelineFile file) {
            this.file = file;
        }

        private void use(String at, TableName table, String column, String document) {
            uses.add(new Use(file, at, table, column, document));
        }

        void form(TableName table) {
            var form = file.pipeline().settings(table).form();
            named.computeIfAbsent(table, _ -> new TreeSet<>()).addAll(form.needed());
            form.columns().forEach((name, made) -> {
                var at = "tables." + table + ".columns." + name;
                if (made instanceof ColumnForm.Hashed) {
                    use(at, table, name, "");
                }
                made.columns().forEach(column -> use(at, table, column, ""));
            });
            where(form.rows(), table, "tables." + table + ".rows", "");
        }

        /** What decides whether the document itself is there. */
        void retention() {
            var rules = file.pipeline().retention() == null ? List.<RetentionRule>of() : file.pipeline().retention().rules();
            for (int i = 0; i < rules.size(); i++) {
                var root = file.pipeline().document().table();
                var rule = rules.get(i);
                var at = file.lines().containsKey("retention.rules") ? "retention.rules[" + i + "]" : "retention";
                use(at + ".column", root, rule.column(), "");
                where(rule.when(), root, at + ".when", "");
                if (rule.override() != null) {
                    use(at + ".override.column", rule.override().one() == null ? root : file.pipeline().one(rule.override()).node().table(), rule.override().column(), "");
                }
            }
        }

        void node(Node node, String at, String tableKey, String document) {
            use(at + "." + tableKey, node.table(), null, document);
            where(node.where(), node.table(), at + ".where", document);
            fields(node.fields(), node.table(), at + ".fields", document);
            for (var relation : node.relations()) {
                relation(relation, node.table(), at, document);
            }
        }

        private void fields(List<Field> fields, TableName table, String at, String document) {
            for (int i = 0; i < fields.size(); i++) {
                values(fields.get(i).value(), table, at + "[" + i + "]", member(document, fields.get(i).name()));
            }
        }

        private void values(Expression expression, TableName table, String at, String document) {
            expression.columns().forEach(column -> use(at, table, column, document));
        }

        private void where(Where where, TableName table, String at, String document) {
            if (where != null) {
                where.columns().forEach(column -> use(at + "." + column, table, column, document));
            }
        }

        private void enrichment(One one, TableName here) {
            use("enrichment.table", one.node().table(), null, one.name());
            joins(one.on(), here, one.node().table(), "enrichment.join", one.name());
            values(one.value(), one.node().table(), "enrichment.table", one.name());
        }

        private void relation(Relation relation, TableName here, String at, String document) {
            if (relation instanceof One one && one.own()) {
                enrichment(one, here);
                return;
            }
            var below = at + (relation instanceof One ? ".one." : ".many.") + relation.name();
            var member = member(document, relation.name());
            var through = relation instanceof Many many ? many.through() : null;
            var there = through == null ? relation.node().table() : through.table();
            joins(relation.on(), here, there, below + (through == null ? ".join" : ".through.join"), member);
            if (through != null) {
                use(below + ".through.table", through.table(), null, member);
                joins(through.to(), through.table(), relation.node().table(), below + ".through.to", member);
                where(through.where(), through.table(), below + ".through.where", member);
                fields(through.fields(), through.table(), below + ".through.fields", member);
            }
            if (relation instanceof One one && one.value() != null) {
                values(one.value(), one.node().table(), below + ".flatten", member);
            }
            if (relation instanceof Many many) {
                switch (many.content()) {
                    case Many.Objects() -> { }
                    case Many.Values(var of) -> values(of, many.node().table(), below + ".flatten", member);
                    case Many.Aggregate(var function, var of) when of != null -> values(of, many.node().table(), below + ".aggregate", member);
                    case Many.Aggregate rows -> { }
                }
                for (int i = 0; i < many.orderBy().size(); i++) {
                    use(below + ".orderBy[" + i + "]", many.node().table(), many.orderBy().get(i).column(), member);
                }
            }
            node(relation.node(), below, "table", member);
        }

        private void joins(List<Join> joins, TableName here, TableName there, String at, String member) {
            for (var join : joins) {
                use(at + "." + join.here(), here, join.here(), member);
                use(at + "." + join.here(), there, join.there(), member);
            }
        }

        private static String member(String document, String name) {
            return document.isEmpty() ? name : document + "." + name;
        }
    }
}
