package io.millrace.provisioner;

import static io.millrace.provisioner.LocalPlaces.execute;
import static io.millrace.provisioner.LocalPlaces.texts;
import static org.junit.jupiter.api.Assertions.assertAll;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.millrace.local.CertificateAuthority;
import io.millrace.local.Ports;
import io.millrace.local.TlsDoor;
import io.millrace.local.TlsDoor.Callers;
import io.millrace.pipeline.file.Reference;
import io.millrace.pipeline.file.Region;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.DriverManager;
import java.sql.SQLException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Base64;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Consumer;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.admin.AlterConfigOp;
import org.apache.kafka.clients.admin.ConfigEntry;
import org.apache.kafka.clients.admin.GroupListing;
import org.apache.kafka.clients.admin.NewTopic;
import org.apache.kafka.clients.consumer.OffsetAndMetadata;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.config.ConfigResource;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.postgresql.PGConnection;
import org.postgresql.PGProperty;

/** Regions as they are told apart here: a database each, on two servers, and topics and indexes of their own in one Kafka and one search engine. */
@ExtendWith(LocalPlaces.Resolver.class)
class RegionsIT {

    private static final Path DEMO = Path.of("../demo/pipelines");
    private static final Duration SOON = Duration.ofSeconds(60);
    private static final Path MONITORS = DEMO.resolve("monitors.yaml");

    private static LocalPlaces places;

    @BeforeAll
    static void startServers(LocalPlaces started) {
        places = started;
    }

    @Test
    void threeRegionsAreMadeHealedAndTakenAwayWithoutATrace() throws Exception {
        var regions = List.of(region("r0", 0, "reader"), region("r1", 1, "reader"), region("r2", 2, "reader"));
        var before = dumps(regions);

        assertSucceeded(of(regions).each(p -> p.apply(line -> { })));
        var again = of(regions).each(p -> p.apply(line -> { }));
        assertSucceeded(again);
        again.forEach(o -> assertEquals(List.of(), o.result(), o::region));

        drift("r0");
        var plan = of(regions).each(Provisioner::plan);
        assertAll(
                () -> assertEquals(List.of("GRANT SELECT ON \"public\".\"team\" TO \"reader\"", "ALTER PUBLICATION \"millrace_r0\" DROP TABLE ONLY \"public\".\"tag\"",
                        "ALTER PUBLICATION \"millrace_r0\" ADD TABLE ONLY \"public\".\"tag\"", "ALTER PUBLICATION \"millrace_r0\" DROP TABLE ONLY public.dashboard", "create topic", "alter topic", "PUT"),
                        needed(plan.get(0).result()).stream().map(RegionsIT::shortened).toList()),
                () -> assertEquals(List.of(), needed(plan.get(1).result())));
        assertSucceeded(of(regions).each(p -> p.apply(line -> { })));
        Awaitility.await().atMost(SOON).untilAsserted(() -> assertEquals(List.of(), needed(of(regions).each(Provisioner::plan).get(0).result())));

        // As the services leave it behind.
        try (var source = LocalPlaces.connect(url(regions.get(0))); var kafka = kafka()) {
            execute(source, "SELECT pg_create_logical_replication_slot('millrace_r0', 'pgoutput')");
            kafka.createTopics(List.of("millrace.capture.r0", "millrace.capture.r0.reached", "millrace-denormalizer-r0-monitors-exchange", "millrace-denormalizer-r0-monitors-state", "millrace-denormalizer-r0-monitors-rows-changelog", "millrace-denormalizer-r0-monitors-b-exchange")
                    .stream().map(name -> new NewTopic(name, 1, (short) 1)).toList()).all().get();
            for (var group : List.of("millrace-denormalizer-r0-monitors", "millrace-denormalizer-r0-monitors.recovery", "millrace-denormalizer-r0-monitors-b.recovery")) {
                kafka.alterConsumerGroupOffsets(group, Map.of(new TopicPartition("millrace-denormalizer-r0-monitors-b-exchange", 0), new OffsetAndMetadata(0))).all().get();
            }
            put("/r0-monitors-000001");
            put("/r0-monitors-other");
        }
        var destroyed = of(regions).all(p -> p.destroy(line -> { }));
        assertSucceeded(destroyed);
        assertEquals("source r0: slot millrace_r0", destroyed.getFirst().result().getFirst(), "whatever fails afterwards, the slot is gone");
        assertEquals(before, dumps(regions));
        try (var kafka = kafka()) {
            assertEquals(List.of("millrace-denormalizer-r0-monitors-b-exchange"), kafka.listTopics().names().get().stream().filter(t -> t.matches(".*[.-]r[012]\\b.*")).toList());
            assertEquals(List.of("millrace-denormalizer-r0-monitors-b.recovery"), kafka.listGroups().all().get().stream().map(GroupListing::groupId).filter(g -> g.contains("-r0-")).toList(), "of the groups");
            kafka.deleteConsumerGroups(List.of("millrace-denormalizer-r0-monitors-b.recovery")).all().get();
            kafka.deleteTopics(List.of("millrace-denormalizer-r0-monitors-b-exchange")).all().get();
        }
        assertEquals("404 404 200", status("/r0-monitors-000001") + " " + status("/_index_template/millrace-r0-monitors") + " " + status("/r0-monitors-other"));
        var nothing = of(regions).all(p -> p.destroy(line -> { }));
        assertSucceeded(nothing);
        nothing.forEach(o -> assertEquals(List.of(), o.result()));
    }

    private static String shortened(String action) {
        return action.startsWith("ALTER") || action.startsWith("GRANT") ? action : action.replaceAll("^(create topic|alter topic|PUT).*", "$1");
    }

    /** What people do by hand. */
    private static void drift(String name) throws Exception {
        try (var source = LocalPlaces.connect(places.first().jdbcUrl(name)); var kafka = kafka()) {
            execute(source, "REVOKE SELECT ON public.team FROM reader");
            execute(source, "ALTER PUBLICATION millrace_" + name + " SET TABLE " + String.join(", ", texts(source, "SELECT format('%I.%I', schemaname, tablename) FROM pg_publication_tables WHERE pubname = 'millrace_"
                    + name + "' AND tablename <> 'tag'")) + ", public.dashboard, public.tag WHERE (id > 7)");
            kafka.incrementalAlterConfigs(Map.of(new ConfigResource(ConfigResource.Type.TOPIC, "rows." + name + ".public.monitor"),
                    List.of(new AlterConfigOp(new ConfigEntry("cleanup.policy", "delete"), AlterConfigOp.OpType.SET)))).all().get();
            kafka.deleteTopics(List.of("quarantine." + name + ".public.tag")).all().get();
            Awaitility.await().atMost(SOON).until(() -> !kafka.listTopics().names().get().contains("quarantine." + name + ".public.tag"));
            call("DELETE", "/_index_template/millrace-" + name + "-monitors", null);
        }
    }

    @Test
    void sevenRegionsAreMadeWithinAMinuteOrMuchSoonerThanOneAfterTheOther() throws Exception {
        var regions = new ArrayList<Region>();
        for (int i = 0; i < 7; i++) {
            regions.add(region("seven" + i, i, "seven_reader"));
        }
        var alone = region("alone", 0, "seven_reader");
        var one = made(List.of(alone));
        var seven = made(regions);
        System.out.println("One region was applied in " + one.toMillis() + " ms, then seven in " + seven.toMillis() + " ms");
        var minute = Duration.ofMinutes(1);
        assertTrue(seven.compareTo(minute) < 0 || seven.compareTo(one.multipliedBy(5)) < 0, () -> seven + ", and one alone " + one);
        regions.add(alone);
        assertSucceeded(of(regions).all(p -> p.destroy(line -> { })));
    }

    /** How long it takes until these regions are there. */
    private static Duration made(List<Region> regions) throws Exception {
        long start = System.nanoTime();
        assertSucceeded(of(regions).each(p -> p.apply(line -> { })));
        return Duration.ofNanos(System.nanoTime() - start);
    }

    @Tag("long")
    @Test
    void killedAfterEachSingleStepTheNextRunFinishes() throws Exception {
        var region = List.of(region("killed", 0, "killed_reader"));
        var before = dumps(region);
        int applies = 0;
        while (dies(of(region), (p, progress) -> p.apply(progress))) {
            applies++;
        }
        assertEquals(List.of(), needed(of(region).each(Provisioner::plan).getFirst().result()));
        int removals = 0;
        while (dies(of(region), (p, progress) -> p.destroy(progress))) {
            removals++;
        }
        assertEquals(before, dumps(region));
        assertTrue(applies >= 6 && removals >= 6, "each step that makes or removes something ends a run: " + applies + ", " + removals);
    }

    private interface Work {
        List<String> on(Provisioner provisioner, Consumer<String> progress);
    }

    /** Ends after one step, as a process that was killed. */
    private static boolean dies(Regions regions, Work work) {
        var steps = new AtomicInteger();
        var outcome = regions.each(p -> work.on(p, line -> {
            steps.incrementAndGet();
            throw new IllegalStateException("killed");
        })).getFirst();
        assertEquals(steps.get() > 0, outcome.failure() != null, () -> "ended by itself: " + outcome.failure());
        return steps.get() > 0;
    }

    @Test
    void aSetupMadeByHandIsAdoptedAndThenTakenAway() throws Exception {
        var region = region("hand", 1, "hand_reader");
        var before = dumps(List.of(region));
        try (var source = LocalPlaces.connect(url(region))) {
            execute(source, "CREATE ROLE hand_reader LOGIN REPLICATION PASSWORD 'pw'");
            execute(source, "GRANT SELECT ON public.monitor, public.team TO hand_reader");
            execute(source, "CREATE PUBLICATION millrace_hand FOR TABLE public.monitor, public.team WITH (publish_via_partition_root = true)");
        }
        assertSucceeded(of(List.of(region)).each(p -> p.apply(line -> { })));
        assertSucceeded(of(List.of(region)).all(p -> p.destroy(line -> { })));
        try (var source = LocalPlaces.connect(url(region))) {
            assertEquals(List.of("hand_reader"), texts(source, "SELECT rolname FROM pg_roles WHERE rolname = 'hand_reader'"), "what Millrace did not make, it does not take away");
            assertEquals(List.of("millrace_hand"), texts(source, "SELECT pubname FROM pg_publication"));
            execute(source, "ALTER PUBLICATION millrace_hand SET TABLE public.monitor, public.team");
        }
        assertSucceeded(of(List.of(region)).each(p -> p.apply(line -> { })));
        var adopted = of(List.of(region)).each(p -> p.adopt(line -> { })).getFirst();
        assertEquals(List.of("COMMENT ON ROLE \"hand_reader\" IS 'made by Millrace'", "take over the right SELECT ON \"public\".\"monitor\"", "take over the right SELECT ON \"public\".\"team\"",
                "take over the publication millrace_hand"), adopted.result(), () -> String.valueOf(adopted.failure()));
        assertSucceeded(of(List.of(region)).all(p -> p.destroy(line -> { })));
        assertEquals(before, dumps(List.of(region)));
    }

    @Test
    void twoRegionsOnOneDatabaseOrOneKafkaTopicAreRefusedAndTheThirdIsMade() throws Exception {
        var one = region("twin", 0, "twin_reader");
        var other = new Region("twin-by-mistake", one.pipelines(), one.variables(), one.admin(), false, one.kafka(), Map.of(), one.registry(), one.search(), 4, 1);
        var third = region("single", 1, "single_reader");
        var outcomes = of(List.of(one, other, third)).each(p -> p.apply(line -> { }));
        assertAll(
                () -> assertEquals("single", outcomes.get(0).region()),
                () -> assertTrue(outcomes.get(0).failure() == null, () -> String.valueOf(outcomes.get(0).failure())),
                () -> assertTrue(outcomes.get(1).failure().getMessage().contains("twin and twin-by-mistake both mean the database"), outcomes.get(1).failure()::getMessage),
                () -> assertTrue(outcomes.get(2).failure().getMessage().contains("both mean the topic documents.twin-monitors"), outcomes.get(2).failure()::getMessage));
        try (var source = LocalPlaces.connect(url(one))) {
            assertEquals(List.of(), texts(source, "SELECT nspname FROM pg_namespace WHERE nspname = 'millrace'"));
        }
        assertSucceeded(of(List.of(third)).all(p -> p.destroy(line -> { })));
    }

    @Test
    void aRegionWhoseServersAreAwayDoesNotStopTheOthersNorItsOwnRemoval() throws Exception {
        var here = region("here", 0, "here_reader");
        var away = away(region("away", 1, "away_reader"));
        var outcomes = of(List.of(here, away)).each(p -> p.apply(line -> { }));
        assertEquals(2, outcomes.size());
        assertTrue(outcomes.get(0).failure().getMessage().contains("check that the search engine runs"), outcomes.get(0).failure()::getMessage);
        assertTrue(outcomes.get(1).failure() == null, () -> String.valueOf(outcomes.get(1).failure()));
        try (var source = LocalPlaces.connect(url(away))) {
            assertEquals(List.of(), texts(source, "SELECT nspname FROM pg_namespace WHERE nspname = 'millrace'"), "nothing half done");
            execute(source, "SELECT pg_create_logical_replication_slot('millrace_away', 'pgoutput')");
            var destroyed = of(List.of(away)).all(p -> p.destroy(line -> { })).getFirst();
            assertTrue(destroyed.failure().getMessage().contains("check that the search engine runs"), destroyed.failure()::getMessage);
            assertEquals(List.of(), texts(source, "SELECT slot_name FROM pg_replication_slots WHERE database = 'away'"), "above all no slot");
        }
        assertSucceeded(of(List.of(here)).all(p -> p.destroy(line -> { })));
    }

    private static Region away(Region r) {
        return new Region(r.name(), r.pipelines(), r.variables(), r.admin(), false, r.kafka(), Map.of(), r.registry(), place("http://localhost:1"), 4, 1);
    }

    @Test
    void aSlotThatIsReadKeepsEverythingAndASlotOfAnotherIsRefused() throws Exception {
        var region = region("read", 0, "read_reader");
        assertSucceeded(of(List.of(region)).each(p -> p.apply(line -> { })));
        var properties = new java.util.Properties();
        PGProperty.USER.set(properties, LocalPlaces.USER);
        PGProperty.PASSWORD.set(properties, LocalPlaces.PASSWORD);
        PGProperty.ASSUME_MIN_SERVER_VERSION.set(properties, "10");
        PGProperty.REPLICATION.set(properties, "database");
        PGProperty.PREFER_QUERY_MODE.set(properties, "simple");
        try (var source = LocalPlaces.connect(url(region)); var reader = DriverManager.getConnection(url(region), properties)) {
            execute(source, "SELECT pg_create_logical_replication_slot('millrace_read', 'pgoutput')");
            var planned = of(List.of(region)).each(Provisioner::plan).getFirst().result();
            assertTrue(planned.stream().anyMatch(p -> p.check() instanceof Check.Advised(var advice) && advice.toString().contains("FAILOVER true")), planned::toString);
            var stream = reader.unwrap(PGConnection.class).getReplicationAPI().replicationStream().logical().withSlotName("millrace_read")
                    .withSlotOption("proto_version", 1).withSlotOption("publication_names", "millrace_read").start();
            var refused = of(List.of(region)).all(p -> p.destroy(line -> { })).getFirst().failure();
            assertTrue(refused.getMessage().contains("is being read by the process") && refused.getMessage().contains("stop capture first"), refused::getMessage);
            assertEquals(List.of("millrace_read"), texts(source, "SELECT pubname FROM pg_publication"), "nothing was taken away");
            stream.close();
        }
        Awaitility.await().atMost(SOON).until(() -> of(List.of(region)).all(p -> p.destroy(line -> { })).getFirst().failure() == null);

        try (var elsewhere = LocalPlaces.connect(places.first().jdbcUrl("postgres"))) {
            execute(elsewhere, "SELECT pg_create_logical_replication_slot('millrace_read', 'test_decoding')");
            var refused = of(List.of(region)).each(p -> p.apply(line -> { })).getFirst().failure();
            execute(elsewhere, "SELECT pg_drop_replication_slot('millrace_read')");
            assertTrue(refused.getMessage().contains("is taken by someone else"), refused::getMessage);
        }
    }

    @Test
    void aReplicaIdentityIsChangedOnlyWhereAllowedAndPutBack() throws Exception {
        var region = region("identity", 1, "identity_reader");
        try (var source = LocalPlaces.connect(url(region))) {
            execute(source, "ALTER TABLE public.team REPLICA IDENTITY NOTHING");
        }
        var before = dumps(List.of(region));
        var refused = of(List.of(region)).each(p -> p.apply(line -> { })).getFirst().failure();
        assertTrue(refused.getMessage().contains("--change-replica-identity"), refused::getMessage);
        assertEquals(before, dumps(List.of(region)));
        var allowed = new Regions(List.of(region), List.of(), name -> null, true);
        assertSucceeded(allowed.each(p -> p.apply(line -> { })));
        try (var source = LocalPlaces.connect(url(region))) {
            assertEquals(List.of("d"), texts(source, "SELECT relreplident FROM pg_class WHERE oid = 'public.team'::regclass"));
        }
        assertSucceeded(allowed.all(p -> p.destroy(line -> { })));
        assertEquals(before, dumps(List.of(region)));
    }

    @Test
    void onlyUsedColumnsArePublishedWhereAsked() throws Exception {
        var all = region("columns", 0, "columns_reader");
        var used = new Region(all.name(), all.pipelines(), all.variables(), all.admin(), true, all.kafka(), Map.of(), all.registry(), all.search(), 4, 1);
        assertSucceeded(of(List.of(used)).each(p -> p.apply(line -> { })));
        try (var source = LocalPlaces.connect(url(used))) {
            var published = texts(source, "SELECT array_to_string(attnames, ' ') FROM pg_publication_tables WHERE pubname = 'millrace_columns' AND tablename = 'team'").getFirst();
            assertTrue(List.of(published.split(" ")).containsAll(List.of("id", "name")), published);
            assertFalse(texts(source, "SELECT attname FROM pg_attribute WHERE attrelid = 'public.team'::regclass AND attnum > 0").size() == published.split(" ").length, "fewer than all: " + published);
        }
        assertEquals(List.of(), needed(of(List.of(used)).each(Provisioner::plan).getFirst().result()));
        assertFalse(needed(of(List.of(all)).each(Provisioner::plan).getFirst().result()).isEmpty(), "asked for all columns, the lists are a difference");
        assertSucceeded(of(List.of(used)).all(p -> p.destroy(line -> { })));
    }

    @Test
    void aPasswordInAFileIsRotatedAndOneElsewhereIsNot() throws Exception {
        var region = region("turn", 0, "turn_reader");
        var file = Files.writeString(places.data().resolve("turn-password"), "first");
        var variables = new LinkedHashMap<>(region.variables());
        variables.put("MILLRACE_SOURCE_PASSWORD", new Reference.FromFile(file));
        var kept = new Region(region.name(), region.pipelines(), variables, region.admin(), false, region.kafka(), Map.of(), region.registry(), region.search(), 4, 1);
        assertSucceeded(of(List.of(kept)).each(p -> p.apply(line -> { })));
        var files = PasswordRotation.files(kept, places.pipelines(MONITORS, "turn"));
        assertEquals(java.util.Set.of(file), files);
        files.forEach(PasswordRotation::renew);
        assertSucceeded(of(List.of(kept)).each(p -> p.apply(line -> { })));
        try (var reader = DriverManager.getConnection(url(kept), "turn_reader", Files.readString(file))) {
            assertTrue(reader.isValid(30));
        }
        assertThrows(SQLException.class, () -> DriverManager.getConnection(url(kept), "turn_reader", "first").close());
        assertThrows(ProvisioningException.class, () -> PasswordRotation.files(region, places.pipelines(MONITORS, "turn")));
        assertSucceeded(of(List.of(kept)).all(p -> p.destroy(line -> { })));
    }

    @Test
    void anIndexThatHasTheNameOfTheAliasIsRefused() throws Exception {
        var region = region("taken", 0, "taken_reader");
        put("/taken-monitors");
        var refused = of(List.of(region)).each(p -> p.apply(line -> { })).getFirst().failure();
        assertTrue(refused.getMessage().contains("has an index of the name taken-monitors"), refused::getMessage);
        call("DELETE", "/taken-monitors", null);
    }

    @Test
    void registryAndSearchEngineBehindTlsAreMadeReadyByWhomTheyKnowAndAStrangerIsNamed() throws Exception {
        var folder = Files.createTempDirectory(places.data(), "secured");
        var authority = new CertificateAuthority(folder.resolve("authority"));
        authority.issue("server", "dns:localhost");
        var password = Files.writeString(folder.resolve("password"), "right");
        var basic = "Basic " + Base64.getEncoder().encodeToString("provisioner:right".getBytes(StandardCharsets.UTF_8));
        var ports = Ports.free(2);
        try (var registry = new TlsDoor(ports.get(0), URI.create(places.first().registryUrl()), authority, "server", Callers.ANYBODY, basic::equals);
                var search = new TlsDoor(ports.get(1), URI.create(places.first().searchUrl()), authority, "server", Callers.ANYBODY, "Bearer token"::equals)) {
            var token = Files.writeString(folder.resolve("token"), "token");
            var plain = region("secured", 0, "secured_reader");
            var region = new Region(plain.name(), plain.pipelines(), plain.variables(), plain.admin(), false, plain.kafka(), Map.of(),
                    new Region.HttpPlace(new Reference.Literal("https://localhost:" + registry.port() + "/apis/registry/v3"), new Region.Login(new Reference.Literal("provisioner"), new Reference.FromFile(password)),
                            Map.of("ca-file", authority.certificate().toString())),
                    new Region.HttpPlace(new Reference.Literal("https://localhost:" + search.port()), null, Map.of("ca-file", authority.certificate().toString(), "token-file", token.toString())), 4, 1);
            assertSucceeded(of(List.of(region)).each(p -> p.apply(line -> { })));
            assertEquals(200, status("/_index_template/millrace-secured-monitors"));
            Files.writeString(password, "wrong");
            Files.writeString(token, "stale");
            var refused = of(List.of(region)).each(Provisioner::plan).getFirst().failure().getMessage();
            assertTrue(refused.contains("HTTP 401, so the registry does not know the user provisioner with the password of the regions file"), refused);
            assertTrue(refused.contains("HTTP 401, so the search engine does not know whoever has the token of " + token + " (millrace.search.token-file)"), refused);
            Files.writeString(password, "right");
            Files.writeString(token, "token");
            assertSucceeded(of(List.of(region)).all(p -> p.destroy(line -> { })));
        }
    }

    private static Region region(String name, int number, String role) throws SQLException {
        var url = places.database(name, number);
        var variables = new LinkedHashMap<String, Reference>();
        variables.put("MILLRACE_SOURCE_URL", new Reference.Literal(url));
        variables.put("MILLRACE_SOURCE_USER", new Reference.Literal(role));
        variables.put("MILLRACE_SOURCE_PASSWORD", new Reference.Literal("pw"));
        var admin = new Region.Login(new Reference.Literal(LocalPlaces.USER), new Reference.Literal(LocalPlaces.PASSWORD));
        return new Region(name, places.copies(MONITORS, name), variables, admin, false, Map.of("bootstrap.servers", new Reference.Literal(places.first().kafkaBootstrap())), Map.of(),
                place(places.first().registryUrl()), place(places.first().searchUrl()), 4, 1);
    }

    private static Region.HttpPlace place(String url) {
        return new Region.HttpPlace(new Reference.Literal(url), null, Map.of());
    }

    private static Regions of(List<Region> regions) {
        return new Regions(regions, List.of(), name -> null, false);
    }

    private static String url(Region region) {
        return region.variables().get("MILLRACE_SOURCE_URL").resolve();
    }

    private static List<String> needed(List<Provisioner.Planned> plan) {
        return plan.stream().flatMap(p -> p.check() instanceof Check.Needed(var actions) ? actions.stream() : java.util.stream.Stream.of()).toList();
    }

    private static void assertSucceeded(List<? extends Regions.Outcome<?>> outcomes) {
        outcomes.forEach(o -> assertTrue(o.failure() == null, () -> o.region() + ": " + o.failure()));
    }

    /** Everything of a database and its server that provisioning might leave behind, as the catalogs have it. */
    private static List<String> dumps(List<Region> regions) throws SQLException {
        var lines = new ArrayList<String>();
        for (var region : regions) {
            try (var connection = LocalPlaces.connect(url(region))) {
                lines.addAll(texts(connection, """
                        SELECT line FROM (
                          SELECT format('class %s %s %s %s %s', c.oid::regclass, relkind, relreplident, relowner::regrole,
                            (SELECT string_agg(a.grantee::regrole || ' ' || a.privilege_type, ',' ORDER BY 1) FROM aclexplode(coalesce(relacl, acldefault('r', relowner))) a)) AS line
                            FROM pg_class c JOIN pg_namespace n ON n.oid = relnamespace WHERE n.nspname !~ '^pg_' AND n.nspname <> 'information_schema'
                          UNION ALL SELECT format('column %s %s %s', attrelid::regclass, attname, atttypid::regtype) FROM pg_attribute JOIN pg_class c ON c.oid = attrelid JOIN pg_namespace n ON n.oid = relnamespace
                            WHERE n.nspname !~ '^pg_' AND n.nspname <> 'information_schema' AND attnum > 0 AND NOT attisdropped
                          UNION ALL SELECT format('schema %s %s %s', nspname, nspowner::regrole,
                            (SELECT string_agg(a.grantee::regrole || ' ' || a.privilege_type, ',' ORDER BY 1) FROM aclexplode(coalesce(nspacl, acldefault('n', nspowner))) a)) FROM pg_namespace WHERE nspname !~ '^pg_(toast|temp)'
                          UNION ALL SELECT format('publication %s', pubname) FROM pg_publication
                          UNION ALL SELECT format('slot %s', slot_name) FROM pg_replication_slots WHERE database = current_database()
                          UNION ALL SELECT format('function %s', oid::regprocedure) FROM pg_proc WHERE pronamespace = 'public'::regnamespace
                          UNION ALL SELECT format('trigger %s %s', tgrelid::regclass, tgname) FROM pg_trigger WHERE NOT tgisinternal
                          UNION ALL SELECT format('comment %s', description) FROM pg_description d JOIN pg_class c ON c.oid = d.objoid JOIN pg_namespace n ON n.oid = relnamespace WHERE n.nspname !~ '^pg_' AND n.nspname <> 'information_schema'
                          UNION ALL SELECT format('default %s', defaclrole::regrole) FROM pg_default_acl
                        ) AS everything ORDER BY line COLLATE "C\""""));
                var role = region.variables().get("MILLRACE_SOURCE_USER").resolve();
                lines.addAll(texts(connection, "SELECT 'role ' || rolname FROM pg_roles WHERE rolname = '" + role + "'"));
            }
        }
        return lines;
    }

    private static Admin kafka() {
        return Admin.create(Map.of("bootstrap.servers", places.first().kafkaBootstrap()));
    }

    private static void put(String path) throws Exception {
        assertEquals(200, call("PUT", path, "{}"));
    }

    private static int status(String path) throws Exception {
        return call("GET", path, null);
    }

    private static int call(String method, String path, String body) throws Exception {
        try (var client = HttpClient.newHttpClient()) {
            var request = HttpRequest.newBuilder(URI.create(places.first().searchUrl() + path)).header("Content-Type", "application/json")
                    .method(method, body == null ? HttpRequest.BodyPublishers.noBody() : HttpRequest.BodyPublishers.ofString(body)).build();
            return client.send(request, HttpResponse.BodyHandlers.ofString()).statusCode();
        }
    }
}
