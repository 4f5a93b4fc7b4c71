package io.millrace.demo;

import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.SQLException;
import java.sql.Types;
import java.time.Duration;
import java.time.Instant;
import java.time.OffsetDateTime;
import java.time.ZoneOffset;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;
import java.util.UUID;
import java.util.concurrent.locks.LockSupport;
import java.util.function.BooleanSupplier;

/**
 * What people and machines do to the demo's tables, in transactions of one to a dozen row changes.
 *
 * <p>On the same rows, the same seed does the same: times and keys come from the seed, not from the clock. One object
 * uses one connection, which it takes out of auto-commit; several objects may work on one database at once, and then a
 * transaction that another one got in the way of is rolled back and counted as refused. Not thread-safe.
 */
public final class Traffic {

    /** How often rare things happen. */
    public enum Mix {
        /**
         * As a product sees it: nearly all changes concern one monitor or dashboard; of a thousand transactions, one half
         * renames or deletes what many documents show.
         */
        STEADY,
        /** Everything that can happen, often; for tests on few rows. */
        BROAD
    }

    /** What was done. @param changes row changes, cascades not counted */
    public record Done(long transactions, long changes, long refused, Map<Deed, Long> deeds) {}

    /** One kind of transaction; its weight in each mix. */
    public enum Deed {
        CHANGE_STATUS(26000, 10), EDIT_MONITOR(12000, 10), INSERT_MONITOR(9000, 10), RETAG(13000, 10), REPLACE_TAG_KEY(1000, 5), MOVE_TEAM(7000, 10),
        DELETE_MONITOR(5000, 8), TOUCH(3000, 5), WRITE_LONG_MESSAGE(2500, 5), KEEP_LONG_MESSAGE(4000, 8), CHANGE_RECIPIENTS(7000, 10),
        INSERT_DASHBOARD(1500, 8), EDIT_DASHBOARD(4000, 8), DELETE_DASHBOARD(1000, 5), CHANGE_WIDGETS(2000, 8), SHARE_DASHBOARD(1000, 8), CHANGE_LIST(600, 8),
        RENAME_USER(20, 5), RENAME_TEAM(12, 5), RENAME_BIG_TEAM(1, 2), RENAME_TAG(10, 5), RENAME_ORGANISATION(0, 1), CHANGE_MEMBERS(200, 8),
        INSERT_TEAM(10, 4), DELETE_TEAM(1, 2), DELETE_TAG(1, 2), DELETE_USER(1, 3), EVERYTHING(20, 5), ROLL_BACK(200, 3);

        private final int steady;
        private final int broad;

        Deed(int steady, int broad) {
            this.steady = steady;
            this.broad = broad;
        }

        private int weight(Mix mix) {
            return switch (mix) {
                case STEADY -> steady;
                case BROAD -> broad;
            };
        }
    }

    private static final Instant START = Instant.parse("2026-01-01T00:00:00Z");
    /** SQL states: class 40 is a lost race (deadlock), class 23 a row that another writer took away. */
    private static final List<String> LOST_RACE = List.of("40", "23");

    private final Connection connection;
    private final SplittableRandom random;
    private final Mix mix;
    private final int weights;
    private final Map<Deed, Long> deeds = new EnumMap<>(Deed.class);
    private final List<UUID> users;
    private final List<Long> teams;
    private final List<Long> tags;
    private long lastMonitor;
    private long clockMicros;
    private long changes;
    private long transactions;
    private long refused;
    private long serial;

    /** @throws SQLException when the demo's tables are not there */
    public Traffic(Connection connection, long seed, Mix mix) throws SQLException {
        this.connection = connection;
        this.random = new SplittableRandom(seed);
        this.mix = mix;
        this.weights = List.of(Deed.values()).stream().mapToInt(d -> d.weight(mix)).sum();
        this.serial = seed << 24;
        connection.setAutoCommit(false);
        this.users = column("SELECT id FROM public.app_user ORDER BY id", UUID.class);
        this.teams = column("SELECT id FROM public.team ORDER BY id", Long.class);
        this.tags = column("SELECT id FROM public.tag ORDER BY id", Long.class);
        this.lastMonitor = column("SELECT coalesce(max(id), 0) FROM public.monitor", Long.class).getFirst();
        connection.commit();
    }

    /**
     * Goes on at a rate until told to stop; catches up after a pause of the database's for at most a second.
     *
     * @param changesPerSecond row changes a second, cascades not counted
     * @param goOn asked before each transaction
     */
    public Done run(int changesPerSecond, BooleanSupplier goOn) throws SQLException {
        long nanosPerChange = Duration.ofSeconds(1).toNanos() / changesPerSecond;
        long due = System.nanoTime();
        while (goOn.getAsBoolean()) {
            long before = changes;
            next();
            long now = System.nanoTime();
            due = Math.max(due + (changes - before) * nanosPerChange, now - Duration.ofSeconds(1).toNanos());
            while (due > System.nanoTime() && goOn.getAsBoolean()) {
                LockSupport.parkNanos(Math.min(due - System.nanoTime(), 100_000_000));
            }
        }
        return done();
    }

    /** Does so many transactions as fast as they go. */
    public Done transactions(int count) throws SQLException {
        for (int i = 0; i < count; i++) {
            next();
        }
        return done();
    }

    /** What was done so far. */
    public Done done() {
        return new Done(transactions, changes, refused, Map.copyOf(deeds));
    }

    private void next() throws SQLException {
        var deed = choose();
        long before = changes;
        try {
            perform(deed);
            connection.commit();
            transactions++;
            deeds.merge(deed, 1L, Long::sum);
        } catch (SQLException e) {
            connection.rollback();
            changes = before;
            if (e.getSQLState() == null || !LOST_RACE.contains(e.getSQLState().substring(0, 2))) {
                throw e;
            }
            refused++;
        }
    }

    private Deed choose() {
        int at = random.nextInt(weights);
        for (var deed : Deed.values()) {
            at -= deed.weight(mix);
            if (at < 0) {
                return deed;
            }
        }
        throw new IllegalStateException("The weights of " + mix + " do not add up to " + weights);
    }

    private void perform(Deed deed) throws SQLException {
        switch (deed) {
            case CHANGE_STATUS -> change("UPDATE public.monitor SET status = ?::public.monitor_status, modified = ? WHERE id = ?", Generator.status(random), now(), monitor());
            case EDIT_MONITOR -> change("UPDATE public.monitor SET name = ?, priority = ?, muted = ?, threshold = ?::numeric, noise = ?, options = ?::jsonb, notify = ?::text[], modified = ? WHERE id = ?",
                    Words.monitorName(random), random.nextInt(3) == 0 ? null : random.nextInt(1, 6), random.nextBoolean(), Generator.threshold(random),
                    Generator.noise(random), Words.json(random), Generator.notify(random), now(), monitor());
            case INSERT_MONITOR -> insertMonitor();
            case RETAG -> retag(monitor());
            case REPLACE_TAG_KEY -> change("UPDATE public.monitor_tag SET tag_id = ? WHERE monitor_id = ? AND tag_id = (SELECT min(tag_id) FROM public.monitor_tag WHERE monitor_id = ?)"
                    + " AND NOT EXISTS (SELECT FROM public.monitor_tag WHERE monitor_id = ? AND tag_id = ?)", linkMove());
            case MOVE_TEAM -> change("UPDATE public.monitor SET team_id = ?, modified = ? WHERE id = ?", random.nextInt(10) == 0 ? null : team(), now(), monitor());
            case DELETE_MONITOR -> change("DELETE FROM public.monitor WHERE id = ?", monitor());
            case TOUCH -> change("UPDATE public.monitor SET id = id, name = name WHERE id = ?", monitor());
            case WRITE_LONG_MESSAGE -> change("UPDATE public.monitor SET message = ?, modified = ? WHERE id = ?", Words.chapter(random), now(), monitor());
            case KEEP_LONG_MESSAGE -> change("UPDATE public.monitor SET muted = NOT muted, modified = ? WHERE id = (SELECT id FROM public.monitor WHERE id >= ? AND length(message) > 8000 ORDER BY id LIMIT 1)",
                    now(), random.nextLong(lastMonitor + 1));
            case CHANGE_RECIPIENTS -> changeRecipients(monitor());
            case INSERT_DASHBOARD -> insertDashboard();
            case EDIT_DASHBOARD -> change("UPDATE public.dashboard SET title = ?, description = ?, views = views + 1, popularity = ?, modified = ? WHERE id = ?",
                    Words.title(random), Words.sentence(random), (float) random.nextDouble(), now(), dashboard());
            case DELETE_DASHBOARD -> change("DELETE FROM public.dashboard WHERE id = ?", dashboard());
            case CHANGE_WIDGETS -> changeWidgets(dashboard());
            case SHARE_DASHBOARD -> share(dashboard());
            case CHANGE_LIST -> changeList(dashboard());
            case RENAME_USER -> change("UPDATE public.app_user SET name = ?, handle = ?, disabled = NOT disabled WHERE id = ?", Words.person(random), "user-" + ++serial, user());
            case RENAME_TEAM -> change("UPDATE public.team SET name = ?, lead_id = ? WHERE id = ?", "Team " + Words.service(random) + " " + ++serial, user(), team());
            case RENAME_BIG_TEAM -> change("UPDATE public.team SET name = ? WHERE id = ?", "Search " + ++serial, Generator.BIG_TEAM);
            case RENAME_TAG -> change("UPDATE public.tag SET value = ?, owner_id = ? WHERE id = ?", Words.service(random) + "-" + ++serial, random.nextInt(4) == 0 ? null : team(), tag());
            case RENAME_ORGANISATION -> change("UPDATE public.organisation SET name = ?, settings = ?::jsonb WHERE id = 1 + ?", "Organisation " + ++serial, Words.json(random), random.nextLong(2));
            case CHANGE_MEMBERS -> changeMembers(team());
            case INSERT_TEAM -> teams.add(inserted("INSERT INTO public.team (organisation_id, name, handle, lead_id, created) VALUES (1, ?, ?, ?, ?) RETURNING id",
                    "Team " + Words.service(random), "team-" + ++serial, user(), now()));
            case DELETE_TEAM -> deleteTeam();
            case DELETE_TAG -> change("DELETE FROM public.tag WHERE id = ?", tags.size() < 5 ? -1L : tags.remove(random.nextInt(tags.size())));
            case DELETE_USER -> change("DELETE FROM public.app_user WHERE id = ?", users.size() < 5 ? new UUID(0, 0) : users.remove(random.nextInt(users.size())));
            case EVERYTHING -> everything();
            case ROLL_BACK -> {
                change("DELETE FROM public.monitor WHERE id = ?", monitor());
                change("UPDATE public.team SET name = 'rolled back' WHERE id = ?", team());
                connection.rollback();
            }
        }
    }

    private Object[] linkMove() throws SQLException {
        var monitor = monitor();
        var tag = tag();
        return new Object[] {tag, monitor, monitor, monitor, tag};
    }

    private void insertMonitor() throws SQLException {
        var at = now();
        long id = inserted("INSERT INTO public.monitor (organisation_id, team_id, author_id, name, query, status, type, priority, muted, message, threshold, noise, options, notify, created, modified)"
                        + " VALUES (?, ?, ?, ?, ?, ?::public.monitor_status, 'metric', ?, false, ?, ?::numeric, ?, ?::jsonb, ?::text[], ?, ?) RETURNING id",
                1L + random.nextInt(2), random.nextInt(10) == 0 ? null : team(), user(), Words.monitorName(random), Words.query(random), Generator.status(random),
                random.nextInt(1, 6), random.nextInt(10) == 0 ? Words.chapter(random) : Words.sentence(random), Generator.threshold(random), Generator.noise(random),
                Words.json(random), Generator.notify(random), at, at);
        lastMonitor = Math.max(lastMonitor, id);
        for (int n = random.nextInt(4); n > 0; n--) {
            change("INSERT INTO public.monitor_tag VALUES (?, ?, ?) ON CONFLICT DO NOTHING", id, tag(), at);
        }
        for (int n = random.nextInt(3); n > 0; n--) {
            addRecipient(id);
        }
    }

    private void addRecipient(Long monitor) throws SQLException {
        change("INSERT INTO public.monitor_recipient (monitor_id, kind, address, user_id, delay) SELECT id, ?::public.recipient_kind, ?, ?, ?::interval FROM public.monitor WHERE id = ?",
                Generator.recipientKind(random), Generator.address(random), random.nextBoolean() ? user() : null, Generator.delay(random), monitor);
    }

    /** One link goes and another comes, or the same comes back, in one transaction. */
    private void retag(Long monitor) throws SQLException {
        var gone = column("DELETE FROM public.monitor_tag WHERE (monitor_id, tag_id) = (SELECT monitor_id, tag_id FROM public.monitor_tag WHERE monitor_id = ?"
                + " ORDER BY tag_id DESC LIMIT 1) RETURNING tag_id", Long.class, monitor);
        changes += gone.size();
        var tag = !gone.isEmpty() && random.nextInt(4) == 0 ? gone.getFirst() : tag();
        change("INSERT INTO public.monitor_tag SELECT id, ?, ? FROM public.monitor WHERE id = ? ON CONFLICT DO NOTHING", tag, now(), monitor);
    }

    private void changeRecipients(Long monitor) throws SQLException {
        switch (random.nextInt(4)) {
            case 0 -> addRecipient(monitor);
            case 1 -> change("DELETE FROM public.monitor_recipient WHERE id = (SELECT min(id) FROM public.monitor_recipient WHERE monitor_id = ?)", monitor);
            case 2 -> change("UPDATE public.monitor_recipient SET monitor_id = ? WHERE id = (SELECT max(id) FROM public.monitor_recipient WHERE monitor_id = ?)", monitor(), monitor);
            default -> change("UPDATE public.monitor_recipient SET address = ?, kind = ?::public.recipient_kind, user_id = ? WHERE monitor_id = ?",
                    Generator.address(random), Generator.recipientKind(random), random.nextBoolean() ? user() : null, monitor);
        }
    }

    private void insertDashboard() throws SQLException {
        var id = Generator.randomUuid(random);
        var at = now();
        change("INSERT INTO public.dashboard VALUES (?, 1, ?, ?, ?, 'free', 0, ?, ?, ?)", id, user(), Words.title(random), Words.sentence(random), (float) random.nextDouble(), at, at);
        change("INSERT INTO public.dashboard_team VALUES (?, ?) ON CONFLICT DO NOTHING", id, team());
        for (int position = random.nextInt(4); position > 0; position--) {
            addWidget(id, position);
        }
    }

    private void addWidget(UUID dashboard, Integer position) throws SQLException {
        change("INSERT INTO public.dashboard_widget (dashboard_id, position, kind, title, editor_id, definition) SELECT id, ?, ?, ?, ?, ?::jsonb FROM public.dashboard WHERE id = ?",
                position, Generator.widgetKind(random), Words.sentence(random), user(), Words.json(random), dashboard);
    }

    private void changeWidgets(UUID dashboard) throws SQLException {
        switch (random.nextInt(4)) {
            case 0 -> addWidget(dashboard, null);
            case 1 -> change("DELETE FROM public.dashboard_widget WHERE id = (SELECT max(id) FROM public.dashboard_widget WHERE dashboard_id = ?)", dashboard);
            case 2 -> change("UPDATE public.dashboard_widget SET editor_id = ?, title = ? WHERE dashboard_id = ?", user(), Words.sentence(random), dashboard);
            default -> change("UPDATE public.dashboard_widget SET position = 10 - position WHERE dashboard_id = ?", dashboard);
        }
    }

    private void share(UUID dashboard) throws SQLException {
        if (random.nextBoolean()) {
            change("DELETE FROM public.dashboard_team WHERE dashboard_id = ?", dashboard);
        }
        change("INSERT INTO public.dashboard_team SELECT id, ? FROM public.dashboard WHERE id = ? ON CONFLICT DO NOTHING", team(), dashboard);
    }

    private void changeList(UUID dashboard) throws SQLException {
        switch (random.nextInt(4)) {
            case 0 -> {
                long list = inserted("INSERT INTO public.dashboard_list (name, owner_id, created) VALUES (?, ?, ?) RETURNING id", "List " + ++serial, user(), now());
                change("INSERT INTO public.dashboard_list_entry SELECT ?, id, 0 FROM public.dashboard WHERE id = ?", list, dashboard);
            }
            case 1 -> change("DELETE FROM public.dashboard_list_entry WHERE dashboard_id = ?", dashboard);
            case 2 -> change("INSERT INTO public.dashboard_list_entry SELECT l.id, d.id, ? FROM public.dashboard d, (SELECT max(id) AS id FROM public.dashboard_list) l WHERE d.id = ? ON CONFLICT DO NOTHING",
                    random.nextInt(9), dashboard);
            default -> change("UPDATE public.dashboard_list SET name = ?, owner_id = ? WHERE id = (SELECT min(list_id) FROM public.dashboard_list_entry WHERE dashboard_id = ?)",
                    "List " + ++serial, user(), dashboard);
        }
    }

    private void changeMembers(Long team) throws SQLException {
        switch (random.nextInt(3)) {
            case 0 -> change("DELETE FROM public.team_member WHERE (team_id, user_id) = (SELECT team_id, user_id FROM public.team_member WHERE team_id = ? ORDER BY user_id LIMIT 1)", team);
            case 1 -> change("UPDATE public.team_member SET role = 'admin' WHERE team_id = ?", team);
            default -> change("INSERT INTO public.team_member VALUES (?, ?, 'member', ?::date) ON CONFLICT DO NOTHING", team, user(), "2025-0" + random.nextInt(1, 10) + "-15");
        }
    }

    private void deleteTeam() throws SQLException {
        if (teams.size() > 4) {
            change("DELETE FROM public.team WHERE id = ?", teams.remove(random.nextInt(1, teams.size())));
        }
    }

    private void everything() throws SQLException {
        for (var deed : new Deed[] {Deed.INSERT_MONITOR, Deed.RENAME_TEAM, Deed.RETAG, Deed.MOVE_TEAM, Deed.CHANGE_RECIPIENTS, Deed.RENAME_USER, Deed.RENAME_TAG,
            Deed.INSERT_DASHBOARD, Deed.CHANGE_WIDGETS, Deed.CHANGE_LIST, Deed.CHANGE_MEMBERS, Deed.DELETE_MONITOR}) {
            perform(deed);
        }
    }

    private OffsetDateTime now() {
        clockMicros += 1 + random.nextInt(2_000_000);
        return START.plusNanos(clockMicros * 1_000).atOffset(ZoneOffset.UTC);
    }

    /** An existing monitor's id, or, where the table is empty, one that does not exist. */
    private Long monitor() throws SQLException {
        var found = column("SELECT id FROM public.monitor WHERE id >= ? ORDER BY id LIMIT 1", Long.class, random.nextLong(lastMonitor + 1));
        return found.isEmpty() ? Long.valueOf(-1) : found.getFirst();
    }

    private UUID dashboard() throws SQLException {
        var found = column("SELECT id FROM public.dashboard WHERE id >= ? ORDER BY id LIMIT 1", UUID.class, Generator.randomUuid(random));
        return found.isEmpty() ? new UUID(0, 0) : found.getFirst();
    }

    private UUID user() {
        return users.get(random.nextInt(users.size()));
    }

    private Long team() {
        return teams.get(random.nextInt(teams.size()));
    }

    private Long tag() {
        return tags.get(random.nextInt(tags.size()));
    }

    private void change(String sql, Object... values) throws SQLException {
        try (var statement = connection.prepareStatement(sql)) {
            bind(statement, values);
            changes += statement.executeUpdate();
        }
    }

    private long inserted(String sql, Object... values) throws SQLException {
        try (var statement = connection.prepareStatement(sql)) {
            bind(statement, values);
            try (var result = statement.executeQuery()) {
                result.next();
                changes++;
                return result.getLong(1);
            }
        }
    }

    private static void bind(PreparedStatement statement, Object... values) throws SQLException {
        for (int i = 0; i < values.length; i++) {
            if (values[i] == null) {
                statement.setNull(i + 1, Types.NULL);
            } else {
                statement.setObject(i + 1, values[i]);
            }
        }
    }

    private <T> List<T> column(String sql, Class<T> type, Object... values) throws SQLException {
        var column = new ArrayList<T>();
        try (var statement = connection.prepareStatement(sql)) {
            bind(statement, values);
            try (var result = statement.executeQuery()) {
                while (result.next()) {
                    column.add(result.getObject(1, type));
                }
            }
        }
        return column;
    }
}
