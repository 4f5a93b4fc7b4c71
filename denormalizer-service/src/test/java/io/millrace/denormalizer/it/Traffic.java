package io.millrace.denormalizer.it;

import java.sql.Connection;
import java.sql.SQLException;
import java.util.List;
import java.util.Random;

/** Random transactions over the tables of {@code schema.sql}; many rows refer to others that do not exist. */
final class Traffic {

    private final Connection db;
    private final Random random;

    Traffic(Connection db, Random random) {
        this.db = db;
        this.random = random;
    }

    void transactions(int count) throws SQLException {
        db.setAutoCommit(false);
        for (int i = 0; i < count; i++) {
            int statements = 1 + random.nextInt(4);
            for (int s = 0; s < statements; s++) {
                statement();
            }
            db.commit();
        }
        db.setAutoCommit(true);
    }

    private void statement() throws SQLException {
        var point = db.setSavepoint();
        try (var statement = db.createStatement()) {
            statement.executeUpdate(sql());
        } catch (SQLException e) {
            if (!e.getSQLState().startsWith("23")) {
                throw e;
            }
            db.rollback(point);
        }
    }

    private String sql() {
        return switch (random.nextInt(40)) {
            case 0, 1 -> upsert("org", "id", List.of("id", "code", "name"), List.of(n(4), "'c" + n(5) + "'", text()));
            case 2 -> "UPDATE org SET code = " + pick("'c" + n(5) + "'", "NULL") + " WHERE id = " + n(4);
            case 3 -> "DELETE FROM org WHERE id = " + n(4);
            case 4, 5, 6 -> upsert("person", "id", List.of("id", "handle", "name", "born"), List.of(n(6), "'h" + n(7) + "'", text(), pick("NULL", "'19" + (50 + random.nextInt(40)) + "-02-03'")));
            case 7 -> "UPDATE person SET handle = 'h" + n(7) + "' WHERE id = " + n(6);
            case 8 -> "DELETE FROM person WHERE id = " + n(6);
            case 9, 10, 11 -> upsert("team", "id", List.of("id", "org_id", "name", "lead_id"), List.of(n(6), or(n(4)), text(), or(n(6))));
            case 12 -> "UPDATE team SET org_id = " + or(n(4)) + " WHERE id = " + n(6);
            case 13 -> "DELETE FROM team WHERE id = " + n(6);
            case 14, 15, 16, 17, 18 -> upsert("monitor", "id",
                    List.of("id", "team_id", "author_id", "editor", "parent_id", "title", "score", "ratio", "data", "made", "active"),
                    List.of(n(20), or(n(6)), or(n(6)), or("'h" + n(7) + "'"), or(n(20)), text(), or(pick("1.50", "-0.007", "123456789012345678901234567890", "0")),
                            or(pick("0.1", "1e300", "-2.5e-7", "100000", "123456789012345680")), or("'{\"b\": [1, \"x\\\"y\", null], \"a\": {\"é\": 1.10}}'"),
                            or("'2026-03-04 05:06:07." + (100000 + random.nextInt(900000)) + "+00'"), or("true")));
            case 19, 20 -> "UPDATE monitor SET team_id = " + or(n(6)) + ", title = " + text() + " WHERE id = " + n(20);
            case 21 -> "UPDATE monitor SET author_id = " + or(n(6)) + ", editor = " + or("'h" + n(7) + "'") + " WHERE id = " + n(20);
            case 22 -> "UPDATE monitor SET parent_id = " + or(n(20)) + " WHERE id = " + n(20);
            case 23 -> "UPDATE monitor SET id = " + n(20) + " WHERE id = " + n(20);
            case 24 -> "DELETE FROM monitor WHERE id = " + n(20);
            case 25, 26, 27 -> upsert("recipient", "id", List.of("id", "monitor_id", "person_id", "kind", "address"), List.of(n(40), or(n(20)), or(n(6)), or(text()), text()));
            case 28 -> "UPDATE recipient SET monitor_id = " + or(n(20)) + " WHERE id = " + n(40);
            case 29 -> "DELETE FROM recipient WHERE id = " + n(40);
            case 30, 31 -> upsert("tag", "id", List.of("id", "key", "owner_id"), List.of(n(6), text(), or(n(6))));
            case 32 -> "DELETE FROM tag WHERE id = " + n(6);
            case 33, 34 -> upsert("monitor_tag", "monitor_id, tag_id", List.of("monitor_id", "tag_id", "added"), List.of(n(20), n(6), n(100)));
            case 35 -> "DELETE FROM monitor_tag WHERE monitor_id = " + n(20);
            case 36, 37 -> upsert("step", "org_code, no", List.of("org_code", "no", "title"), List.of("'c" + n(5) + "'", n(3), text()));
            case 38 -> pick("DELETE FROM step WHERE no = " + n(3) + " AND org_code = 'c" + n(5) + "'", "UPDATE step SET no = " + n(3) + " WHERE no = " + n(3) + " AND org_code = 'c" + n(5) + "'");
            default -> upsert("note", "id", List.of("id", "org_code", "step_no", "body"), List.of(n(12), or("'c" + n(5) + "'"), or(n(3)), text()));
        };
    }

    private String upsert(String table, String key, List<String> columns, List<String> values) {
        var set = columns.stream().filter(c -> !key.contains(c)).map(c -> c + " = excluded." + c).toList();
        return "INSERT INTO " + table + " (" + String.join(", ", columns) + ") VALUES (" + String.join(", ", values) + ") ON CONFLICT (" + key + ") DO UPDATE SET " + String.join(", ", set);
    }

    private String n(int most) {
        return Integer.toString(1 + random.nextInt(most));
    }

    private String or(String value) {
        return random.nextInt(5) == 0 ? "NULL" : value;
    }

    private String pick(String... values) {
        return values[random.nextInt(values.length)];
    }

    private String text() {
        return "'" + pick("alpha", "Beta", "gämma", "δ", "quote\"d", "back\\slash", "line\nbreak", "\uD83D\uDE00", "", "z") + random.nextInt(5) + "'";
    }
}
