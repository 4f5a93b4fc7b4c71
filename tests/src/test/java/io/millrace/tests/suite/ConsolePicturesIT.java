package io.millrace.tests.suite;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.millrace.launcher.stack.Stage;
import io.millrace.tests.stack.Axe;
import io.millrace.tests.stack.BackgroundTraffic;
import io.millrace.tests.stack.Browser;
import io.millrace.tests.stack.DemoStack;
import io.millrace.tests.stack.LoneConsole;
import io.millrace.tests.stack.RefusedDocument;
import io.millrace.tests.stack.SharedStack;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.SQLException;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.io.TempDir;

/**
 * The console's page in every kind of window and with every kind of content: nothing of it stands outside of the window, and axe-core finds nothing serious.
 * Leaves the pictures in target/screenshots, for somebody to look at.
 */
@Tag("long")
@ExtendWith(SharedStack.class)
class ConsolePicturesIT {

    private static final int PIPELINES = 60;
    private static final int TABLES_OF_EACH = 9;
    private static final int LARGE = 5_000_000;
    private static final int MOST_NODES = 6_000;
    private static final String AGREE = "document.getElementById('difference-title').textContent === 'The index and Postgres agree'";
    private static final String FILE = """
            millrace: 1
            name: %s
            source: {name: %s, url: {env: U}, user: {env: V}, password: {env: W}}
            document:
              root: public.%s
              fields: [id, name]
            """;
    /** Width, height and colours by the kind of window. */
    private static final Map<String, Window> WINDOWS = windows();

    private record Window(int width, int height, String scheme) {}

    private final DemoStack stack;
    private final Axe axe = new Axe(DemoStack.home().resolve("tests/target/axe"));
    private final Path shots = DemoStack.home().resolve("tests/target/screenshots");
    @TempDir
    Path folder;
    private Browser page;

    ConsolePicturesIT(DemoStack stack) {
        this.stack = stack;
    }

    private static Map<String, Window> windows() {
        var windows = new LinkedHashMap<String, Window>();
        windows.put("light", new Window(1280, 900, "light"));
        windows.put("dark", new Window(1280, 900, "dark"));
        windows.put("wide", new Window(1920, 1000, "light"));
        windows.put("phone", new Window(390, 844, "light"));
        return windows;
    }

    @BeforeEach
    void open() throws IOException {
        RefusedDocument.awaitCounts(stack);
        page = Browser.open(folder.resolve("profile"));
        page.go(stack.address(Stage.CONSOLE).toString());
        live();
    }

    @AfterEach
    void close() {
        if (page != null) {
            page.close();
        }
    }

    @Test
    void busy() throws Exception {
        page.type("token", Files.readString(stack.stack().token()).strip());
        try (var traffic = BackgroundTraffic.start(stack, 511, 100)) {
            page.await("the curves tell latencies", "/[0-9] m?s/.test(document.querySelector('#latency').getAttribute('aria-label'))");
            page.eval("(document.querySelector('#charts summary').click(), 1)");
            page.await("the same figures as a table", "document.querySelectorAll('#charts details[open] tbody tr').length > 1");
            pictures("busy-flow");
            go("section=pipelines");
            page.await("a row for each pipeline", "document.querySelectorAll('#all-pipelines tbody tr').length === 2");
            pictures("busy-pipelines");
            page.type("one", "monitors");
            page.await("its tables and indexes", "document.querySelectorAll('#tables tbody tr').length === 7 && document.querySelectorAll('#indexes tbody tr').length > 0");
            pictures("busy-pipeline");
            traffic.stop();
        }
        go("section=manage&organisation=1");
        page.await("several users were answered", "document.querySelector('#verdict strong')?.textContent.endsWith(' for 8 users at once.')");
        pictures("busy-manage");
        assertEquals(List.of(), page.complaints());
    }

    @Test
    void hostile() throws Exception {
        var name = "<img src=x onerror=\"document.title='taken'\"> \u202e" + "w".repeat(3_000) + " \ud83d\ude80";
        var id = monitor();
        var before = change(id, "name", name);
        try {
            stack.settled().await();
            page.type("token", Files.readString(stack.stack().token()).strip());
            go("section=document&pipeline=monitors&id=" + id);
            page.await("both sides agree", AGREE);
            pictures("hostile-document");
            page.type("words", "img");
            page.click("#find button");
            page.await("it is found", "document.querySelectorAll('#hits button').length > 0");
            pictures("hostile-hits");
            go("section=manage");
            page.type("m-text", "<img");
            page.click("#ask button");
            page.await("Postgres shows it", "document.querySelectorAll('#side-postgres tbody tr').length > 0");
            pictures("hostile-manage");
            assertNotEquals("taken", page.eval("document.title"));
            assertEquals(List.of(), page.complaints());
        } finally {
            change(id, "name", before);
        }
        stack.settled().await().forEach(comparison -> assertTrue(comparison.agrees(), comparison::describe));
    }

    @Test
    void large() throws Exception {
        var id = monitor();
        var before = change(id, "message", "many words ".repeat(LARGE / 11));
        try {
            stack.settled().await();
            go("section=document&pipeline=monitors&id=" + id);
            page.await("both sides agree", AGREE);
            assertTrue(page.eval("document.getElementById('in-index').textContent").contains("characters more; ./millrace document monitors " + id + " prints all of it"), "its beginning");
            pictures("large-document");
        } finally {
            change(id, "message", before);
        }
        stack.settled().await().forEach(comparison -> assertTrue(comparison.agrees(), comparison::describe));
    }

    private String monitor() throws SQLException {
        try (var connection = stack.connect(); var statement = connection.createStatement(); var row = statement.executeQuery("SELECT min(id) FROM public.monitor")) {
            row.next();
            return row.getString(1);
        }
    }

    /** Returns what stood there before. */
    private String change(String id, String column, String value) throws SQLException {
        try (var connection = stack.connect(); var update = connection.prepareStatement("WITH was AS (SELECT %1$s FROM public.monitor WHERE id = ?::bigint) UPDATE public.monitor SET %1$s = ? WHERE id = ?::bigint RETURNING (SELECT %1$s FROM was)".formatted(column))) {
            update.setString(1, id);
            update.setString(2, value);
            update.setString(3, id);
            try (var row = update.executeQuery()) {
                row.next();
                return row.getString(1);
            }
        }
    }

    @Test
    void many() throws Exception {
        try (var console = LoneConsole.over(stack, folder.resolve("many"), manyFiles())) {
            page.go(console.address());
            live();
            page.await("one sum of all documents", "document.getElementById('picture').textContent.includes('indexes: " + PIPELINES + "')");
            pictures("many-flow");
            go("section=pipelines");
            page.await("a row for each pipeline", "document.querySelectorAll('#all-pipelines tbody tr').length === " + PIPELINES);
            pictures("many-pipelines");
            page.type("one", "pipeline-07");
            page.await("its tables", "document.querySelectorAll('#tables tbody tr').length === " + TABLES_OF_EACH);
            pictures("many-pipeline");
            assertTrue(Integer.parseInt(page.eval("document.querySelectorAll('*').length")) < MOST_NODES, "few enough elements for a page that is drawn each second");
        }
    }

    /** 540 tables, of which the stack has none. */
    private static Map<String, String> manyFiles() {
        return IntStream.range(0, PIPELINES).boxed().collect(Collectors.toMap("pipeline-%02d.yaml"::formatted, ConsolePicturesIT::manyTables));
    }

    private static String manyTables(int pipeline) {
        var relations = IntStream.range(1, TABLES_OF_EACH).mapToObj(n -> "    relation_%d: {table: public.t%02d_%d, join: {relation_%d_id: id}, fields: [name]}\n".formatted(n, pipeline, n, n)).collect(Collectors.joining());
        return FILE.formatted("pipeline-%02d".formatted(pipeline), "elsewhere", "t%02d_0".formatted(pipeline)) + "  one:\n" + relations;
    }

    @Test
    void broken() throws Exception {
        try (var console = LoneConsole.overNothing(folder.resolve("broken"), Map.of("items.yaml", FILE.formatted("items", "nowhere", "item")))) {
            page.go(console.address());
            page.await("it says what is away", "document.querySelectorAll('#waits li').length === 5");
            assertEquals("", page.eval("[...document.querySelectorAll('#picture div')].map(d => d.textContent).filter(t => !t.startsWith('instances: ') && /(^|: )0([ /]|$)/.test(t)).join()"), "what is unknown is no 0");
            assertTrue(page.eval("document.getElementById('picture').textContent").contains("–"), "it is said to be unknown");
            pictures("broken-flow");
            go("section=pipelines&pipeline=items");
            page.await("what is not known is not well", "document.getElementById('needs').textContent.startsWith('Capture, Gate, Denormalizer, Indexer, Purge are not up')");
            assertEquals("–", page.eval("[...new Set([...document.querySelectorAll('#facts dd')].slice(2).filter(d => d.previousElementSibling.textContent !== 'Retention').map(d => d.textContent).filter(t => !t.startsWith('p50')))].join()"), "none of its figures is known");
            assertEquals("–", page.eval("document.querySelector('#tables tbody tr').cells[1].textContent"), "nor whether its table flows");
            for (var section : List.of("pipelines&pipeline=items", "quarantine", "schemas", "document&pipeline=items&id=1", "purge")) {
                go("section=" + section);
                pictures("broken-" + section.replaceAll("&.*", ""));
            }
        }
    }

    @Test
    void empty() throws Exception {
        stack.settled().await();
        page.type("token", Files.readString(stack.stack().token()).strip());
        go("section=quarantine");
        page.await("nothing is parked", "document.getElementById('quarantine-state').textContent === 'No table is parked.'");
        pictures("empty-quarantine");
        go("section=purge");
        page.await("all lists were asked for", "document.getElementById('retention-state').textContent === 'Nothing waits.'");
        pictures("empty-purge");
        go("section=schemas");
        page.await("the tables", "document.querySelectorAll('#table option').length > 5");
        pictures("empty-schemas");
    }

    /** To a section by its address. */
    private void go(String place) {
        var section = place.replaceAll("section=|&.*", "");
        page.eval("(location.hash = '" + place + "', 1)");
        page.await("the section is shown", "!document.getElementById('" + section + "').hidden");
    }

    private void live() {
        page.await("the figures are live", "document.querySelectorAll('#picture .node').length === 6");
    }

    private void pictures(String name) throws IOException {
        for (var window : WINDOWS.entrySet()) {
            var of = window.getValue();
            page.size(of.width, of.height);
            page.type("scheme", of.scheme);
            page.eval("(document.activeElement.blur(), scrollTo(0, 0), 1)");
            page.wholePage(shots.resolve(name + "-" + window.getKey() + ".png"));
            assertEquals("true", page.eval("document.documentElement.scrollWidth <= " + of.width), name + " stands out of a window that is " + window.getKey());
            assertEquals(List.of(), axe.serious(page), name + " " + window.getKey());
        }
    }
}
