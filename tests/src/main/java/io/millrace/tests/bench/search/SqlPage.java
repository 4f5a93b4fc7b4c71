package io.millrace.tests.bench.search;

import io.millrace.pipeline.comparison.CanonicalJson;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.TreeMap;
import java.util.stream.Collectors;
import javax.sql.DataSource;

/**
 * A page as SQL. Only what a question filters by is in its statements, as a query builder writes them.
 *
 * @param name what the side is called
 * @param setup statements that make what it needs, once
 * @param session statements of each new connection
 * @param statements each gives {@code part, value, n}: the part {@code total} with n, {@code row} with its JSON and place, or a facet's name with a value and its count;
 *        {@code {where}}, {@code {order}}, {@code {page}} are replaced
 * @param organisation the condition on the organisation, with {@code ?} for its id
 * @param word the condition that a word makes, with {@code ?} for the pattern, as often as is needed
 * @param filters for each facet the condition that a chosen value makes, with {@code ?}
 */
record SqlPage(String name, List<String> setup, List<String> session, List<String> statements, String organisation, String word, Map<String, String> filters,
        Map<Question.Order, String> orders) {

    /** The side over a database. */
    Side over(DataSource database) {
        return new Side() {
            @Override
            public String name() {
                return name;
            }

            @Override
            public Session open() throws SQLException {
                return new SqlSession(SqlPage.this, database.getConnection());
            }
        };
    }

    /** Makes indexes and views. @return seconds by statement */
    Map<String, Double> setUp(DataSource database) throws SQLException {
        var took = new LinkedHashMap<String, Double>();
        try (var connection = database.getConnection(); var statement = connection.createStatement()) {
            for (var sql : setup) {
                long begin = System.nanoTime();
                statement.execute(sql);
                took.put(sql.lines().findFirst().orElseThrow(), (System.nanoTime() - begin) / 1e9);
            }
        }
        return took;
    }

    private record SqlSession(SqlPage page, Connection connection) implements Side.Session {

        private SqlSession {
            try (var statement = connection.createStatement()) {
                for (var sql : page.session) {
                    statement.execute(sql);
                }
            } catch (SQLException e) {
                throw new IllegalStateException("Setting up a session of " + page.name + " failed: " + e.getMessage(), e);
            }
        }

        @Override
        public Answer ask(Question question) throws SQLException {
            var conditions = new ArrayList<String>(List.of(page.organisation));
            var values = new ArrayList<Object>(List.of(question.organisation()));
            for (var word : question.words()) {
                add(conditions, values, page.word, "%" + word.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_") + "%");
            }
            question.filters().forEach((facet, value) -> add(conditions, values, Objects.requireNonNull(page.filters.get(facet), facet), value));
            var where = conditions.stream().collect(Collectors.joining(" AND "));
            var answer = new Answer.Builder();
            var rows = new TreeMap<Long, String>();
            for (var template : page.statements) {
                var sql = template.replace("{where}", where).replace("{order}", page.orders.get(question.order()))
                        .replace("{page}", "LIMIT " + Question.ROWS + " OFFSET " + question.page() * Question.ROWS);
                try (var statement = connection.prepareStatement(sql)) {
                    bind(statement, values, template.split("\\{where}", -1).length - 1);
                    read(statement, answer, rows);
                }
            }
            rows.values().forEach(answer::row);
            return answer.build();
        }

        private static void read(PreparedStatement statement, Answer.Builder answer, Map<Long, String> rows) throws SQLException {
            try (var found = statement.executeQuery()) {
                while (found.next()) {
                    var part = found.getString(1);
                    var value = found.getString(2);
                    long n = found.getLong(3);
                    switch (part) {
                        case "total" -> answer.total(n);
                        case "row" -> rows.put(n, CanonicalJson.of(value));
                        default -> answer.count(part, value, n);
                    }
                }
            }
        }

        private static void add(List<String> conditions, List<Object> values, String condition, Object value) {
            conditions.add(condition);
            condition.chars().filter(c -> c == '?').forEach(c -> values.add(value));
        }

        /** The conditions' values, as often as the statement has the conditions. */
        private static void bind(PreparedStatement statement, List<Object> values, int times) throws SQLException {
            for (int i = 0; i < times * values.size(); i++) {
                statement.setObject(i + 1, values.get(i % values.size()));
            }
        }

        @Override
        public void close() throws SQLException {
            connection.close();
        }
    }
}
