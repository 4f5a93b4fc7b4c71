package io.millrace.provisioner;

import static org.junit.jupiter.api.Assertions.assertAll;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.millrace.demo.DemoData;
import io.millrace.local.LocalServers;
import io.millrace.local.Ports;
import io.millrace.pipeline.file.Pipeline;
import io.millrace.pipeline.file.PipelineFiles;
import io.millrace.pipeline.http.HttpAccess;
import io.millrace.pipeline.http.Server;
import io.millrace.pipeline.progress.JoinState;
import io.millrace.pipeline.shape.ShapeComparison;
import io.millrace.pipeline.topic.Topics;
import io.millrace.pipeline.source.SourceUser;
import io.millrace.provisioner.search.SearchIndexes;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.SQLException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.apache.kafka.clients.admin.GroupListing;
import org.apache.kafka.clients.admin.NewTopic;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.clients.consumer.OffsetAndMetadata;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.config.ConfigResource;
import org.apache.kafka.common.serialization.StringDeserializer;
import org.apache.kafka.common.serialization.StringSerializer;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;

@ExtendWith(LocalPlaces.Resolver.class)
class ProvisionerIT {

    private static final Path DEMO = Path.of("../demo/pipelines");

    private static LocalPlaces places;
    private static LocalServers servers;
    private static Path data;

    @BeforeAll
    static void startServers(LocalPlaces started) {
        places = started;
        servers = started.first();
        data = started.data();
    }

    @Test
    void applyingMakesEverythingAndApplyingAgainChangesNothing() throws Exception {
        var source = source("whole", "shop_reader", "correct horse");
        var provisioner = provisioner(source, superuser(), 3, DEMO.resolve("monitors.yaml"));

        assertFalse(provisioner.apply(line -> { }).isEmpty());
        assertEquals(List.of(), provisioner.apply(line -> { }));
        try (var connection = superuser(source)) {
            execute(connection, "DROP INDEX millrace.purge_audit_document, millrace.outboxevent_erasure");
        }
        assertEquals(1, provisioner.apply(line -> { }).size(), "an index that a source of before lacks is made");
        assertEquals(List.of(), provisioner.apply(line -> { }));
        assertTrue(provisioner.plan().stream().allMatch(p -> p.check() instanceof Check.Done || p.check() instanceof Check.Advised), () -> provisioner.plan().toString());

        try (var reader = DriverManager.getConnection(source.url(), "shop_reader", "correct horse")) {
            assertAll(
                    () -> assertEquals(1, value(reader, "SELECT count(*) FROM pg_roles WHERE rolname = current_user AND rolreplication AND NOT rolsuper AND NOT rolcreatedb AND NOT rolcreaterole AND NOT rolbypassrls")),
                    () -> assertEquals(0, value(reader, "SELECT count(*) FROM public.monitor")),
                    () -> assertThrows(SQLException.class, () -> value(reader, "SELECT count(*) FROM public.dashboard")),
                    () -> assertThrows(SQLException.class, () -> execute(reader, "DELETE FROM public.monitor")),
                    () -> execute(reader, "INSERT INTO millrace.heartbeat VALUES (1, now()) ON CONFLICT (id) DO UPDATE SET beat = excluded.beat"),
                    () -> execute(reader, "INSERT INTO millrace.outboxevent VALUES (gen_random_uuid(), 'monitors', '1', 'erase', now(), null, null)"),
                    () -> execute(reader, "INSERT INTO millrace.purge_audit VALUES (gen_random_uuid(), 'monitors', '1', 'me', 'because', now(), 'k')"),
                    () -> execute(reader, "INSERT INTO millrace.purge_outcome VALUES (gen_random_uuid(), 1, now())"),
                    () -> assertThrows(SQLException.class, () -> execute(reader, "DELETE FROM millrace.purge_audit")),
                    () -> assertEquals(List.of("millrace.heartbeat", "millrace.outboxevent", "public.app_user", "public.monitor", "public.monitor_recipient", "public.monitor_tag",
                            "public.organisation", "public.tag", "public.team"),
                            texts(reader, "SELECT schemaname || '.' || tablename FROM pg_publication_tables WHERE pubname = 'millrace_whole' ORDER BY 1")),
                    () -> execute(reader, "SELECT pg_create_logical_replication_slot('millrace_whole', 'pgoutput')"),
                    () -> execute(reader, "SELECT pg_drop_replication_slot('millrace_whole')"));
        }
    }

    @Test
    void topicsHaveTheSamePartitionsAndTheSettingsOfTheirKind() throws Exception {
        var source = source("topics", "topic_reader", "pw");
        provisioner(source, superuser(), 3, DEMO).apply(line -> { });
        try (var kafka = org.apache.kafka.clients.admin.Admin.create(Map.of("bootstrap.servers", servers.kafkaBootstrap()))) {
            var topics = kafka.listTopics().names().get().stream().filter(t -> t.contains(".topics.")).toList();
            assertEquals(3 * 14, topics.size(), topics::toString);
            kafka.describeTopics(topics).allTopicNames().get().values().forEach(t -> assertEquals(3, t.partitions().size(), t::name));
            assertEquals("compact", setting(kafka, "rows.topics.public.monitor", "cleanup.policy"));
            assertEquals("compact", setting(kafka, "documents.topics-monitors", "cleanup.policy"));
            assertEquals("delete", setting(kafka, "captured.topics.public.monitor", "cleanup.policy"));
            assertEquals("2592000000", setting(kafka, "quarantine.documents.topics-dashboards", "retention.ms"));

            kafka.incrementalAlterConfigs(Map.of(new ConfigResource(ConfigResource.Type.TOPIC, "rows.topics.public.monitor"), List.of(new org.apache.kafka.clients.admin.AlterConfigOp(
                    new org.apache.kafka.clients.admin.ConfigEntry("cleanup.policy", "delete"), org.apache.kafka.clients.admin.AlterConfigOp.OpType.SET)))).all().get();
            var applied = Awaitility.await().atMost(Duration.ofSeconds(60)).until(() -> provisioner(source, superuser(), 3, DEMO).apply(line -> { }), steps -> !steps.isEmpty());
            assertEquals(List.of("Kafka: 46 topics with 3 partitions"), applied);
            assertEquals("compact", setting(kafka, "rows.topics.public.monitor", "cleanup.policy"));
        }
    }

    private static String setting(org.apache.kafka.clients.admin.Admin kafka, String topic, String setting) throws Exception {
        var resource = new ConfigResource(ConfigResource.Type.TOPIC, topic);
        return kafka.describeConfigs(List.of(resource)).all().get().get(resource).get(setting).value();
    }

    @Test
    void theRegistryHasTheGroupOfCaptureWithoutRules() throws Exception {
        provisioner(source("group1", "group_reader", "pw"), superuser(), 4, DEMO).apply(line -> { });
        try (var client = HttpClient.newHttpClient()) {
            var rules = client.send(HttpRequest.newBuilder(URI.create(servers.registryUrl() + "/groups/captured/rules")).build(), HttpResponse.BodyHandlers.ofString());
            assertEquals("200 []", rules.statusCode() + " " + rules.body());
        }
    }

    @Test
    void aPipelineAddedLaterExtendsRoleAndPublication() throws Exception {
        var source = source("later", "later_reader", "pw");
        provisioner(source, superuser(), 4, DEMO.resolve("monitors.yaml")).apply(line -> { });
        var applied = provisioner(source, superuser(), 4, DEMO).apply(line -> { });

        assertEquals(3, applied.size(), applied::toString);
        try (var reader = DriverManager.getConnection(source.url(), "later_reader", "pw")) {
            assertEquals(0, value(reader, "SELECT count(*) FROM public.dashboard"));
            assertEquals(15, value(reader, "SELECT count(*) FROM pg_publication_tables WHERE pubname = 'millrace_later'"));
        }
    }

    @Test
    void aPipelineThatIsEnrichedGetsItsTopicAndTheRightsToWriteItsTable() throws Exception {
        var source = source("enriched", "enriched_reader", "pw");
        var file = Files.writeString(Files.createDirectories(data.resolve("enriched")).resolve("monitors.yaml"), Files.readString(DEMO.resolve("monitors.yaml"))
                .replace("\ndocument:\n", "\nenrichment: {table: public.added, join: {id: monitor}, fields: {mood: keyword}}\ndocument:\n"));
        var refusal = assertThrows(ProvisioningException.class, () -> provisioner(source, superuser(), 3, file).apply(line -> { }));
        var statement = refusal.problems().stream().filter(p -> p.contains("make it with a migration: ")).map(p -> p.substring(p.indexOf("CREATE TABLE"))).findFirst().orElseThrow();
        try (var connection = superuser(source)) {
            execute(connection, statement);
        }
        assertFalse(provisioner(source, superuser(), 3, file).apply(line -> { }).isEmpty());
        assertEquals(List.of(), provisioner(source, superuser(), 3, file).apply(line -> { }));
        try (var reader = DriverManager.getConnection(source.url(), "enriched_reader", "pw")) {
            execute(reader, "DELETE FROM public.added");
            execute(reader, "INSERT INTO millrace.enrichment_taken VALUES ('monitors', 'topic', 0, 0)");
            assertEquals(1, value(reader, "SELECT count(*) FROM pg_publication_tables WHERE pubname = 'millrace_enriched' AND tablename = 'added'"));
        }
        try (var kafka = org.apache.kafka.clients.admin.Admin.create(Map.of("bootstrap.servers", servers.kafkaBootstrap()))) {
            assertEquals("delete", setting(kafka, "enrichment.enriched-monitors", "cleanup.policy"));
            assertEquals("compact", setting(kafka, "rows.enriched.public.added", "cleanup.policy"));
        }
        provisioner(source, superuser(), 3, DEMO.resolve("monitors.yaml")).apply(line -> { });
        try (var reader = DriverManager.getConnection(source.url(), "enriched_reader", "pw")) {
            assertThrows(SQLException.class, () -> execute(reader, "DELETE FROM public.added"), "what no pipeline needs any more is taken back");
        }
    }

    @Test
    void whatTheDocumentsGetInPlaceIsToldAndWhatTheyCannotIsRefusedWithItsLine() throws Exception {
        var source = source("shaped", "shaped_reader", "pw");
        var folder = Files.createDirectories(data.resolve("shaped"));
        var text = Files.readString(DEMO.resolve("monitors.yaml"));
        var file = Files.writeString(folder.resolve("monitors.yaml"), text);
        provisioner(source, superuser(), 2, file).apply(line -> { });
        var pipeline = places.pipelines(file, source.name()).getFirst().pipeline();
        joinSays(pipeline);
        assertEquals(List.of(), provisioner(source, superuser(), 2, file).apply(line -> { }, advice -> assertFalse(advice.contains("in place"), advice)));
        Files.writeString(file, text.replace("fields: [id, name, handle]", "fields: [id, name, handle, {chief: lead_id}]"));
        var advice = new ArrayList<String>();
        assertEquals(List.of(), provisioner(source, superuser(), 2, file).apply(line -> { }, advice::add));
        assertTrue(advice.stream().anyMatch(line -> line.contains("monitors.yaml:20: document.one.team.fields[3]: in place: 'chief' is added")), advice::toString);
        assertTrue(advice.stream().anyMatch(line -> line.contains("the indexer first")), advice::toString);
        Files.writeString(file, text.replace("fields: [id, name, handle]", "fields: [id, name, handle, {chief: lead_id}, budget]"));
        var planned = provisioner(source, superuser(), 2, file).plan().stream().filter(step -> step.check() instanceof Check.Refused && step.step().startsWith("joins")).toList();
        assertTrue(planned.toString().contains("monitors.yaml:20: document.one.team.fields[4]: a later generation is needed, because the join keeps of each row what its documents use, so its rows of public.team do not have budget"), planned::toString);
        assertTrue(planned.toString().contains("'replaces: [" + pipeline.name() + "]'") && planned.toString().contains("./millrace apply"), planned::toString);
    }

    /** As the join of the file says it of two partitions. */
    private static void joinSays(Pipeline pipeline) throws Exception {
        var shape = ShapeComparison.ofFile(pipeline).text();
        var topic = Topics.joinState(Topics.joinGroup(pipeline.name()));
        try (var kafka = org.apache.kafka.clients.admin.Admin.create(Map.of("bootstrap.servers", servers.kafkaBootstrap()));
                var producer = new KafkaProducer<>(Map.of("bootstrap.servers", servers.kafkaBootstrap()), new StringSerializer(), new StringSerializer())) {
            kafka.createTopics(List.of(new NewTopic(topic, 1, (short) 1))).all().get();
            for (int partition = 0; partition < 2; partition++) {
                producer.send(new ProducerRecord<>(topic, JoinState.baseOf(partition), shape)).get();
                producer.send(new ProducerRecord<>(topic, JoinState.shapeOf(partition), shape)).get();
                producer.send(new ProducerRecord<>(topic, Integer.toString(partition), JoinState.IDLE)).get();
            }
        }
    }

    @Test
    void servicesWithRolesOfTheirOwnMayDoTheirOwnWorkAlone() throws Exception {
        var source = source("apart", "apart_capture", "pw");
        var files = DEMO.resolve("monitors.yaml");
        provisioner(source, superuser(), 3, files).apply(line -> { });
        try (var one = DriverManager.getConnection(source.url(), "apart_capture", "pw")) {
            execute(one, "INSERT INTO millrace.purge_audit VALUES (gen_random_uuid(), 'monitors', '1', 'me', 'because', now(), 'one role for all')");
        }

        var apart = provisioner(source, superuser(), 3, files, Map.of(SourceUser.PURGE, new Login("apart_purge", "pw-purge"), SourceUser.CONSOLE, new Login("apart_console", "pw-console")));
        assertEquals(List.of("source apart: role apart_capture may read 7 tables", "source apart: role apart_purge may log in", "source apart: role apart_purge may read 7 tables", "source apart: role apart_console may log in",
                "source apart: role apart_console may read 7 tables"), apart.apply(line -> { }));
        assertEquals(List.of(), apart.apply(line -> { }));
        try (var capture = DriverManager.getConnection(source.url(), "apart_capture", "pw"); var purge = DriverManager.getConnection(source.url(), "apart_purge", "pw-purge");
                var console = DriverManager.getConnection(source.url(), "apart_console", "pw-console")) {
            for (var reader : List.of(capture, purge, console)) {
                assertEquals(0, value(reader, "SELECT count(*) FROM public.monitor"));
                assertThrows(SQLException.class, () -> value(reader, "SELECT count(*) FROM public.dashboard"));
                assertEquals(reader == capture ? 1 : 0, value(reader, "SELECT count(*) FROM pg_roles WHERE rolname = current_user AND rolreplication"));
            }
            var beat = "INSERT INTO millrace.heartbeat VALUES (1, now()) ON CONFLICT (id) DO UPDATE SET beat = excluded.beat";
            var order = "INSERT INTO millrace.outboxevent VALUES (gen_random_uuid(), 'monitors', '1', 'erase', now(), null, null)";
            var audit = "INSERT INTO millrace.purge_audit VALUES (gen_random_uuid(), 'monitors', '1', 'me', 'because', now(), gen_random_uuid()::text)";
            execute(capture, beat);
            execute(purge, beat);
            execute(purge, order);
            execute(purge, audit);
            assertAll(
                    () -> assertThrows(SQLException.class, () -> execute(capture, order), "capture orders no erasure"),
                    () -> assertThrows(SQLException.class, () -> execute(capture, audit)),
                    () -> assertThrows(SQLException.class, () -> value(capture, "SELECT count(*) FROM millrace.verification")),
                    () -> assertThrows(SQLException.class, () -> execute(console, beat)),
                    () -> assertThrows(SQLException.class, () -> execute(console, order)),
                    () -> assertEquals(0, value(console, "SELECT count(*) FROM millrace.retention_run")),
                    () -> assertThrows(SQLException.class, () -> value(console, "SELECT count(*) FROM millrace.purge_audit")),
                    () -> assertThrows(SQLException.class, () -> execute(purge, "SELECT pg_create_logical_replication_slot('apart', 'pgoutput')")));
        }

        var without = provisioner(source, superuser(), 3, files, Map.of(SourceUser.PURGE, new Login("apart_purge", "pw-purge")));
        assertEquals(List.of("source apart: role apart_capture may read 7 tables", "source apart: role apart_console may read nothing any more, since no service comes as it"), without.apply(line -> { }));
        assertEquals(List.of(), without.apply(line -> { }));
        try (var connection = superuser(source)) {
            assertEquals(List.of("false"), texts(connection, "SELECT has_table_privilege('apart_console', 'public.monitor', 'SELECT')::text"));
            execute(connection, "DROP ROLE apart_console");
            without.destroy(line -> { });
            assertEquals(List.of(), texts(connection, "SELECT rolname FROM pg_roles WHERE rolname LIKE 'apart_%'"));
        }
        var twice = assertThrows(ProvisioningException.class, () -> provisioner(source, superuser(), 3, files, Map.of(SourceUser.CONSOLE, new Login("apart_capture", "another"))).plan());
        assertTrue(twice.getMessage().contains("The role apart_capture of the source 'apart' is given two passwords, one of them by source.roles.console"), twice::getMessage);
    }

    @Test
    void aFileThatDoesNotFitTheDatabaseIsRefusedWithItsLineAndNothingIsDone() throws Exception {
        var source = source("misfit", "misfit_reader", "pw");
        try (var connection = superuser(source)) {
            execute(connection, "ALTER TABLE public.monitor RENAME COLUMN noise TO loudness");
            execute(connection, "DROP TABLE public.monitor_recipient");
            execute(connection, "ALTER TABLE public.monitor_tag SET UNLOGGED");
        }
        var refusal = assertThrows(ProvisioningException.class, () -> provisioner(source, superuser(), 4, DEMO.resolve("monitors.yaml")).apply(line -> { }));
        assertAll(
                () -> assertTrue(refusal.problems().stream().anyMatch(p -> p.matches("(?s).*monitors.*\\.yaml:\\d+: .*no column 'noise'.*")), refusal::getMessage),
                () -> assertTrue(refusal.problems().stream().anyMatch(p -> p.contains("no table public.monitor_recipient")), refusal::getMessage),
                () -> assertTrue(refusal.problems().stream().anyMatch(p -> p.matches("(?s).*monitors.*\\.yaml:\\d+: .*the table public.monitor_tag is unlogged.*SET LOGGED")), refusal::getMessage));
        assertUntouched(source);
    }

    @Test
    void rowsThatWouldNotBeReplicatedWholeAreRefused() throws Exception {
        var source = source("partial", "partial_reader", "pw");
        try (var connection = superuser(source)) {
            execute(connection, "ALTER TABLE public.tag ENABLE ROW LEVEL SECURITY");
            execute(connection, "ALTER TABLE public.monitor DROP COLUMN query");
            execute(connection, "ALTER TABLE public.monitor ADD COLUMN query text GENERATED ALWAYS AS (upper(name)) STORED");
            execute(connection, "ALTER TABLE public.organisation RENAME TO organisation_rows");
            execute(connection, "CREATE VIEW public.organisation AS SELECT * FROM public.organisation_rows");
            execute(connection, "ALTER TABLE public.team REPLICA IDENTITY NOTHING");
            var refusal = assertThrows(ProvisioningException.class, () -> provisioner(source, superuser(), 4, DEMO.resolve("monitors.yaml")).apply(line -> { }));
            assertAll(
                    () -> assertTrue(refusal.getMessage().contains("public.tag of the source 'partial' has row security"), refusal::getMessage),
                    () -> assertTrue(refusal.problems().stream().anyMatch(p -> p.matches("(?s).*monitors.*\\.yaml:\\d+: .*the column 'query' of public.monitor is generated.*")), refusal::getMessage),
                    () -> assertTrue(refusal.problems().stream().anyMatch(p -> p.matches("(?s).*monitors.*\\.yaml:\\d+: .*public.organisation is a view.*")), refusal::getMessage),
                    () -> assertFalse(refusal.getMessage().contains("no table public.organisation"), refusal::getMessage),
                    () -> assertTrue(refusal.getMessage().contains("public.team of the source 'partial' has REPLICA IDENTITY NOTHING"), refusal::getMessage));
            assertUntouched(source);

            execute(connection, "CREATE POLICY everyone ON public.tag FOR SELECT TO PUBLIC USING (true)");
            var second = assertThrows(ProvisioningException.class, () -> provisioner(source, superuser(), 4, DEMO.resolve("monitors.yaml")).apply(line -> { }));
            assertFalse(second.getMessage().contains("row security"), second::getMessage);
        }
    }

    @Test
    void aRunThatDiedAfterAnyStepIsFinishedByTheNext() throws Exception {
        var source = source("died", "died_reader", "pw");
        int runs = 0;
        while (dies(provisioner(source, superuser(), 4, DEMO))) {
            runs++;
        }
        assertTrue(runs >= 5, () -> "Each step that makes something ends a run, only the registry may be done already");
        var whole = provisioner(source, superuser(), 4, DEMO);
        assertTrue(whole.plan().stream().allMatch(p -> p.check() instanceof Check.Done || p.check() instanceof Check.Advised), () -> whole.plan().toString());
    }

    /** Applies one step and stops there, as a process that was killed. */
    private static boolean dies(Provisioner provisioner) {
        try {
            provisioner.apply(line -> {
                throw new IllegalStateException("killed");
            });
            return false;
        } catch (IllegalStateException e) {
            return true;
        }
    }

    @Test
    void everyMissingRightIsReportedBeforeAnythingIsDone() throws Exception {
        var source = source("rights", "rights_reader", "pw");
        role("visitor", "LOGIN PASSWORD 'visitor'");
        var refusal = assertThrows(ProvisioningException.class, () -> provisioner(source, new Admin("visitor", "visitor"), 4, DEMO.resolve("monitors.yaml")).apply(line -> { }));
        assertAll(
                () -> assertTrue(refusal.getMessage().contains("needs CREATE on the database"), refusal::getMessage),
                () -> assertTrue(refusal.getMessage().contains("CREATE ROLE \"rights_reader\" LOGIN REPLICATION"), refusal::getMessage),
                () -> assertTrue(refusal.getMessage().contains("GRANT SELECT ON \"public\".\"monitor\""), refusal::getMessage),
                () -> assertTrue(refusal.getMessage().contains("Publishing the table public.team"), refusal::getMessage),
                () -> assertFalse(refusal.getMessage().contains("'pw'"), refusal::getMessage));
        assertUntouched(source);
    }

    @Test
    void theOwnerOfTheTablesNeedsNoSuperuser() throws Exception {
        role("shopkeeper", "LOGIN CREATEROLE REPLICATION PASSWORD 'keeper'");
        var source = source("owned", "owned_reader", "pw");
        try (var connection = superuser(source)) {
            execute(connection, "ALTER DATABASE owned OWNER TO shopkeeper");
            execute(connection, "ALTER SCHEMA public OWNER TO shopkeeper");
            for (var table : texts(connection, "SELECT quote_ident(tablename) FROM pg_tables WHERE schemaname = 'public'")) {
                execute(connection, "ALTER TABLE public." + table + " OWNER TO shopkeeper");
            }
        }
        var provisioner = provisioner(source, new Admin("shopkeeper", "keeper"), 4, DEMO);
        provisioner.apply(line -> { });
        assertEquals(List.of(), provisioner.apply(line -> { }));
        try (var reader = DriverManager.getConnection(source.url(), "owned_reader", "pw")) {
            assertEquals(0, value(reader, "SELECT count(*) FROM public.monitor"));
        }
    }

    @Test
    void aSuperuserThatIsTheSourcesOwnRoleIsNotAltered() throws Exception {
        var source = source("self", servers.postgresUser(), servers.postgresPassword());
        try (var connection = superuser(source)) {
            var before = texts(connection, "SELECT rolpassword || rolreplication || rolsuper FROM pg_authid WHERE rolname = current_user");
            var applied = provisioner(source, null, 4, DEMO).apply(line -> { });
            assertTrue(applied.stream().noneMatch(step -> step.contains("role")), applied::toString);
            assertEquals(before, texts(connection, "SELECT rolpassword || rolreplication || rolsuper FROM pg_authid WHERE rolname = current_user"));
        }
    }

    @Test
    void aChangedPasswordOfThePipelineFileIsSetOnTheRole() throws Exception {
        provisioner(source("rotated", "rotated_reader", "old"), superuser(), 4, DEMO).apply(line -> { });
        var changed = new Source("rotated", servers.jdbcUrl("rotated"), "rotated_reader", "new");
        assertEquals(List.of("source rotated: role rotated_reader may log in and replicate"), provisioner(changed, superuser(), 4, DEMO).apply(line -> { }));
        try (var reader = DriverManager.getConnection(changed.url(), "rotated_reader", "new")) {
            assertTrue(reader.isValid(30));
        }
    }

    @Test
    void aServerWithoutAFreeSlotIsRefused() throws Exception {
        var source = source("slots", "slots_reader", "pw");
        try (var connection = superuser(source)) {
            long free = value(connection, "SELECT current_setting('max_replication_slots')::int - count(*) FROM pg_replication_slots");
            try {
                for (int i = 0; i < free; i++) {
                    execute(connection, "SELECT pg_create_physical_replication_slot('filler_" + i + "')");
                }
                var refusal = assertThrows(ProvisioningException.class, () -> provisioner(source, superuser(), 4, DEMO).apply(line -> { }));
                assertTrue(refusal.getMessage().contains("has no free replication slot"), refusal::getMessage);
            } finally {
                execute(connection, "SELECT pg_drop_replication_slot(slot_name) FROM pg_replication_slots WHERE slot_name LIKE 'filler%'");
            }
        }
        assertUntouched(source);
    }

    @Test
    void aServerWithoutLogicalDecodingIsRefused() throws Exception {
        var other = LocalServers.in(data.resolve("replica"), Ports.free(), Map.of("wal_level", "replica"));
        other.postgres().start();
        try {
            var source = new Source("level", other.jdbcUrl("postgres"), other.postgresUser(), other.postgresPassword());
            var refusal = assertThrows(ProvisioningException.class, () -> provisioner(source, null, 4, DEMO).apply(line -> { }));
            assertTrue(refusal.getMessage().contains("wal_level=replica") && refusal.getMessage().contains("ALTER SYSTEM SET wal_level"), refusal::getMessage);
        } finally {
            other.postgres().stop();
        }
    }

    @Test
    void aWrongPasswordAndAServerThatIsAwayAreNamed() {
        var wrong = new Source("wrong", servers.jdbcUrl("postgres"), servers.postgresUser(), "s3cret-and-wrong");
        var refusal = assertThrows(ProvisioningException.class, () -> provisioner(wrong, null, 4, DEMO).plan());
        assertTrue(refusal.getMessage().contains("check the password") && !refusal.getMessage().contains("s3cret"), refusal::getMessage);

        var away = new Source("away", "jdbc:postgresql://localhost:1/none", "nobody", "none");
        refusal = assertThrows(ProvisioningException.class, () -> provisioner(away, null, 4, DEMO).plan());
        assertTrue(refusal.getMessage().contains("check that the server runs"), refusal::getMessage);
    }

    @Test
    void anotherNumberOfPartitionsIsRefused() throws Exception {
        var source = source("partitions", "partitions_reader", "pw");
        provisioner(source, superuser(), 2, DEMO).apply(line -> { });
        var refusal = assertThrows(ProvisioningException.class, () -> provisioner(source, superuser(), 5, DEMO).apply(line -> { }));
        assertTrue(refusal.getMessage().contains("has 2 partitions, where 5 are asked for"), refusal::getMessage);
    }

    @Test
    void aPublicationThatSomeoneElseMadeIsNotTakenOver() throws Exception {
        var source = source("alien", "alien_reader", "pw");
        try (var connection = superuser(source)) {
            execute(connection, "CREATE PUBLICATION millrace_alien FOR ALL TABLES");
            var refusal = assertThrows(ProvisioningException.class, () -> provisioner(source, superuser(), 4, DEMO).apply(line -> { }));
            assertTrue(refusal.getMessage().contains("was not made by Millrace"), refusal::getMessage);
        }
    }

    @Test
    void twoSourcesOfOneDatabaseKeepWhatTheOtherNeedsAndTheLastLeavesNothing() throws Exception {
        var old = source("twice", "twice_reader", "pw");
        var fresh = new Source("twice-new", old.url(), old.user(), old.password());
        try (var connection = superuser(old)) {
            execute(connection, "ALTER TABLE public.team REPLICA IDENTITY NOTHING");
            allowed(old, DEMO).apply(line -> { });
            allowed(fresh, DEMO).apply(line -> { });
            assertEquals(List.of(), allowed(old, DEMO).apply(line -> { }));
            assertEquals(List.of(), allowed(fresh, DEMO).apply(line -> { }));

            var fewer = allowed(old, DEMO.resolve("monitors.yaml"));
            assertFalse(fewer.apply(line -> { }).isEmpty());
            assertEquals(List.of(), fewer.apply(line -> { }));
            assertWorks(fresh);

            var staying = new ArrayList<String>();
            fewer.destroy(line -> { }, staying::add);
            assertWorks(fresh);
            assertEquals(List.of("millrace_twice_new"), texts(connection, "SELECT pubname FROM pg_publication"));
            assertEquals(List.of("d"), texts(connection, "SELECT relreplident FROM pg_class WHERE oid = 'public.team'::regclass"));
            assertEquals(List.of(), allowed(fresh, DEMO).apply(line -> { }), "nothing was taken from the other");
            assertAll(
                    () -> assertTrue(staying.stream().anyMatch(line -> line.startsWith("The schema millrace stays with its tables, because the source 'twice-new' stands on the same database")), staying::toString),
                    () -> assertTrue(staying.stream().anyMatch(line -> line.startsWith("The role twice_reader stays: the source 'twice-new' of the same database comes as it")), staying::toString),
                    () -> assertTrue(staying.stream().anyMatch(line -> line.startsWith("The role twice_reader keeps ") && line.contains("SELECT ON \"public\".\"monitor\"")), staying::toString),
                    () -> assertTrue(staying.stream().anyMatch(line -> line.contains("\"public\".\"team\" stays, because another source publishes the table")), staying::toString));

            allowed(fresh, DEMO).destroy(line -> { }, line -> assertEquals("", line, "nothing stays"));
            assertEquals(List.of("n"), texts(connection, "SELECT relreplident FROM pg_class WHERE oid = 'public.team'::regclass"));
        }
        assertUntouched(old);
    }

    @Test
    void notesThatTellNoSourceAreReadOnAndNothingIsTakenWhileNobodyKnowsWhoseItIs() throws Exception {
        var old = source("former", "former_reader", "pw");
        var fresh = new Source("former-new", old.url(), old.user(), old.password());
        provisioner(old, superuser(), 2, DEMO).apply(line -> { });
        provisioner(fresh, superuser(), 2, DEMO).apply(line -> { });
        try (var connection = superuser(old)) {
            execute(connection, "INSERT INTO millrace.made SELECT 'right ' || substr(what, length('right-of former \"former_reader\" ') + 1) FROM millrace.made WHERE what LIKE 'right-of former %'");
            execute(connection, "INSERT INTO millrace.made VALUES ('publication')");
            execute(connection, "DELETE FROM millrace.made WHERE what LIKE 'right-of %' OR what LIKE 'publication %' OR what LIKE 'source %'");

            var staying = new ArrayList<String>();
            provisioner(old, superuser(), 2, DEMO).destroy(line -> { }, staying::add);
            assertWorks(fresh);
            assertEquals(List.of("millrace_former_new"), texts(connection, "SELECT pubname FROM pg_publication"));
            assertTrue(staying.stream().anyMatch(line -> line.contains("the source of the publication millrace_former_new stands on the same database and what it needs is not noted; run ./millrace apply with its files")), staying::toString);

            assertFalse(provisioner(fresh, superuser(), 2, DEMO).apply(line -> { }).isEmpty(), "it notes what it needs");
            assertEquals(List.of(), provisioner(fresh, superuser(), 2, DEMO).apply(line -> { }));
            provisioner(fresh, superuser(), 2, DEMO).destroy(line -> { });
        }
        assertUntouched(old);
    }

    /** The files' role may still do the services' work, with the dashboards. */
    private static void assertWorks(Source source) throws SQLException {
        try (var reader = DriverManager.getConnection(source.url(), source.user(), source.password())) {
            assertEquals(0, value(reader, "SELECT count(*) FROM public.monitor"));
            assertEquals(0, value(reader, "SELECT count(*) FROM public.dashboard"));
            execute(reader, "INSERT INTO millrace.heartbeat VALUES (1, now()) ON CONFLICT (id) DO UPDATE SET beat = excluded.beat");
            execute(reader, "INSERT INTO millrace.outboxevent VALUES (gen_random_uuid(), 'monitors', '1', 'erase', now(), null, null)");
        }
    }

    @Test
    void ofAnIndexThatALaterPipelineFillsOnlyTheGenerationsOfTheOneThatGoesAreTaken() throws Exception {
        var search = URI.create(servers.searchUrl());
        var place = new HttpPlace(search, HttpAccess.of(Server.SEARCH, search, Map.of()));
        var elder = places.copies(DEMO.resolve("monitors.yaml"), "elder").getFirst();
        var younger = Files.writeString(Files.createDirectories(data.resolve("younger")).resolve("monitors.yaml"),
                Files.readString(elder).replaceFirst("name: elder-monitors", "name: younger-monitors\nreplaces: [elder-monitors]").replaceFirst("  name: elder", "  name: younger"));
        var standing = new TreeMap<String, String>();
        var old = new SearchIndexes(place, PipelineFiles.load(List.of(elder)), () -> standing);
        var fresh = new SearchIndexes(place, PipelineFiles.load(List.of(younger)), () -> standing);
        var index = old.names().iterator().next();
        assertEquals(old.names(), fresh.names());
        old.apply();
        put(index + "-000001", "elder-monitors", "");
        put(index + "-000002", "younger-monitors", "\"" + index + "\": {}");

        assertEquals(List.of("The index " + index + "-000002 of the search engine at " + search + " stays, with its template, because it is of the pipeline younger-monitors, whose file was not given"), old.staying());
        old.remove();
        assertEquals(404, status("GET", "/" + index + "-000001"));
        assertEquals(200, status("GET", "/" + index + "/_search"));
        assertEquals(200, status("GET", "/_index_template/millrace-" + index));
        assertTrue(old.isOfOthers(index));

        standing.put("elder-monitors", "it reads the source 'elder'");
        assertEquals(List.of("The template of the index " + index + " in the search engine at " + search + " stays, because the replaced pipeline elder-monitors fills that index, and its file was not given; it reads the source 'elder'"), fresh.staying());
        put(index + "-000001", "elder-monitors", "");
        assertEquals(List.of("The index " + index + "-000001 of the search engine at " + search + " stays, with its template, because it is of the pipeline elder-monitors, whose file was not given; it reads the source 'elder'"), fresh.staying());
        fresh.remove();
        assertEquals(200, status("GET", "/" + index + "-000001"));
        assertEquals(404, status("GET", "/" + index + "-000002"));
        assertEquals(200, status("GET", "/_index_template/millrace-" + index));
        assertTrue(fresh.isOfOthers(index), "its readers keep their role");

        standing.clear();
        put(index + "-000002", "younger-monitors", "\"" + index + "\": {}");
        assertEquals(List.of(), fresh.staying());
        fresh.remove();
        for (var path : List.of("/" + index + "-000001", "/" + index + "-000002", "/_index_template/millrace-" + index)) {
            assertEquals(404, status("GET", path), path);
        }
    }

    @Test
    void whatAReplacedPipelineHasInKafkaStaysWhileItReadsAnotherSource() throws Exception {
        var old = source("before", "before_reader", "pw");
        var elder = provisioner(old, superuser(), 2, DEMO.resolve("monitors.yaml"));
        elder.apply(line -> { });
        var fresh = source("after", "after_reader", "pw");
        var younger = replacing(fresh, places.copies(DEMO.resolve("monitors.yaml"), old.name()).getFirst(), "before-monitors");
        younger.apply(line -> { });
        try (var kafka = kafka()) {
            var state = Topics.joinState(Topics.joinGroup("before-monitors"));
            kafka.createTopics(List.of(new NewTopic(state, 1, (short) 1))).all().get();
            Awaitility.await("the topic is listed").atMost(Duration.ofSeconds(30)).until(() -> kept(kafka, "before").contains(state));
            read(kafka, "before-monitors", "rows.before.public.monitor");
            var before = kept(kafka, "before");
            assertTrue(before.containsAll(List.of("documents.before-monitors", "quarantine.documents.before-monitors", state, "rows.before.public.monitor")), before::toString);

            var plan = younger.planDestroy().toString();
            assertFalse(plan.contains("delete topic documents.before-monitors"), plan);
            assertTrue(plan.contains("delete topic documents.after-younger"), plan);
            var staying = new ArrayList<String>();
            younger.destroy(line -> { }, staying::add);
            assertEquals(before, kept(kafka, "before"));
            assertEquals(List.of(), kept(kafka, "after"));
            assertTrue(groups(kafka).contains("millrace-denormalizer-before-monitors"));
            assertEquals(List.of("What the replaced pipeline before-monitors has in Kafka stays, because its file was not given and it reads the source 'before'; it goes with the destroy of that file: topic documents.before-monitors, topic " + state
                    + ", topic quarantine.documents.before-monitors, group millrace-denormalizer-before-monitors"), staying.stream().filter(line -> line.contains("Kafka stays")).toList());

            younger.apply(line -> { });
            kafka.deleteConsumerGroups(List.of("millrace-denormalizer-before-monitors")).all().get();
            staying.clear();
            younger.destroy(line -> { }, staying::add);
            assertEquals(before, kept(kafka, "before"), "of what is not known nothing is taken");
            assertTrue(staying.stream().anyMatch(line -> line.contains("Kafka has no offsets of its join, so that it may read any of the other sources there: ") && line.contains("before")), staying::toString);

            elder.destroy(line -> { }, line -> assertFalse(line.contains("Kafka stays"), line));
            assertEquals(List.of(), kept(kafka, "before"));
        }
        assertUntouched(old);
        assertUntouched(fresh);
    }

    @Test
    void whatAReplacedPipelineOfTheSameSourceLeftGoesWithTheFileThatReplacesIt() throws Exception {
        var source = source("lasting", "lasting_reader", "pw");
        provisioner(source, superuser(), 2, DEMO.resolve("monitors.yaml")).apply(line -> { });
        var younger = replacing(new Source("lasting", source.url(), source.user(), source.password()), places.copies(DEMO.resolve("monitors.yaml"), source.name()).getFirst(), "lasting-monitors");
        younger.apply(line -> { });
        try (var kafka = kafka()) {
            read(kafka, "lasting-monitors", "rows.lasting.public.monitor");
            try (var running = new KafkaConsumer<>(Map.of("bootstrap.servers", servers.kafkaBootstrap(), "group.id", "millrace-denormalizer-lasting-monitors"), new StringDeserializer(), new StringDeserializer())) {
                running.subscribe(List.of("rows.lasting.public.monitor"));
                Awaitility.await().atMost(Duration.ofSeconds(30)).until(() -> running.poll(Duration.ofMillis(100)) != null && !running.assignment().isEmpty());
                var refused = assertThrows(ProvisioningException.class, () -> younger.destroy(line -> { }));
                assertTrue(refused.getMessage().contains("The join millrace-denormalizer-lasting-monitors runs and reads rows.lasting.public.monitor, and the file of its pipeline was not given"), refused::getMessage);
                assertTrue(kept(kafka, "lasting").contains("documents.lasting-monitors"), "nothing was done");
            }
            younger.destroy(line -> { }, line -> assertFalse(line.contains("Kafka stays"), line));
            assertEquals(List.of(), kept(kafka, "lasting"));
            assertFalse(groups(kafka).contains("millrace-denormalizer-lasting-monitors"));
        }
        assertUntouched(source);
    }

    /** Of a file that replaces the pipeline of another one, whose index it fills, from its own source. */
    private static Provisioner replacing(Source source, Path file, String replaced) throws Exception {
        var text = Files.readString(file).replaceFirst("name: " + replaced, "name: " + source.name() + "-younger\nreplaces: [" + replaced + "]").replaceFirst("(source:\n  name: )[a-z]+", "$1" + source.name());
        var younger = Files.writeString(Files.createDirectories(data.resolve("replacing-" + source.name())).resolve("monitors.yaml"), text);
        var environment = Map.of("MILLRACE_SOURCE_URL", source.url(), "MILLRACE_SOURCE_USER", source.user(), "MILLRACE_SOURCE_PASSWORD", source.password());
        return new Provisioner(PipelineFiles.load(List.of(younger)), superuser(), new Targets(servers.kafkaBootstrap(), URI.create(servers.registryUrl()), 2, (short) 1), environment::get);
    }

    private static org.apache.kafka.clients.admin.Admin kafka() {
        return org.apache.kafka.clients.admin.Admin.create(Map.of("bootstrap.servers", servers.kafkaBootstrap()));
    }

    /** Leaves an offset of a pipeline's join, as one that has read that far and was stopped. */
    private static void read(org.apache.kafka.clients.admin.Admin kafka, String pipeline, String topic) throws Exception {
        kafka.alterConsumerGroupOffsets(Topics.joinGroup(pipeline), Map.of(new TopicPartition(topic, 0), new OffsetAndMetadata(0))).all().get();
    }

    /** The topics of one source and of its pipelines. */
    private static List<String> kept(org.apache.kafka.clients.admin.Admin kafka, String source) throws Exception {
        return kafka.listTopics().names().get().stream().filter(topic -> topic.contains("." + source + ".") || topic.contains("." + source + "-") || topic.startsWith("millrace-denormalizer-" + source + "-")).sorted().toList();
    }

    private static List<String> groups(org.apache.kafka.clients.admin.Admin kafka) throws Exception {
        return kafka.listGroups().all().get().stream().map(GroupListing::groupId).toList();
    }

    private static void put(String index, String pipeline, String alias) throws Exception {
        assertEquals(200, send("PUT", "/" + index, HttpRequest.BodyPublishers.ofString("{\"aliases\": {" + alias + "}, \"mappings\": {\"_meta\": {\"pipeline\": \"" + pipeline + "\"}}}")));
    }

    private static int status(String method, String path) throws Exception {
        return send(method, path, HttpRequest.BodyPublishers.noBody());
    }

    private static int send(String method, String path, HttpRequest.BodyPublisher body) throws Exception {
        try (var client = HttpClient.newHttpClient()) {
            return client.send(HttpRequest.newBuilder(URI.create(servers.searchUrl() + path)).header("Content-Type", "application/json").method(method, body).build(), HttpResponse.BodyHandlers.discarding()).statusCode();
        }
    }

    private record Source(String name, String url, String user, String password) {}

    /** A database with the demo's tables; pipelines, topics and slot are named after it. */
    private static Source source(String name, String user, String password) throws SQLException {
        try (var connection = DriverManager.getConnection(servers.jdbcUrl("postgres"), servers.postgresUser(), servers.postgresPassword())) {
            execute(connection, "CREATE DATABASE " + name);
        }
        var source = new Source(name, servers.jdbcUrl(name), user, password);
        try (var connection = superuser(source)) {
            DemoData.createSchema(connection);
        }
        return source;
    }

    private static Provisioner provisioner(Source source, Admin admin, int partitions, Path files) {
        return provisioner(source, admin, partitions, files, Map.of());
    }

    /** Two partitions, and a table's replica identity may be changed. */
    private static Provisioner allowed(Source source, Path files) {
        return provisioner(source, superuser(), 2, files, new Options(false, true, Map.of()));
    }

    private static Provisioner provisioner(Source source, Admin admin, int partitions, Path files, Map<SourceUser, Login> roles) {
        return provisioner(source, admin, partitions, files, new Options(false, false, roles));
    }

    private static Provisioner provisioner(Source source, Admin admin, int partitions, Path files, Options options) {
        var environment = Map.of("MILLRACE_SOURCE_URL", source.url(), "MILLRACE_SOURCE_USER", source.user(), "MILLRACE_SOURCE_PASSWORD", source.password());
        var targets = new Targets(servers.kafkaBootstrap(), URI.create(servers.registryUrl()), partitions, (short) 1);
        return new Provisioner(places.pipelines(files, source.name()), admin, targets, environment::get, options);
    }

    private static Admin superuser() {
        return new Admin(servers.postgresUser(), servers.postgresPassword());
    }

    private static Connection superuser(Source source) throws SQLException {
        return DriverManager.getConnection(source.url(), servers.postgresUser(), servers.postgresPassword());
    }

    private static void role(String name, String options) throws SQLException {
        try (var connection = DriverManager.getConnection(servers.jdbcUrl("postgres"), servers.postgresUser(), servers.postgresPassword())) {
            execute(connection, "CREATE ROLE " + name + " " + options);
        }
    }

    private static void assertUntouched(Source source) throws SQLException {
        try (var connection = superuser(source)) {
            assertEquals(0, value(connection, "SELECT count(*) FROM pg_namespace WHERE nspname = 'millrace'"));
            assertEquals(0, value(connection, "SELECT count(*) FROM pg_publication"));
            assertEquals(0, value(connection, "SELECT count(*) FROM pg_roles WHERE rolname = '" + source.user() + "'"));
        }
    }

    private static long value(Connection connection, String sql) throws SQLException {
        return Long.parseLong(texts(connection, sql).getFirst());
    }

    private static List<String> texts(Connection connection, String sql) throws SQLException {
        try (var statement = connection.createStatement(); var result = statement.executeQuery(sql)) {
            var values = new ArrayList<String>();
            while (result.next()) {
                values.add(result.getString(1));
            }
            return values;
        }
    }

    private static void execute(Connection connection, String sql) throws SQLException {
        try (var statement = connection.createStatement()) {
            statement.execute(sql);
        }
    }
}
