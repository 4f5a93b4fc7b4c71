package io.millrace.console.manage;

import io.millrace.console.Pipelines;
import io.millrace.pipeline.file.Pipeline;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jboss.logging.Logger;

/** The monitors' own tables, asked as the page's owners would: one statement for the rows and one for each count, over the schema as the demo has it. */
final class PostgresSide implements Side {

    private static final Logger LOG = Logger.getLogger(PostgresSide.class);
    private static final String FROM = " FROM public.monitor m LEFT JOIN public.team t ON t.id = m.team_id";
    private static final String TAGGED = FROM + " JOIN public.monitor_tag mt ON mt.monitor_id = m.id JOIN public.tag g ON g.id = mt.tag_id";

    private final Pipeline monitors;

    PostgresSide(Pipeline monitors) {
        this.monitors = monitors;
    }

    @Override
    public Session open(Question question) throws SQLException {
        var connection = Pipelines.connect(monitors, LONGEST);
        var user = new User(connection, question);
        try {
            user.plan();
            return user;
        } catch (SQLException e) {
            user.close();
            throw e;
        }
    }

    /** A condition for each part of the question that is asked, and what is bound to it. */
    private static final class Conditions {

        private final StringBuilder sql = new StringBuilder(" WHERE true");
        private final List<Object> values = new ArrayList<>();

        Conditions(Question q) {
            for (var word : q.words()) {
                var like = "%" + word.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_") + "%";
                and("(m.name ILIKE ? OR m.message ILIKE ?)", like, like);
            }
            if (q.organisation() != null) {
                and("m.organisation_id = ?", q.organisation());
            }
            andText("m.status::text = ?", q.status());
            andText("m.type = ?", q.type());
            andText("t.name = ?", q.team());
            andText("EXISTS (SELECT FROM public.monitor_tag mt JOIN public.tag g ON g.id = mt.tag_id WHERE mt.monitor_id = m.id AND g.value = ?)", q.tag());
        }

        private void andText(String condition, String value) {
            if (!value.isEmpty()) {
                and(condition, value);
            }
        }

        private void and(String condition, Object... bound) {
            sql.append(" AND ").append(condition);
            values.addAll(List.of(bound));
        }
    }

    private interface Reading<T> {
        T from(ResultSet found) throws SQLException;
    }

    private static final class User implements Session {

        private final Connection connection;
        private final List<Object> values;
        private final String rows;
        private final String statuses;
        private final String types;
        private final String teams;
        private final String tags;

        User(Connection connection, Question q) {
            this.connection = connection;
            var where = new Conditions(q);
            this.values = where.values;
            this.rows = "SELECT m.id::text, left(m.name, " + Answer.LONGEST_NAME + "), m.status::text, m.type, t.name" + FROM + where.sql + " ORDER BY " + (q.byName() ? "m.name COLLATE \"C\", m.id" : "m.modified DESC, m.id")
                    + " LIMIT " + Question.ROWS + " OFFSET " + q.offset();
            this.statuses = counts("m.status::text", FROM, where);
            this.types = counts("m.type", FROM, where);
            this.teams = counts("coalesce(t.name, 'none')", FROM, where);
            this.tags = counts("g.value", TAGGED, where);
        }

        private static String counts(String by, String from, Conditions where) {
            return "SELECT " + by + " COLLATE \"C\", count(*)" + from + where.sql + " GROUP BY 1 ORDER BY 2 DESC, 1 LIMIT " + Question.VALUES;
        }

        /** What the catalog says is read once for each connection; a product keeps its connections. */
        void plan() throws SQLException {
            for (var sql : List.of(rows, statuses, types, teams, tags)) {
                run("EXPLAIN " + sql, ResultSet::next);
            }
        }

        @Override
        public Answer ask() throws SQLException {
            long end = System.nanoTime() + LONGEST.toNanos();
            var page = read(rows, end, User::rows);
            // There are fewer statuses than values that are counted.
            var byStatus = read(statuses, end, User::counts);
            return new Answer(byStatus.values().stream().mapToLong(Long::longValue).sum(), page, byStatus, read(types, end, User::counts), read(teams, end, User::counts), read(tags, end, User::counts));
        }

        private <T> T read(String sql, long end, Reading<T> reading) throws SQLException {
            if (System.nanoTime() > end) {
                throw new SQLException("no whole answer within " + LONGEST.toSeconds() + " s");
            }
            return run(sql, reading);
        }

        private <T> T run(String sql, Reading<T> reading) throws SQLException {
            try (var statement = connection.prepareStatement(sql)) {
                bind(statement);
                try (var found = statement.executeQuery()) {
                    return reading.from(found);
                }
            }
        }

        private void bind(PreparedStatement statement) throws SQLException {
            for (int i = 0; i < values.size(); i++) {
                statement.setObject(i + 1, values.get(i));
            }
        }

        private static List<Answer.Row> rows(ResultSet found) throws SQLException {
            var rows = new ArrayList<Answer.Row>();
            while (found.next()) {
                rows.add(new Answer.Row(found.getString(1), found.getString(2), found.getString(3), found.getString(4), found.getString(5)));
            }
            return rows;
        }

        private static Map<String, Long> counts(ResultSet found) throws SQLException {
            var counts = new LinkedHashMap<String, Long>();
            while (found.next()) {
                counts.put(found.getString(1), found.getLong(2));
            }
            return counts;
        }

        @Override
        public void close() {
            try {
                connection.close();
            } catch (SQLException e) {
                LOG.debug("A connection that could not be closed is gone already", e);
            }
        }
    }
}
