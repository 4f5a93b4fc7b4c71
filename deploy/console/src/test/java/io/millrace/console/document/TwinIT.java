package io.millrace.console.document;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.DeserializationFeature;
import com.fasterxml.jackson.databind.json.JsonMapper;
import io.millrace.local.LocalServers;
import io.millrace.local.Ports;
import io.millrace.pipeline.file.Pipeline;
import io.millrace.pipeline.file.PipelineFiles;
import io.millrace.pipeline.record.DocumentId;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.DriverManager;
import java.util.List;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class TwinIT {

    private static final String TABLES = """
            CREATE TABLE item (region text, code text, state text NOT NULL, price numeric, PRIMARY KEY (region, code));
            CREATE TABLE remark (id bigint PRIMARY KEY, region text, code text, body text, stars int, at timestamptz);
            INSERT INTO item VALUES ('a|b\\c', 'x|', 'live', 1.50), ('a', 'b\\c|x|', 'live', 2), ('a|b', 'hidden', 'gone', 3);
            INSERT INTO remark VALUES (1, 'a|b\\c', 'x|', 'Good', 5, '2026-01-31 12:00+02'), (2, 'a|b\\c', 'x|', 'Good', 3, NULL), (3, 'a|b\\c', 'x|', 'bad', 1, 'infinity'), (4, 'a|b\\c', 'x|', 'worse', 2, NULL);
            """;
    private static final String FILE = """
            millrace: 1
            name: items
            source: {name: demo, url: {env: U}, user: {env: V}, password: {env: W}}
            document:
              root: public.item
              where: {state: live}
              fields:
                - region
                - code
                - label: {concat: [{upper: state}, {value: " "}, price]}
              many:
                remarks: {table: public.remark, join: {region: region, code: code}, fields: [body, at], where: {stars: {min: 2}}, orderBy: [{stars: desc}], limit: 2}
                words: {table: public.remark, join: {region: region, code: code}, flatten: {lower: body}, distinct: true}
                best: {table: public.remark, join: {region: region, code: code}, aggregate: {max: stars}}
                mean: {table: public.remark, join: {region: region, code: code}, aggregate: {average: stars}}
            """;

    @TempDir
    static Path data;
    private static LocalServers servers;
    private static Connection connection;
    private static Pipeline pipeline;

    @BeforeAll
    static void start() throws Exception {
        servers = LocalServers.in(data, Ports.free());
        servers.postgres().start();
        connection = DriverManager.getConnection(servers.jdbcUrl("postgres"), servers.postgresUser(), servers.postgresPassword());
        try (var statement = connection.createStatement()) {
            statement.execute(TABLES);
        }
        pipeline = PipelineFiles.load(List.of(Files.writeString(data.resolve("items.yaml"), FILE))).getFirst().pipeline();
    }

    @AfterAll
    static void stop() throws Exception {
        connection.close();
        servers.close();
    }

    @Test
    void filtersDerivedValuesAggregatesAndLimitsAreInIt() throws Exception {
        var json = JsonMapper.builder().enable(DeserializationFeature.USE_BIG_DECIMAL_FOR_FLOATS).build();
        assertEquals(json.readTree("""
                {"region": "a|b\\\\c", "code": "x|", "label": "LIVE 1.50",
                 "remarks": [{"body": "Good", "at": "2026-01-31T10:00:00.000000Z"}, {"body": "Good", "at": null}],
                 "words": ["good", "bad", "worse"], "best": 5, "mean": 2.7500000000000000}"""), json.readTree(twin("a|b\\c", "x|")));
    }

    @Test
    void aKeyWithSeparatorsInItFindsItsRowAndNoOther() throws Exception {
        assertTrue(twin("a", "b\\c|x|").contains("LIVE 2"));
        assertNull(twin("a|b", "c|x|"));
    }

    @Test
    void aRowThatTheFilterKeepsOutMakesNoDocument() throws Exception {
        assertNull(twin("a|b", "hidden"));
    }

    @Test
    void anIdThatNoKeyHasIsRefusedInASentence() {
        assertEquals("The document id 'alone' has 1 part, the root's primary key has 2 columns: region, code",
                assertThrows(IllegalArgumentException.class, () -> Twin.read(connection, pipeline, "alone")).getMessage());
    }

    private static String twin(String region, String code) throws Exception {
        return Twin.read(connection, pipeline, DocumentId.of(List.of(region, code)));
    }
}
