package io.millrace.tests.suite;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.millrace.launcher.stack.StackAccess;
import io.millrace.launcher.stack.StackFile;
import io.millrace.local.LocalServers;
import io.millrace.local.Ports;
import io.millrace.tests.oracle.IndexReader;
import io.millrace.tests.oracle.Oracles;
import io.millrace.tests.oracle.SqlOracle;
import io.millrace.tests.stack.DemoStack;
import io.millrace.tests.stack.Launcher;
import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.SQLException;
import java.time.Duration;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicLong;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.postgresql.ds.PGSimpleDataSource;

/** A pipeline file is added to a stack that runs, by the command line as a user has it, while the pipelines that run are written to. */
@Tag("long")
@Timeout(value = 40, unit = TimeUnit.MINUTES)
class AdditionIT {

    /** Some 5 s on a machine with nothing else to do; a machine with twenty times its work must pass too. */
    private static final Duration LONGEST_PAUSE = Duration.ofSeconds(120);
    private static final Duration SOON = Duration.ofMinutes(3);
    private static final List<String> SERVERS = List.of("postgres", "kafka", "registry", "search");
    private static final String SOURCE = "{name: clinic, url: {env: MILLRACE_SOURCE_URL}, user: {env: MILLRACE_SOURCE_USER}, password: {env: MILLRACE_SOURCE_PASSWORD}}";
    private static final String VISITS = """
            millrace: 1
            name: visits
            source: %s
            latency: {p99: 120s}
            document:
              root: public.appointment
              fields: [id, complaint, state]
              one:
                patient: {table: public.patient, join: {patient_id: id}, fields: [name]}
            """.formatted(SOURCE);
    private static final String ROOMS = """
            millrace: 1
            name: rooms
            source: %s
            latency: {p99: 120s}
            document:
              root: public.room
              fields: [id, label]
              one:
                clinic: {table: public.clinic, join: {clinic_id: id}, fields: [name]}
            """.formatted(SOURCE);
    private static final SqlOracle VISITS_SQL = SqlOracle.of("visits", """
            SELECT a.id::text AS id, json_build_object('id', a.id, 'complaint', a.complaint, 'state', a.state,
                'patient', (SELECT json_build_object('name', p.name) FROM patient p WHERE p.id = a.patient_id)) AS document FROM appointment a""");
    private static final SqlOracle ROOMS_SQL = SqlOracle.of("rooms", """
            SELECT r.id::text AS id, json_build_object('id', r.id, 'label', r.label,
                'clinic', (SELECT json_build_object('name', c.name) FROM clinic c WHERE c.id = r.clinic_id)) AS document FROM room r""");

    private static final SqlOracle GROWN_SQL = SqlOracle.of("rooms", """
            SELECT r.id::text AS id, json_build_object('id', r.id, 'label', r.label, 'clinic_id', r.clinic_id,
                'clinic', (SELECT json_build_object('name', c.name) FROM clinic c WHERE c.id = r.clinic_id)) AS document FROM room r""");

    @TempDir
    Path folder;
    private final AtomicBoolean writing = new AtomicBoolean(true);
    /** While the pause is looked for. */
    private final AtomicBoolean adding = new AtomicBoolean(true);
    private final ExecutorService threads = Executors.newVirtualThreadPerTaskExecutor();
    private Launcher launcher;
    private LocalServers own;

    @AfterEach
    void stop() throws IOException, InterruptedException {
        writing.set(false);
        adding.set(false);
        threads.close();
        launcher.run("down");
        if (own != null) {
            own.postgres().stop();
        }
    }

    @Test
    void aFileIsAddedWhileAnotherPipelineIsServed() throws Exception {
        own = LocalServers.in(folder.resolve("own"), Ports.free(), Map.of("fsync", "off"));
        own.postgres().start();
        execute("postgres", "CREATE DATABASE clinic");
        execute("clinic", Files.readString(DemoStack.home().resolve("tests/src/test/resources/clinic.sql")));
        launcher = new Launcher(data(), Map.of("MILLRACE_SOURCE_URL", own.jdbcUrl("clinic"), "MILLRACE_SOURCE_USER", "millrace", "MILLRACE_SOURCE_PASSWORD", "not told",
                "MILLRACE_ADMIN_USER", own.postgresUser(), "MILLRACE_ADMIN_PASSWORD", own.postgresPassword()));
        var visits = write("visits.yaml", VISITS);
        var rooms = write("rooms.yaml", ROOMS);
        says(0, "It goes on in the background", launcher.up("--pipeline", visits));

        var before = pids();
        var published = published();
        whatCannotBeIsRefusedAndNothingIsChanged(visits, rooms);
        assertEquals(before, pids(), "nothing was started again for a refusal");
        assertEquals(published, published());
        assertEquals(List.of(visits), StackFile.read(data()).orElseThrow().pipelines());

        var traffic = threads.submit(this::keepWriting);
        var pause = threads.submit(this::longestPause);
        var added = says(0, "The first documents of rooms can be searched", launcher.run("up", "--pipeline", rooms));
        System.out.println(added.output());
        assertTrue(added.output().contains("/rooms/_search?size=1&pretty") && added.output().contains("Everything that the tables hold can be searched"), added.output());
        assertTrue(launcher.run("status").output().contains("rooms "), "the status has it at once");
        var after = pids();
        SERVERS.forEach(server -> assertEquals(before.get(server), after.get(server), server + " goes on"));
        before.keySet().stream().filter(name -> !SERVERS.contains(name)).forEach(name -> assertNotEquals(before.get(name), after.get(name), name + " reads its files as it starts"));

        var again = says(0, "The services have read these files already", launcher.run("up", "--pipeline", rooms));
        assertTrue(again.output().contains("Provisioned already"), again.output());
        assertEquals(after, pids(), "the second time nothing is started again");

        adding.set(false);
        System.out.printf("While a file was added, a change of the pipeline that ran took %.1f s to its document at most%n", pause.get().toMillis() / 1e3);

        whatIsBrokenOffIsGoneOnWith(rooms);
        aChangeIsAppliedOrRefused(rooms);
        writing.set(false);
        traffic.get();
        agree(VISITS_SQL, GROWN_SQL);
        Files.writeString(Path.of(rooms), ROOMS);
        says(0, "denormalizer has read the files", launcher.run("up", "--pipeline", rooms));
        agree(VISITS_SQL, ROOMS_SQL);
        Awaitility.await("nothing needs a person").atMost(SOON).until(() -> launcher.run("status").code() == 0);

        says(0, "Stopped in", launcher.run("down"));
        var up = says(0, "Bringing again what ran last", launcher.up());
        assertTrue(up.output().contains(visits) && up.output().contains(rooms), up.output());
        execute("clinic", "UPDATE room SET label = 'later ' || id; UPDATE patient SET name = 'later ' || id");
        agree(VISITS_SQL, ROOMS_SQL);
        Awaitility.await("nothing needs a person").atMost(SOON).until(() -> launcher.run("status").code() == 0);
    }

    private void whatCannotBeIsRefusedAndNothingIsChanged(String visits, String rooms) throws IOException, InterruptedException {
        refused("typo.yaml", ROOMS.replace("[id, label]", "[id, labell]"), "typo.yaml:7: document.fields[1]: the table public.room has no column 'labell'");
        refused("key.yaml", ROOMS.replace("fields: [id, label]", "flavour: sweet"), "key.yaml:7: document.flavour");
        refused("same.yaml", ROOMS.replace("name: rooms", "name: visits"), "same.yaml:2: name: the pipeline 'visits' is already described in " + visits);
        refused("index.yaml", ROOMS + "index: {name: visits}\n", "index.yaml:10: index.name: the index 'visits' already belongs to the pipeline in " + visits);
        refused("other.yaml", ROOMS.replace("name: clinic,", "name: hospital,"), "other.yaml:3: source.name: one stack reads one source");
        refused("mapping.yaml", ROOMS + "index:\n  mappings:\n    label: {type: nonsense}\n", "mapping.yaml:12: index.mappings");
        Files.writeString(Path.of(visits), VISITS.replace("complaint, state", "complaint, {state: {upper: state}}"));
        says(1, "visits.yaml:7: document.fields[2]: a later generation is needed, because 'state' is there with another value", launcher.run("up", "--pipeline", rooms));
        Files.writeString(Path.of(visits), VISITS);
        says(1, "--port-base can be said only when it is started", launcher.run("up", "--port-base", "1000", "--pipeline", rooms));
    }

    private void refused(String file, String text, String why) throws IOException, InterruptedException {
        var ran = says(1, why, launcher.run("up", "--pipeline", write(file, text)));
        assertTrue(ran.output().contains("Nothing was changed") || file.equals("key.yaml"), ran.output());
    }

    /** Somebody takes the gate's port while it is stopped, so that it does not start. */
    private void whatIsBrokenOffIsGoneOnWith(String rooms) throws Exception {
        Files.writeString(Path.of(rooms), ROOMS.replace("120s", "119s"));
        int port = StackFile.read(data()).orElseThrow().process("gate").orElseThrow().port();
        Launcher.Ran broken;
        var before = pids();
        var taker = threads.submit(() -> take(port));
        try {
            broken = says(1, "Port " + port + " for gate is taken", launcher.run("up", "--pipeline", rooms));
        } finally {
            taker.get().close();
        }
        assertTrue(broken.output().contains("The same command goes on there"), broken.output());
        assertEquals(before.get("capture"), pids().get("capture"), "what comes behind it was not touched");
        var indexer = pids().get("indexer");
        says(0, "Everything that the tables hold can be searched", launcher.run("up", "--pipeline", rooms));
        assertEquals(indexer, pids().get("indexer"), "what was done is not done again");
        assertNotEquals(before.get("capture"), pids().get("capture"));
    }

    private static ServerSocket take(int port) throws InterruptedException {
        while (true) {
            try {
                return new ServerSocket(port, 1, InetAddress.getLoopbackAddress());
            } catch (IOException e) {
                Thread.sleep(1);
            }
        }
    }

    private void aChangeIsAppliedOrRefused(String rooms) throws IOException, InterruptedException {
        var before = pids();
        Files.writeString(Path.of(rooms), ROOMS.replace("[id, label]", "[id]"));
        var refused = says(1, "rooms.yaml:7: document.fields: a later generation is needed, because 'label' is gone from the file", launcher.run("up", "--pipeline", rooms));
        assertTrue(refused.output().contains("'replaces: [rooms]'") && refused.output().contains("Nothing was changed"), refused.output());
        assertEquals(before, pids());
        Files.writeString(Path.of(rooms), ROOMS);
        var applied = says(0, "capture      has read the files", launcher.run("up", "--pipeline", rooms));
        assertTrue(applied.output().contains("Provisioned already"), applied.output());
        Files.writeString(Path.of(rooms), ROOMS.replace("[id, label]", "[id, label, clinic_id]"));
        says(0, "rooms.yaml:7: document.fields[2]: in place: 'clinic_id' is added", launcher.run("up", "--pipeline", rooms));
    }

    @Test
    void aFileIsAddedToASecuredDemo() throws Exception {
        launcher = new Launcher(data(), Map.of());
        says(0, "It goes on in the background", launcher.up("--secure", "--scale", "200"));
        var demo = new PGSimpleDataSource();
        demo.setUrl(StackFile.read(data()).orElseThrow().source());
        demo.setUser(LocalServers.POSTGRES_USER);
        demo.setPassword(StackAccess.of(data()).postgresPassword());
        try (var connection = demo.getConnection(); var statement = connection.createStatement()) {
            statement.execute("CREATE TABLE note (id bigint PRIMARY KEY, team_id bigint REFERENCES team, body text); INSERT INTO note SELECT n, (SELECT min(id) FROM team), 'note ' || n FROM generate_series(1, 300) n");
        }
        var notes = write("notes.yaml", """
                millrace: 1
                name: notes
                source: {name: demo, url: {env: MILLRACE_SOURCE_URL}, user: {env: MILLRACE_SOURCE_USER}, password: {env: MILLRACE_SOURCE_PASSWORD}}
                latency: {p99: 120s}
                document:
                  root: public.note
                  fields: [id, body]
                  one:
                    team: {table: public.team, join: {team_id: id}, fields: [name]}
                """);
        var added = says(0, "The first documents of notes can be searched", launcher.run("up", "--pipeline", notes));
        System.out.println(added.output());
        var curl = added.output().lines().filter(line -> line.contains("/notes/_search")).findFirst().orElseThrow().strip();
        var search = new ProcessBuilder("bash", "-c", curl).redirectErrorStream(true).start();
        var found = new String(search.getInputStream().readAllBytes());
        assertTrue(found.contains("\"body\""), () -> "its reader finds a document by " + curl + ": " + found);
        try (var connection = demo.getConnection(); var statement = connection.createStatement()) {
            statement.execute("UPDATE note SET body = 'later ' || id; UPDATE team SET name = name || ' b'; UPDATE monitor SET name = name || ' b'");
        }
        var file = StackFile.read(data()).orElseThrow();
        DemoStack.settled(new Oracles(demo, new IndexReader(file.search(), StackAccess.of(data())), List.of(SqlOracle.of("monitors"), SqlOracle.of("dashboards"), SqlOracle.of("notes", """
                SELECT n.id::text AS id, json_build_object('id', n.id, 'body', n.body, 'team', (SELECT json_build_object('name', t.name) FROM team t WHERE t.id = n.team_id)) AS document FROM note n""")))).await();
        assertEquals(List.of(notes), file.own());
    }

    private Path data() {
        return folder.resolve("data");
    }

    private String write(String name, String text) throws IOException {
        return Files.writeString(folder.resolve(name), text).toString();
    }

    private static Launcher.Ran says(int code, String words, Launcher.Ran ran) {
        assertEquals(code, ran.code(), ran.output());
        assertTrue(ran.output().contains(words), () -> "'" + words + "' in: " + ran.output());
        return ran;
    }

    private Map<String, Long> pids() {
        var pids = new LinkedHashMap<String, Long>();
        StackFile.read(data()).orElseThrow().processes().forEach(process -> pids.put(process.name(), process.pid()));
        return pids;
    }

    /** Rows of both pipelines' tables change all the time. */
    private Void keepWriting() throws SQLException, InterruptedException {
        try (var connection = database().getConnection(); var statement = connection.createStatement()) {
            for (long n = 0; writing.get(); n++) {
                statement.execute("UPDATE patient SET name = 'Patient %d of %d' WHERE id = %d".formatted(n, n % 50 + 1, n % 50 + 1));
                statement.execute("UPDATE room SET label = 'Room %d' WHERE id = %d".formatted(n, n % 9 + 1));
                statement.execute("UPDATE clinic SET name = 'Clinic %d' WHERE id = %d".formatted(n, n % 3 + 1));
                Thread.sleep(20);
            }
        }
        return null;
    }

    /** The longest time from a commit of the pipeline that ran to its document, one change after the other; fails where one does not come. */
    private Duration longestPause() throws SQLException, InterruptedException {
        var index = index();
        var longest = new AtomicLong();
        try (var connection = database().getConnection(); var update = connection.prepareStatement("UPDATE appointment SET complaint = ? WHERE id = 400")) {
            for (int n = 0; adding.get(); n++) {
                var marker = "pause " + n;
                update.setString(1, marker);
                update.executeUpdate();
                long begin = System.nanoTime();
                Awaitility.await("the change " + marker).atMost(LONGEST_PAUSE).pollDelay(Duration.ZERO).pollInterval(Duration.ofMillis(20)).until(() -> index.get("visits", "400") instanceof String document && document.contains(marker + "\""));
                longest.accumulateAndGet(System.nanoTime() - begin, Math::max);
                Thread.sleep(50);
            }
        }
        return Duration.ofNanos(longest.get());
    }

    private void agree(SqlOracle... oracles) {
        DemoStack.settled(new Oracles(database(), index(), List.of(oracles))).await();
    }

    private IndexReader index() {
        return new IndexReader(StackFile.read(data()).orElseThrow().search());
    }

    /** What is captured, as the database says. */
    private List<String> published() throws SQLException {
        try (var connection = database().getConnection(); var statement = connection.createStatement();
                var rows = statement.executeQuery("SELECT string_agg(schemaname || '.' || tablename, ' ' ORDER BY schemaname, tablename) FROM pg_publication_tables")) {
            rows.next();
            return List.of(rows.getString(1));
        }
    }

    private PGSimpleDataSource database() {
        return database("clinic");
    }

    private PGSimpleDataSource database(String name) {
        var source = new PGSimpleDataSource();
        source.setUrl(own.jdbcUrl(name));
        source.setUser(own.postgresUser());
        source.setPassword(own.postgresPassword());
        return source;
    }

    private void execute(String name, String sql) throws SQLException {
        try (var connection = database(name).getConnection(); var statement = connection.createStatement()) {
            statement.execute(sql);
        }
    }
}
