package io.millrace.denormalizer.shape;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.millrace.denormalizer.it.Scratch;
import io.millrace.denormalizer.join.render.DocumentSteps;
import io.millrace.pipeline.catalog.CatalogCheck;
import io.millrace.pipeline.file.PipelineFile;
import io.millrace.pipeline.file.PipelineFiles;
import io.millrace.pipeline.file.RetentionRule;
import io.millrace.pipeline.retention.RetentionOrder;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.Connection;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.SortedMap;
import java.util.TreeSet;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Documents that leave by time alone, and come back, against the SQL that the orders mean. Time passes where the test says so. */
class RetentionShapeIT {

    private static final String TABLES = """
            CREATE SCHEMA millrace;
            CREATE TABLE millrace.outboxevent (id uuid PRIMARY KEY, aggregatetype varchar NOT NULL, aggregateid varchar NOT NULL, type varchar NOT NULL, payload varchar);
            CREATE TABLE team (id int PRIMARY KEY, name text, keep_days int, active boolean NOT NULL);
            CREATE TABLE item (id int PRIMARY KEY, team_id int, status text, modified timestamptz, closed timestamp, due date, keep_months smallint);
            CREATE TABLE part (id int PRIMARY KEY, item_id int, name text)""";
    private static final String FILE = """
            millrace: 1
            name: items
            source: {name: kept, url: {env: NOT_USED}, user: {env: NOT_USED}, password: {env: NOT_USED}}
            document:
              root: item
              where: [{status: {not: hidden}}, {status: null}]
              fields: [id, status]
              one:
                team: {table: team, join: {team_id: id}, where: {active: true}, fields: [name]}
              many:
                parts: {table: part, join: {id: item_id}, fields: [id, name]}
            retention:
              rules:
                - {column: modified, keep: 13 months, override: {one: team, column: keep_days, unit: days}}
                - {column: closed, keep: 30 days, when: {status: closed}}
                - {column: due, keep: 2 years, override: {column: keep_months, unit: months}}
            """;
    private static final Instant BEGIN = Instant.parse("2024-01-31T12:00:00Z");

    /** By which nothing is taken in twice. */
    private static final Random ONCE = new Random() {
        @Override
        public int nextInt(int bound) {
            return bound - 1;
        }
    };

    @TempDir
    static Path data;
    static Path states;
    static Database database;
    static PipelineFile file;

    @BeforeAll
    static void begin() throws Exception {
        states = Scratch.folder();
        database = new Database(data.resolve("servers"));
        file = PipelineFiles.load(List.of(Files.writeString(data.resolve("items.yaml"), FILE))).getFirst();
    }

    @AfterAll
    static void close() throws IOException {
        if (states != null) {
            Scratch.delete(states);
        }
        if (database != null) {
            database.close();
        }
    }

    /** The time for the documents, and what was ordered last. */
    private static final class Clock {
        Instant now = BEGIN;
        RetentionOrder order;
        int orders;

        void pass(Duration time) {
            now = now.plus(time);
        }

        String order(List<RetentionRule> rules) {
            order = new RetentionOrder(now, rules);
            return "INSERT INTO millrace.outboxevent VALUES (gen_random_uuid(), 'items', 'items', 'retain', '" + order.json() + "') -- " + ++orders;
        }
    }

    @ParameterizedTest
    @ValueSource(longs = {1, 2, 3, 4, 5, 6})
    void documentsEqualTheSqlOfTheLastOrder(long seed) throws Exception {
        var dice = new Random(seed);
        try (var db = database.create("kept_" + seed)) {
            var world = new World(db, TABLES);
            assertEquals(List.of(), CatalogCheck.check(file, world.catalog()));
            var clock = new Clock();
            var joined = new Joined(file.pipeline(), world, states.resolve("state-" + seed), DocumentSteps.NONE);
            var gone = new TreeSet<String>();
            int returned = 0;
            var before = new TreeSet<String>();
            try {
                for (int round = 0; round < 12; round++) {
                    for (int i = 0; i < (round == 0 ? 120 : 25); i++) {
                        world.transaction(List.of(change(dice, clock)));
                    }
                    if (dice.nextInt(8) == 0) {
                        world.transaction(List.of(dice.nextBoolean() ? "TRUNCATE team" : "TRUNCATE part"));
                    }
                    for (int i = dice.nextInt(3); i > 0; i--) {
                        clock.pass(Duration.ofHours(1 + dice.nextInt(90 * 24)));
                        world.transaction(List.of(clock.order(rules(dice))));
                    }
                    joined.take(world.changes(), dice);
                    var when = "seed " + seed + ", round " + round + ", " + clock.order;
                    var expected = world.documents(file.pipeline(), clock.order);
                    equal(expected, joined, when);
                    var rows = world.documents(file.pipeline()).keySet();
                    before.stream().filter(id -> rows.contains(id) && !expected.containsKey(id)).forEach(gone::add);
                    returned += (int) expected.keySet().stream().filter(id -> gone.remove(id)).count();
                    before.clear();
                    before.addAll(expected.keySet());
                    if (dice.nextInt(2) == 0) {
                        joined = joined.restarted(states.resolve("state-" + seed + "-" + round));
                    }
                }
            } finally {
                joined.close();
            }
            assertTrue(gone.size() + returned > 6 && returned > 0, "too few documents left, or came back: " + gone + ", " + returned);
        }
    }

    private static void equal(SortedMap<String, String> expected, Joined joined, String when) {
        assertEquals(new ArrayList<>(expected.keySet()), new ArrayList<>(joined.documents().keySet()), when);
        assertEquals(expected, joined.documents(), when);
        assertEquals(List.of(), joined.regressions(), when);
        assertEquals(List.of(), joined.quarantined(), when);
    }

    private static List<RetentionRule> rules(Random dice) {
        var all = file.pipeline().retention().rules();
        return switch (dice.nextInt(6)) {
            case 0 -> List.of();
            case 1 -> all.subList(0, 1);
            case 2 -> all.subList(1, 3);
            default -> all;
        };
    }

    private static String change(Random dice, Clock clock) {
        int item = 1 + dice.nextInt(40);
        return switch (dice.nextInt(10)) {
            case 0 -> "INSERT INTO team VALUES (" + (1 + dice.nextInt(5)) + ", 'a', " + days(dice) + ", " + (dice.nextInt(4) > 0) + ") ON CONFLICT (id) DO UPDATE SET keep_days = excluded.keep_days, active = excluded.active";
            case 1 -> "DELETE FROM team WHERE id = " + (1 + dice.nextInt(5));
            case 2 -> "DELETE FROM item WHERE id = " + item;
            case 3, 4 -> "INSERT INTO part VALUES (" + (1 + dice.nextInt(60)) + ", " + item + ", 'p" + dice.nextInt(9) + "') ON CONFLICT (id) DO UPDATE SET item_id = excluded.item_id, name = excluded.name";
            default -> "INSERT INTO item VALUES (" + item + ", " + (dice.nextInt(5) == 0 ? "NULL" : 1 + dice.nextInt(5)) + ", " + List.of("'open'", "'closed'", "'hidden'", "NULL").get(dice.nextInt(4)) + ", " + time(dice, clock)
                    + ", " + time(dice, clock) + ", " + time(dice, clock) + ", " + (dice.nextInt(3) > 0 ? "NULL" : dice.nextInt(20) - 1) + ") ON CONFLICT (id) DO UPDATE SET team_id = excluded.team_id, status = excluded.status, "
                    + "modified = excluded.modified, closed = excluded.closed, due = excluded.due, keep_months = excluded.keep_months";
        };
    }

    private static String days(Random dice) {
        return dice.nextInt(3) == 0 ? "NULL" : Integer.toString(List.of(-5, 0, 1, 31, 400, 2_000_000_000).get(dice.nextInt(6)));
    }

    /** Mostly of the last two years; now and then none, or one without end. */
    private static String time(Random dice, Clock clock) {
        return switch (dice.nextInt(14)) {
            case 0 -> "NULL";
            case 1 -> "'infinity'";
            case 2 -> "'-infinity'";
            case 3 -> "'9999-12-31 00:00:00+00'";
            default -> "'" + clock.now.minus(Duration.ofMinutes(dice.nextInt(700 * 24 * 60))) + "'";
        };
    }

    @Test
    void aDocumentLeavesAtItsMomentThoughNoRowChangedAndItsTenantsNumberBringsItBack() throws Exception {
        try (var db = database.create("moments")) {
            var world = new World(db, TABLES);
            var rules = file.pipeline().retention().rules().subList(0, 1);
            try (var joined = new Joined(file.pipeline(), world, states.resolve("moments"), DocumentSteps.NONE)) {
                var clock = new Clock();
                clock.now = Instant.parse("2025-02-28T11:59:59.999999Z");
                world.transaction(List.of("INSERT INTO team VALUES (1, 't', NULL, true), (2, 'u', 7, true)", clock.order(rules)));
                world.transaction(List.of("INSERT INTO item (id, team_id, modified) VALUES (1, 1, '2024-01-31 12:00+00'), (2, 2, '2025-02-25 00:00+00')", "INSERT INTO item (id, status) VALUES (3, 'open')",
                        "UPDATE item SET status = 'open'"));
                took(world, joined, clock, List.of("1", "2", "3"), "a month before the 31st is over on the last day of its month, and what has no time stays");

                clock.now = Instant.parse("2025-02-28T12:00:00Z");
                world.transaction(List.of(clock.order(rules)));
                took(world, joined, clock, List.of("2", "3"), "thirteen months are over");

                world.transaction(List.of("INSERT INTO part VALUES (1, 1, 'p')", "UPDATE item SET team_id = 2 WHERE id = 1"));
                took(world, joined, clock, List.of("2", "3"), "a change outside of the retention brings nothing back");

                world.transaction(List.of("UPDATE team SET keep_days = 1000 WHERE id = 2"));
                took(world, joined, clock, List.of("1", "2", "3"), "the tenant keeps longer");

                world.transaction(List.of("UPDATE team SET keep_days = 1 WHERE id = 2"));
                took(world, joined, clock, List.of("3"), "the tenant keeps a day");

                world.transaction(List.of("UPDATE item SET modified = '2025-02-28 11:00+00' WHERE id = 1"));
                took(world, joined, clock, List.of("1", "3"), "a change inside of the retention brings it back");

                clock.now = Instant.parse("2025-02-27T00:00:00Z");
                var older = clock.order(List.of());
                clock.now = Instant.parse("2025-02-28T12:00:00Z");
                clock.order(rules);
                world.transaction(List.of(older));
                took(world, joined, clock, List.of("1", "3"), "an older order that comes late changes nothing");
            }
        }
    }

    @Test
    void whatHasLeftIsNotDeletedAgainWithEachChangeOfAnotherRow() throws Exception {
        try (var db = database.create("quiet")) {
            var world = new World(db, TABLES);
            var clock = new Clock();
            var rules = file.pipeline().retention().rules();
            try (var joined = new Joined(file.pipeline(), world, states.resolve("quiet"), DocumentSteps.NONE)) {
                world.transaction(List.of("INSERT INTO team VALUES (1, 't', NULL, true)", "INSERT INTO item (id, team_id, status, closed) VALUES (1, 1, 'closed', '2020-01-01')", clock.order(rules.subList(1, 2))));
                took(world, joined, clock, List.of(), "closed for long");
                int before = joined.emitted();
                world.transaction(List.of("INSERT INTO part VALUES (1, 1, 'p')", "UPDATE team SET name = 'u', keep_days = 1"));
                world.transaction(List.of("UPDATE part SET name = 'q'", "DELETE FROM team"));
                joined.take(world.changes(), ONCE);
                assertEquals(before, joined.emitted(), "nothing but its own row decides");
            }
        }
    }

    private static void took(World world, Joined joined, Clock clock, List<String> ids, String when) throws Exception {
        joined.take(world.changes(), new Random(7));
        assertEquals(ids, List.copyOf(joined.documents().keySet()), when);
        equal(world.documents(file.pipeline(), clock.order), joined, when);
    }

    @Test
    void aStateBuiltAnewShowsNothingThatHadLeft() throws Exception {
        try (Connection db = database.create("anew")) {
            var world = new World(db, TABLES);
            var clock = new Clock();
            world.transaction(List.of("INSERT INTO item (id, status, modified) SELECT n, 'open', '2020-01-01' FROM generate_series(1, 50) n", "INSERT INTO item (id, status, modified) VALUES (51, 'open', '" + BEGIN + "')"));
            world.transaction(List.of(clock.order(file.pipeline().retention().rules())));
            try (var joined = new Joined(file.pipeline(), world, states.resolve("anew"), DocumentSteps.NONE)) {
                joined.take(world.changes(), new Random(1));
                assertEquals(List.of("51"), List.copyOf(joined.documents().keySet()));
                assertEquals(List.of(), joined.everShown().stream().filter(id -> !id.equals("51")).toList(), "a rebuild must not show for a moment what has left");
            }
        }
    }
}
