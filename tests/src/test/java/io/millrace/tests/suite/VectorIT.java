package io.millrace.tests.suite;

import static org.junit.jupiter.api.Assertions.assertEquals;

import io.millrace.launcher.Output;
import io.millrace.launcher.stack.Stage;
import io.millrace.tests.oracle.Comparison;
import io.millrace.tests.oracle.SqlOracle;
import io.millrace.tests.stack.DemoStack;
import io.millrace.tests.stack.SharedStack;
import java.io.PrintWriter;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.atomic.AtomicReference;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Vectors that a table has in arrays of floating-point numbers come into the index as arrays of numbers, digit for digit, under mappings of the file's own. */
@Tag("long")
class VectorIT {

    private static final int PIECES = 200;
    private static final Duration LONGEST = Duration.ofMinutes(4);
    private static final SqlOracle ORACLE = SqlOracle.of("pieces", """
            SELECT id::text AS id, json_build_object('id', id, 'title', title, 'embedding', embedding, 'exact', exact)::text AS document FROM public.piece""");

    @TempDir
    static Path folder;
    private static DemoStack stack;

    @BeforeAll
    static void start() throws Exception {
        Files.writeString(folder.resolve("pieces.yaml"), """
                millrace: 1
                name: pieces
                source:
                  name: demo
                  url: {env: MILLRACE_SOURCE_URL}
                  user: {env: MILLRACE_SOURCE_USER}
                  password: {env: MILLRACE_SOURCE_PASSWORD}
                document:
                  root: public.piece
                  fields: [id, title, embedding, exact]
                index:
                  mappings:
                    embedding: {type: float, index: false, doc_values: false}
                    exact: {type: double}
                """);
        var data = DemoStack.home().resolve("tests").resolve("target").resolve("vector-stack");
        DemoStack.delete(data);
        stack = new DemoStack(data, SharedStack.PORT_BASE + 1000, 10, null, List.of(folder), new Output(new PrintWriter(System.out, true, StandardCharsets.UTF_8)));
        stack.startServers();
        stack.load();
        stack.execute("CREATE TABLE public.piece (id bigint PRIMARY KEY, title text, embedding real[], exact double precision[])",
                "INSERT INTO public.piece SELECT n, 'piece ' || n, ARRAY(SELECT (2 * random() - 1 + 0 * n)::real FROM generate_series(1, 384)), ARRAY(SELECT 2 * random() - 1 + 0 * n FROM generate_series(1, 384)) FROM generate_series(1, " + PIECES + ") n");
        stack.provision();
        var stages = List.of(Stage.CAPTURE, Stage.GATE, Stage.DENORMALIZER, Stage.INDEXER);
        stages.forEach(stage -> stack.process(stage).launch());
        stages.forEach(stage -> stack.process(stage).awaitReady());
    }

    @AfterAll
    static void stop() {
        if (stack != null) {
            stack.close();
        }
    }

    @Test
    void whatArraysOfNumbersHaveIsInTheIndexDigitForDigit() throws Exception {
        awaitEqual();
        assertEquals("float double", mapping("embedding") + " " + mapping("exact"));
        stack.execute("UPDATE public.piece SET title = 'of vectors that stay where they are' WHERE id % 3 = 0",
                "UPDATE public.piece SET embedding[7] = 0.1, exact[7] = 0.1 WHERE id % 5 = 0",
                "UPDATE public.piece SET embedding = NULL, exact = '{}' WHERE id = 1",
                "INSERT INTO public.piece VALUES (-1, 'the ends', '{1e-45,3.4028235e38,-0,0,1e20,0.1,16777216,NULL}', '{5e-324,1.7976931348623157e308,-0,0,1e20,0.1,9007199254740993,NULL}'), (-2, 'few', '{1,2.5,3,4}', '{0.1,-0.2}')",
                "DELETE FROM public.piece WHERE id = 2");
        awaitEqual();
        assertEquals("1", stack.index().ask("POST", "/pieces/_count", "{\"query\":{\"term\":{\"exact\":-0.2}}}").get("count").asText(), "one has this number");
    }

    private static String mapping(String field) {
        return stack.index().ask("GET", "/pieces-000001/_mapping", null).get("pieces-000001").get("mappings").get("properties").get(field).get("type").asText();
    }

    private static void awaitEqual() {
        var last = new AtomicReference<Comparison>();
        try {
            Awaitility.await("the index equals the table").pollInterval(Duration.ofSeconds(1)).atMost(LONGEST).ignoreExceptions().until(() -> {
                try (var connection = stack.connect()) {
                    last.set(Comparison.of("pieces", ORACLE.read(connection), stack.index().read("pieces")));
                }
                return last.get().agrees() && last.get().expected() >= PIECES;
            });
        } finally {
            System.out.println(last.get() == null ? "no comparison" : last.get().describe());
        }
    }
}
