package io.millrace.demo;

import java.sql.Connection;
import java.sql.SQLException;
import java.time.Instant;
import java.time.LocalDate;
import java.time.temporal.ChronoUnit;
import java.util.LinkedHashSet;
import java.util.SplittableRandom;
import java.util.UUID;
import java.util.random.RandomGenerator;

/** Writes the rows of every table; each table has random numbers of its own, so that a change to one leaves the others as they are. */
final class Generator {

    /** Team whose monitors are a little more than a tenth of all: over ten thousand at the scale of a hundred thousand. */
    static final long BIG_TEAM = 1;

    private static final Instant START = Instant.parse("2024-01-01T00:00:00Z");

    private final Connection connection;
    private final long seed;
    private final int monitors;
    private final int organisations;
    private final int users;
    private final int teams;
    private final int tags;
    private final int dashboards;
    private final int lists;
    private long rows;

    Generator(Connection connection, long seed, int monitors) {
        this.connection = connection;
        this.seed = seed;
        this.monitors = monitors;
        this.organisations = Math.clamp(monitors / 5_000, 2, 50);
        this.users = Math.max(12, monitors / 25);
        this.teams = Math.max(6, monitors / 250);
        this.tags = Math.max(20, monitors / 100);
        this.dashboards = Math.max(5, monitors / 10);
        this.lists = Math.max(4, monitors / 200);
    }

    /** @return rows written in all tables */
    long load() throws SQLException {
        skipForeignKeyTriggers();
        organisations();
        users();
        teams();
        members();
        tags();
        monitors();
        monitorTags();
        recipients();
        dashboards();
        dashboardParts();
        lists();
        continueIdentities();
        return rows;
    }

    /** Only a superuser may; for others Postgres checks every reference, which takes some times as long. */
    private void skipForeignKeyTriggers() throws SQLException {
        var before = connection.setSavepoint();
        try (var statement = connection.createStatement()) {
            statement.execute("SET LOCAL session_replication_role = replica");
        } catch (SQLException e) {
            connection.rollback(before);
        }
    }

    private interface Rows {
        void write(CopyText copy, SplittableRandom random) throws SQLException;
    }

    private void copy(String target, Rows content) throws SQLException {
        try (var copy = CopyText.into(connection, target)) {
            content.write(copy, new SplittableRandom(seed * 31 + target.hashCode()));
            rows += copy.finish();
        }
    }

    private static UUID uuid(long seed, int table, long row) {
        var random = new SplittableRandom(seed ^ (table * 0x9E3779B97F4A7C15L + row));
        return randomUuid(random);
    }

    static UUID randomUuid(RandomGenerator random) {
        return new UUID(random.nextLong() & ~0xF000L | 0x4000L, random.nextLong() >>> 2 | 1L << 63);
    }

    private UUID user(long row) {
        return uuid(seed, 1, row);
    }

    private UUID anyUserOrNone(RandomGenerator random) {
        return random.nextInt(12) == 0 ? null : user(random.nextInt(users));
    }

    private UUID dashboard(long row) {
        return uuid(seed, 2, row);
    }

    private static Instant time(RandomGenerator random) {
        return START.plus(random.nextLong(700L * 86_400 * 1_000_000), ChronoUnit.MICROS);
    }

    private static LocalDate day(RandomGenerator random) {
        return LocalDate.of(2015, 1, 1).plusDays(random.nextInt(4_000));
    }

    /** Low numbers often, high ones seldom: a few teams and tags have most of the monitors. */
    private static int skewed(RandomGenerator random, int bound) {
        double r = random.nextDouble();
        return (int) (bound * r * r);
    }

    private Long teamOfMonitor(RandomGenerator random) {
        int share = random.nextInt(1_000);
        if (share < 105) {
            return BIG_TEAM;
        }
        return share < 170 ? null : Long.valueOf(2 + skewed(random, teams - 1));
    }

    private void organisations() throws SQLException {
        copy("public.organisation (id, name, region, settings, created)", (copy, random) -> {
            for (int i = 1; i <= organisations; i++) {
                copy.row(i, "Organisation " + i, Words.pick(random, "us1", "us3", "us5", "eu1", "ap1"), Words.json(random), time(random));
            }
        });
    }

    private void users() throws SQLException {
        copy("public.app_user (id, organisation_id, handle, name, email, disabled, born, created)", (copy, random) -> {
            for (int i = 0; i < users; i++) {
                var name = Words.person(random);
                copy.row(user(i), 1 + i % organisations, "user-" + i, name, "user-" + i + "@example.org", random.nextInt(20) == 0,
                        random.nextInt(3) == 0 ? null : LocalDate.of(1950, 1, 1).plusDays(random.nextInt(20_000)), time(random));
            }
        });
    }

    private void teams() throws SQLException {
        copy("public.team (id, organisation_id, name, handle, lead_id, created)", (copy, random) -> {
            for (int i = 1; i <= teams; i++) {
                var name = i == BIG_TEAM ? "Search" : "Team " + Words.service(random) + " " + i;
                copy.row(i, 1 + i % organisations, name, "team-" + i, anyUserOrNone(random), time(random));
            }
        });
    }

    private void members() throws SQLException {
        copy("public.team_member (team_id, user_id, role, joined)", (copy, random) -> {
            for (int team = 1; team <= teams; team++) {
                for (int user : distinct(random, random.nextInt(9), users, false)) {
                    copy.row(team, user(user), random.nextInt(5) == 0 ? "admin" : "member", day(random));
                }
            }
        });
    }

    private static LinkedHashSet<Integer> distinct(RandomGenerator random, int count, int bound, boolean skewed) {
        var numbers = new LinkedHashSet<Integer>();
        for (int i = 0; i < count; i++) {
            numbers.add(skewed ? skewed(random, bound) : random.nextInt(bound));
        }
        return numbers;
    }

    private void tags() throws SQLException {
        copy("public.tag (id, key, value, owner_id)", (copy, random) -> {
            for (int i = 1; i <= tags; i++) {
                copy.row(i, Words.pick(random, "env", "service", "tier", "Region", "owner"), Words.service(random) + "-" + i,
                        random.nextInt(3) == 0 ? null : 1 + random.nextInt(teams));
            }
        });
    }

    private void monitors() throws SQLException {
        copy("public.monitor (id, organisation_id, team_id, author_id, name, query, status, type, priority, muted, message, threshold, noise, options, notify, created, modified)",
                (copy, random) -> {
                    for (int i = 1; i <= monitors; i++) {
                        var created = time(random);
                        copy.row(i, 1 + skewed(random, organisations), teamOfMonitor(random), anyUserOrNone(random),
                                Words.monitorName(random), Words.query(random), status(random), type(random), random.nextInt(3) == 0 ? null : random.nextInt(1, 6),
                                random.nextInt(8) == 0, random.nextInt(200) == 0 ? Words.chapter(random) : Words.sentence(random), threshold(random), noise(random),
                                Words.json(random), notify(random), created, created.plusSeconds(random.nextInt(86_400)));
                    }
                });
    }

    static String status(RandomGenerator random) {
        return Words.pick(random, "ok", "ok", "ok", "ok", "warn", "alert", "no_data", "ignored");
    }

    private static String type(RandomGenerator random) {
        return Words.pick(random, "metric", "log", "trace", "composite", "synthetic", "event", "anomaly");
    }

    static String threshold(RandomGenerator random) {
        return switch (random.nextInt(6)) {
            case 0 -> null;
            case 1 -> random.nextInt(1_000) + ".500";
            case 2 -> random.nextLong() + "." + random.nextLong(1_000_000_000L);
            case 3 -> "0.000000000001";
            default -> String.valueOf(random.nextInt(1_000));
        };
    }

    static Double noise(RandomGenerator random) {
        return switch (random.nextInt(5)) {
            case 0 -> null;
            case 1 -> random.nextInt(100) / 10.0;
            case 2 -> random.nextDouble() * 1e-7;
            case 3 -> random.nextDouble() * 1e21;
            default -> random.nextDouble();
        };
    }

    static String notify(RandomGenerator random) {
        return switch (random.nextInt(4)) {
            case 0 -> "{}";
            case 1 -> "{@" + Words.service(random) + "}";
            case 2 -> "{@" + Words.service(random) + ",NULL,\"a \\\"b\\\" \\\\ c\"}";
            default -> "{@on-call,@" + Words.service(random) + "}";
        };
    }

    private void monitorTags() throws SQLException {
        copy("public.monitor_tag (monitor_id, tag_id, added_at)", (copy, random) -> {
            for (int monitor = 1; monitor <= monitors; monitor++) {
                for (int tag : distinct(random, random.nextInt(7), tags, true)) {
                    copy.row(monitor, tag + 1, time(random));
                }
            }
        });
    }

    private void recipients() throws SQLException {
        copy("public.monitor_recipient (id, monitor_id, kind, address, user_id, delay)", (copy, random) -> {
            int id = 0;
            for (int monitor = 1; monitor <= monitors; monitor++) {
                for (int n = random.nextInt(5); n > 0; n--) {
                    copy.row(++id, monitor, recipientKind(random), address(random), random.nextInt(3) == 0 ? anyUserOrNone(random) : null, delay(random));
                }
            }
        });
    }

    static String recipientKind(RandomGenerator random) {
        return Words.pick(random, "email", "chat", "pager", "webhook");
    }

    static String address(RandomGenerator random) {
        return Words.service(random) + "@" + random.nextInt(50) + ".example.org";
    }

    static String delay(RandomGenerator random) {
        return random.nextInt(3) == 0 ? Words.pick(random, "5 minutes", "1 day 02:30:00", "00:00:00.25", "1 mon") : null;
    }

    private void dashboards() throws SQLException {
        copy("public.dashboard (id, organisation_id, author_id, title, description, layout, views, popularity, created, modified)", (copy, random) -> {
            for (int i = 0; i < dashboards; i++) {
                var created = time(random);
                copy.row(dashboard(i), 1 + skewed(random, organisations), anyUserOrNone(random), Words.title(random), Words.sentence(random),
                        Words.pick(random, "ordered", "free"), random.nextLong(1L << 60), random.nextInt(4) == 0 ? null : random.nextFloat(), created, created);
            }
        });
    }

    private void dashboardParts() throws SQLException {
        copy("public.dashboard_team (dashboard_id, team_id)", (copy, random) -> {
            for (int i = 0; i < dashboards; i++) {
                for (int team : distinct(random, random.nextInt(4), teams, true)) {
                    copy.row(dashboard(i), team + 1);
                }
            }
        });
        copy("public.dashboard_widget (id, dashboard_id, position, kind, title, editor_id, definition)", (copy, random) -> {
            int id = 0;
            for (int i = 0; i < dashboards; i++) {
                int count = random.nextInt(8);
                for (int position = 0; position < count; position++) {
                    copy.row(++id, dashboard(i), random.nextInt(10) == 0 ? null : position / 2, widgetKind(random), Words.sentence(random), anyUserOrNone(random), Words.json(random));
                }
            }
        });
    }

    static String widgetKind(RandomGenerator random) {
        return Words.pick(random, "timeseries", "toplist", "heatmap", "note");
    }

    private void lists() throws SQLException {
        copy("public.dashboard_list (id, name, owner_id, created)", (copy, random) -> {
            for (int i = 1; i <= lists; i++) {
                copy.row(i, Words.pick(random, "Favourites of ", "Weekly ", "incident ", "Équipe ") + Words.service(random), anyUserOrNone(random), time(random));
            }
        });
        copy("public.dashboard_list_entry (list_id, dashboard_id, position)", (copy, random) -> {
            for (int list = 1; list <= lists; list++) {
                int position = 0;
                for (int dashboard : distinct(random, random.nextInt(16), dashboards, false)) {
                    copy.row(list, dashboard(dashboard), position++);
                }
            }
        });
    }

    private void continueIdentities() throws SQLException {
        try (var statement = connection.createStatement()) {
            for (var table : new String[] {"organisation", "team", "monitor", "tag", "monitor_recipient", "dashboard_widget", "dashboard_list"}) {
                statement.execute("SELECT setval(pg_get_serial_sequence('public." + table + "', 'id'), (SELECT coalesce(max(id), 1) FROM public." + table + "))");
            }
        }
    }
}
