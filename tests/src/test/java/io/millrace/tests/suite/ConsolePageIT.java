package io.millrace.tests.suite;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.json.JsonMapper;
import io.millrace.launcher.stack.Stage;
import io.millrace.pipeline.file.TableName;
import io.millrace.pipeline.topic.Topics;
import io.millrace.tests.stack.Axe;
import io.millrace.tests.stack.BackgroundTraffic;
import io.millrace.tests.stack.Browser;
import io.millrace.tests.stack.DemoStack;
import io.millrace.tests.stack.LoneConsole;
import io.millrace.tests.stack.RawTopics;
import io.millrace.tests.stack.RefusedDocument;
import io.millrace.tests.stack.SharedStack;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.SQLException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;

/** The console's page in a real browser, over the real stack. Needs Chromium (Debian: chromium); leaves screenshots in target/screenshots. */
@Tag("long")
@ExtendWith(SharedStack.class)
class ConsolePageIT {

    private static final String PARKED = ".parked[data-table='demo.public.dashboard_list']";

    private static final JsonMapper JSON = new JsonMapper();

    private final DemoStack stack;
    private final Axe axe = new Axe(DemoStack.home().resolve("tests").resolve("target").resolve("axe"));
    private final Path shots = DemoStack.home().resolve("tests").resolve("target").resolve("screenshots");
    private Browser page;

    ConsolePageIT(DemoStack stack) {
        this.stack = stack;
    }

    @BeforeEach
    void open() throws IOException {
        RefusedDocument.awaitCounts(stack);
        page = Browser.open(Files.createTempDirectory("millrace-browser"));
        page.go(stack.address(Stage.CONSOLE).toString());
        page.await("the figures are live", "document.querySelectorAll('#picture .node').length === 6");
    }

    @AfterEach
    void close() {
        if (page != null) {
            page.close();
        }
    }

    @Test
    void theFiguresMoveWithTheTrafficInLightAndDark() throws Exception {
        var rate = "parseFloat(document.querySelector('#stages tr[data-stage=index] .rate').textContent.replace(/,/g, ''))";
        try (var traffic = BackgroundTraffic.start(stack, 501, 100)) {
            page.await("the indexer's rate moves", rate + " > 5");
            assertEquals("1", page.eval("new Set([...document.querySelectorAll('#picture .node')].map(n => n.offsetTop)).size"), "the picture is one row");
            page.screenshot(shots.resolve("flow-light.png"));
            assertEquals(List.of(), axe.serious(page));
            var light = page.eval("getComputedStyle(document.body).backgroundColor");
            page.type("scheme", "dark");
            assertNotEquals(light, page.eval("getComputedStyle(document.body).backgroundColor"));
            page.await("three curves with axes are drawn", "document.querySelectorAll('#latency canvas, #steps canvas, #throughput canvas').length === 3 && document.querySelectorAll('#latency .u-legend tr').length === 5");
            page.await("the legend tells values", "/[0-9] m?s/.test(document.querySelector('#latency').getAttribute('aria-label'))");
            page.screenshot(shots.resolve("flow-dark.png"));
            page.await("the curve that one points at is named with its value", "(() => { const over = document.querySelector('#latency .u-over'), box = over.getBoundingClientRect(), named = document.querySelector('#latency .named');"
                    + " for (let y = 2; y < box.height; y += 6) { over.dispatchEvent(new MouseEvent('mousemove', { clientX: box.left + box.width - 20, clientY: box.top + y, bubbles: true })); if (!named.hidden && /[a-z0-9] [0-9.]+ m?s$/.test(named.textContent)) return true; } return false; })()");
            assertEquals(List.of(), axe.serious(page));
            traffic.stop();
        }
        page.await("and comes to rest", rate + " === 0");
        page.type("flow-pipeline", "dashboards");
        page.await("one pipeline's figures alone", "!document.getElementById('picture').textContent.includes('monitors:') && document.getElementById('picture').textContent.includes('dashboards:')");
        assertEquals(List.of(), page.complaints());
    }

    @Test
    void aParkedTableIsSeenAndReplayedFromThePage() throws Exception {
        page.type("token", "not it");
        page.await("another one is told", "document.getElementById('token-state').textContent === 'not the right one'");
        page.type("token", Files.readString(stack.stack().token()).strip());
        page.await("the right one is told", "document.getElementById('token-state').textContent === 'taken'");
        page.click("#tab-quarantine");
        page.await("nothing is parked", "document.getElementById('quarantine-state').textContent === 'No table is parked.'");
        try (var connection = stack.connect(); var statement = connection.createStatement()) {
            // A change that no reader of before can read: the gate parks the table.
            statement.execute("ALTER TABLE public.dashboard_list ADD COLUMN size integer NOT NULL DEFAULT 0");
            statement.execute("UPDATE public.dashboard_list SET name = name || '!' WHERE id = (SELECT min(id) FROM public.dashboard_list)");
        }
        page.await("the badge says so", "document.getElementById('parked-count').textContent.includes('1 parked')");
        page.click("#tab-quarantine");
        page.await("the table is there with its difference", "document.querySelector('.parked[data-table=\"demo.public.dashboard_list\"] table')?.textContent.includes('size')");
        page.screenshot(shots.resolve("quarantine.png"));
        assertEquals(List.of(), axe.serious(page));
        page.click(PARKED + " button[data-decision='discard']");
        page.await("it asks for the number", "document.getElementById('decide').open && document.getElementById('count').required && document.getElementById('count').pattern === '1'");
        page.type("reason", "the page's test");
        page.type("count", "2");
        page.click("#decide-yes");
        assertEquals("true", page.eval("document.getElementById('decide').open"), "another number than that of the records");
        page.click("#decide button[value='no']");
        page.click(PARKED + " button[data-decision='accept-replay']");
        page.await("it asks", "document.getElementById('decide').open");
        assertEquals(List.of(), axe.serious(page));
        page.click("#decide button[value='no']");
        decide("accept-replay");
        page.await("it flows again", "!document.getElementById('parked-count').textContent.includes('parked')");
        page.go("about:blank");
        page.go(stack.address(Stage.CONSOLE) + "/#section=quarantine&table=demo.public.dashboard_list");
        page.await("a link that is too late says so", "document.getElementById('quarantine-state').textContent === 'No table is parked. demo.public.dashboard_list is not among them.'");
        stack.settled().await().forEach(comparison -> assertTrue(comparison.agrees(), comparison::describe));
    }

    @Test
    void whatCanBeDecidedAboutATableIsOfferedAndNothingElse() {
        assertEquals("accept-replay,replay,reread,discard", offered("{state: 'parked', missing: 0, cause: {reason: 'schema-refused'}}"));
        assertEquals("accept,reread,discard-missing,discard", offered("{state: 'parked', missing: 3, cause: {reason: 'schema-refused'}}"));
        assertEquals("accept,discard-refused,replay,discard", offered("{state: 'parked', missing: 0, cause: {reason: 'takes-too-much'}}"));
        assertEquals("accept,replay,discard", offered("{state: 'parked', missing: 0, cause: {reason: 'row-rule'}}"));
        assertEquals("replay,discard", offered("{state: 'parked', missing: 0, cause: {reason: 'held'}}"));
        assertEquals("hold", offered("{state: 'replaying', missing: 0, cause: {reason: 'schema-refused'}}"));
        assertEquals("", offered("{state: 'flowing', missing: 0, cause: null}"));
        assertEquals("No table is parked. 2 are being replayed. 1 flows, and copies of its records are still to be deleted.", page.eval("import('./console/quarantine.js').then(m => m.states(['replaying', 'flowing', 'replaying'].map(state => ({ state }))))"));
    }

    private String offered(String table) {
        return page.eval("import('./console/quarantine.js').then(m => m.decisions(" + table + ").join())");
    }

    @Test
    void parkedRecordsThatAreGoneAreToldAndGivenUpFromThePage() throws Exception {
        page.type("token", Files.readString(stack.stack().token()).strip());
        try (var connection = stack.connect(); var statement = connection.createStatement()) {
            statement.execute("ALTER TABLE public.dashboard_list ADD COLUMN weight integer NOT NULL DEFAULT 0");
            statement.execute("UPDATE public.dashboard_list SET name = name || '?' WHERE id = (SELECT min(id) FROM public.dashboard_list)");
        }
        page.await("the badge says so", "document.getElementById('parked-count').textContent.includes('1 parked')");
        new RawTopics(stack).deleteAll(Topics.quarantine("demo", new TableName("public", "dashboard_list")));
        page.click("#tab-quarantine");
        page.await("what is missing is told", "document.querySelector(\"" + PARKED + "\")?.textContent.includes('1 record is gone though nobody discarded them: partition ')");
        assertEquals("accept,reread,discard-missing,discard", page.eval("[...document.querySelectorAll(\"" + PARKED + " button\")].map(b => b.dataset.decision).join()"), "no replay, which the gate refuses");
        inBothSchemes("quarantine-missing");
        decide("accept");
        page.await("the schema is accepted", "document.getElementById('quarantine-state').textContent.startsWith('The schema is registered')");
        page.click(PARKED + " button[data-decision='discard-missing']");
        page.await("it asks for the number", "document.getElementById('decide').open && document.getElementById('count').pattern === '1'");
        page.type("reason", "the page's test");
        page.type("count", "1");
        page.click("#decide-yes");
        page.await("it flows again", "!document.getElementById('parked-count').textContent.includes('parked')");
        try (var connection = stack.connect(); var statement = connection.createStatement()) {
            // What was given up is brought by the next change of the row.
            statement.execute("UPDATE public.dashboard_list SET name = name || '!' WHERE id = (SELECT min(id) FROM public.dashboard_list)");
        }
        stack.settled().await().forEach(comparison -> assertTrue(comparison.agrees(), comparison::describe));
    }

    @Test
    void aDecisionThatIsRefusedShowsTheTableAsItIs() throws Exception {
        page.type("token", Files.readString(stack.stack().token()).strip());
        try (var connection = stack.connect(); var statement = connection.createStatement()) {
            statement.execute("ALTER TABLE public.dashboard_list ADD COLUMN height integer NOT NULL DEFAULT 0");
            statement.execute("UPDATE public.dashboard_list SET name = name || '1' WHERE id = (SELECT min(id) FROM public.dashboard_list)");
        }
        page.await("the badge says so", "document.getElementById('parked-count').textContent.includes('1 parked')");
        page.click("#tab-quarantine");
        page.await("one record is offered", "document.querySelector(\"" + PARKED + "\")?.textContent.includes('1 record,')");
        try (var connection = stack.connect(); var statement = connection.createStatement()) {
            statement.execute("UPDATE public.dashboard_list SET name = name || '2' WHERE id = (SELECT min(id) FROM public.dashboard_list)");
        }
        Awaitility.await("two wait").atMost(Duration.ofSeconds(60)).until(() -> new RawTopics(stack).read(Topics.quarantine("demo", new TableName("public", "dashboard_list"))).size(), n -> n >= 2);
        var gate = "fetch('api/quarantine/demo.public.dashboard_list/replay', { method: 'POST', headers: { 'Content-Type': 'application/json', Authorization: 'Bearer ' + document.getElementById('token').value }, body: JSON.stringify({ reason: 'meanwhile' }) }).then(a => a.status)";
        assertEquals("200", page.eval(gate.replace("/replay", "/accept")));
        assertEquals("200", page.eval(gate), "somebody else decides");
        stack.settled().await();
        decide("replay");
        page.await("it is refused, and the table is not offered any more", "document.getElementById('quarantine-state').classList.contains('error') && document.getElementById('quarantine-state').textContent.includes('is not parked') && !document.querySelector(\"" + PARKED + "[data-table]\")");
    }

    private void decide(String decision) throws IOException {
        page.click(PARKED + " button[data-decision='" + decision + "']");
        page.await("it asks", "document.getElementById('decide').open");
        page.type("reason", "the page's test");
        page.click("#decide-yes");
    }

    @Test
    void aRefusedDocumentIsFoundReplayedAndDiscardedFromThePage() throws Exception {
        page.type("token", Files.readString(stack.stack().token()).strip());
        new RefusedDocument("dashboards", "<b>refused").standIn(stack);
        new RefusedDocument("dashboards", "refused for good").standIn(stack);
        page.await("the picture says so and leads there", "(document.querySelector('#waits [data-refused=dashboards] a')?.click(), location.hash === '#section=quarantine&pipeline=dashboards')");
        page.await("both are listed", "document.querySelectorAll('#refused tbody tr').length === 2 && document.getElementById('refused-state').textContent === '2 documents stand in quarantine.'");
        page.await("the badge says so", "/[0-9]+ refused/.test(document.getElementById('parked-count').textContent)");
        page.click("#refused button[aria-label='Show <b>refused']");
        page.await("what is in it", "document.getElementById('refused-one-document').textContent.includes('{\"name\":\"refused\"}')");
        inBothSchemes("refused");
        page.click("#refused a[href='#section=document&pipeline=dashboards&id=%3Cb%3Erefused']");
        page.await("the document's page says it too", "document.getElementById('stands').textContent.includes('dashboards-000001 refused version 1 of it')");
        page.click("#stands button[data-decision='replay']");
        page.await("it asks", "document.getElementById('decide').open && document.getElementById('decide-title').textContent === 'Replay <b>refused of dashboards?'");
        page.type("reason", "the page's test");
        page.click("#decide-yes");
        page.await("it is replayed", "document.getElementById('document-state').textContent === '1 document is sent again within some seconds.'");
        page.await("it stands there no more", "(document.getElementById('tab-quarantine').click(), document.querySelectorAll('#refused tbody tr').length === 1)");
        page.click("#refused button[aria-label='Discard refused for good']");
        page.await("it asks for the number", "document.getElementById('decide').open && document.getElementById('count').pattern === '1'");
        page.type("reason", "the page's test");
        page.type("count", "1");
        page.click("#decide-yes");
        page.await("none is left", "document.getElementById('refused-state').textContent === '1 document is given up.' && !document.querySelector('#refused tr')");
        page.click("#tab-flow");
        page.await("the picture says it no more", "document.querySelectorAll('#picture .node').length === 6 && !document.querySelector('#waits [data-refused=dashboards]')");
    }

    @Test
    void anotherIndexIsBuiltHeldServedGoneBackFromAndRetiredFromThePage() throws Exception {
        stack.settled().await();
        page.type("token", Files.readString(stack.stack().token()).strip());
        page.eval("(location.hash = '#section=pipelines&pipeline=dashboards', 1)");
        var serves = "[...document.querySelectorAll('#indexes tbody tr')].find(r => r.cells[2].textContent === 'serving')?.cells[0].textContent";
        page.await("the one that serves is told", serves + " !== undefined");
        var first = page.eval(serves);
        assertEquals("0", page.eval("document.querySelectorAll('#indexes tbody button').length"), "nothing can be done to what serves");
        page.click("#rebuild-held");
        page.await("it asks", "document.getElementById('decide').open && document.getElementById('decide-text').textContent.includes('only when somebody has it serve here')");
        page.click("#decide-yes");
        page.await("it is built and held", "document.getElementById('generations-state').textContent.endsWith(' is being built, and held.') && " + row("held"));
        var second = page.eval("document.getElementById('generations-state').textContent.split(' ')[0]");
        page.await("it has all", "[...document.querySelectorAll('#indexes tbody tr')].some(r => r.cells[2].textContent.startsWith('held') && r.cells[5].textContent === '0')");
        inBothSchemes("indexes");
        page.click("#indexes button[aria-label='Have it serve: " + second + "']");
        page.await("it shows how the two compare", "document.getElementById('decide').open && / of [0-9,]+ that were compared 0 differ\\. /.test(document.getElementById('decide-text').textContent)");
        page.click("#decide-yes");
        page.await("it serves", serves + " === '" + second + "'");
        page.click("#indexes button[aria-label='Go back to " + first + "']");
        page.await("so it does for the way back", "document.getElementById('decide').open && document.getElementById('decide-title').textContent === 'Have " + first + " serve?'");
        page.click("#decide-yes");
        page.await("the first serves again", serves + " === '" + first + "'");
        page.click("#indexes button[aria-label='Retire " + second + "']");
        page.await("it asks for the name", "document.getElementById('decide').open && document.getElementById('count').required");
        page.type("count", first);
        page.click("#decide-yes");
        assertEquals("true", page.eval("document.getElementById('decide').open"), "another name than that of the index");
        page.type("count", second);
        page.click("#decide-yes");
        page.await("it is gone", "document.getElementById('generations-state').textContent === '" + second + " is deleted.' && document.querySelectorAll('#indexes tbody tr').length === 1");
        assertEquals(List.of(), page.complaints());
        stack.settled().await().forEach(comparison -> assertTrue(comparison.agrees(), comparison::describe));
    }

    private static String row(String state) {
        return "[...document.querySelectorAll('#indexes tbody tr')].some(r => r.cells[2].textContent.startsWith('" + state + "'))";
    }

    @Test
    void theManagePageIsAnsweredTwiceWhileRowsChangeAndTheSameWayWhenTheyRest() throws Exception {
        stack.settled().await();
        page.click("#tab-manage");
        page.type("m-organisation", "");
        page.type("m-users", "1");
        page.type("m-text", "checkout");
        try (var traffic = BackgroundTraffic.start(stack, 502, 100)) {
            page.eval("(document.getElementById('m-again').click(), 1)");
            page.await("both answer with their times", "[...document.querySelectorAll('#manage .millis')].filter(m => /^[0-9,]+ ms$/.test(m.textContent)).length === 2");
            var before = rows("side-index");
            page.await("the index's rows move with the traffic", "[...document.querySelectorAll('#side-index tbody tr')].map(r => r.textContent).join('|') !== " + JSON.writeValueAsString(before));
            inBothSchemes("manage");
            page.eval("(document.getElementById('m-again').click(), 1)");
            traffic.stop();
        }
        stack.settled().await();
        page.click("#ask button");
        page.await("the same rows", "document.getElementById('manage-state').textContent === 'The same rows.'");
        assertEquals(rows("side-postgres"), rows("side-index"));
        assertNotEquals("", rows("side-index"));
        assertEquals("#section=manage&text=checkout&users=1", page.eval("location.hash"));
        page.click("#prepared button:nth-child(3)");
        page.await("a prepared question is asked and judged", "location.hash === '#section=manage&organisation=1&status=alert' && [...document.querySelectorAll('#side-index tbody tr')].every(r => r.cells[2].textContent === 'alert')"
                + " && /(No difference that anyone sees|Postgres is [0-9.,]+ times as fast|The index is [0-9.,]+ times as fast) for 8 users at once\\. Half of them wait .* In 2 s Postgres gives [0-9,]+ answers?, the index [0-9,]+\\. /.test(document.getElementById('verdict').textContent)");
        back();
        page.await("the way back asks again", "document.getElementById('m-text').value === 'checkout' && document.getElementById('manage-state').textContent === 'The same rows.'");
        assertEquals(rows("side-postgres"), rows("side-index"));
        assertEquals(List.of(), page.complaints());
    }

    @Test
    void theManagePageIsAskedBySeveralUsersWithNoMoreConnectionsThanUsersAndItsAddressIsKept() throws Exception {
        stack.settled().await();
        var judged = "document.getElementById('manage-state').textContent === 'The same rows.' && document.querySelector('#verdict strong')?.textContent.endsWith(' for 8 users at once.')";
        page.click("#tab-manage");
        page.await("a word in one organisation is asked for on opening, by 8 users", "location.hash === '#section=manage&text=runbook&organisation=1' && " + judged);
        page.click("#prepared button:nth-child(3)");
        page.eval("(fetch('api/manage?organisation=1&text=latency&users=8').then(answer => { window.beside = answer.status; }), 1)");
        var connections = new ArrayList<Integer>();
        Awaitility.await("both questions are answered").atMost(Duration.ofMinutes(1)).pollInterval(Duration.ofMillis(50)).until(() -> {
            connections.add(consoleConnections());
            return page.eval("window.beside === 200 && location.hash.endsWith('&status=alert') && " + judged).equals("true");
        });
        assertEquals(8, connections.stream().max(Integer::compare).orElseThrow(), connections::toString);
        assertEquals(rows("side-postgres"), rows("side-index"));
        page.click("#side-index button[data-facet='type']");
        page.await("a count is a filter", "/^#section=manage&organisation=1&status=alert&type=[a-z]+$/.test(location.hash) && [...document.querySelectorAll('#side-index tbody tr')].every(r => r.cells[3].textContent === document.getElementById('m-type').value)");
        var type = page.eval("document.getElementById('m-type').value");
        page.type("m-users", "1");
        var one = "document.querySelector('#verdict strong')?.textContent.endsWith(' for one user.')";
        page.await("one user", "location.hash.endsWith('&users=1') && " + one);
        page.eval("(location.reload(), 1)");
        page.await("the address asks the same again", "document.getElementById('m-users')?.value === '1' && document.getElementById('m-status').value === 'alert' && document.getElementById('m-type').value === '" + type + "' && " + one);
        page.click("#side-index button[aria-pressed='true'][data-facet='type']");
        page.await("and is taken back", "document.getElementById('m-type').value === '' && " + one);
        assertEquals(List.of(), page.complaints());
    }

    @Test
    void whoWinsIsToldWithTheReasonAndANumberWithTheWordThatFits() {
        assertEquals("The index is 8 times as fast|Postgres looks for each word", judged("{text: 'a', page: '1'}, 400, 50, {users: 8}, 900"));
        assertEquals("The index is 1.5 times as fast|Postgres sorts all that matc", judged("{text: '', page: '7'}, 150, 100, null, 900"));
        assertEquals("Postgres is 42 times as fast|Few match, and Postgres read", judged("{text: '', page: '1'}, 10, 422, null, 12"));
        assertEquals("Postgres is 5 times as fast|Tables of this size fit into", judged("{text: '', page: '1'}, 50, 250, {users: 8}, 7000"));
        assertEquals("No difference that anyone sees|What is asked for is little ", judged("{text: '', page: '1'}, 3, 9, null, 12"));
        assertEquals("No difference that anyone sees|It is as much work for both,", judged("{text: '', page: '300'}, 177, 150, {users: 8}, 7000"));
        assertEquals("The index alone answers|Postgres joins and counts wh", judged("{text: '', page: '1'}, Infinity, 9, {users: 8}, 12"));
        assertEquals("Neither answers|The reason is below.", judged("{text: '', page: '1'}, Infinity, Infinity, {users: 8}, 12"));
        assertEquals("0 tables, 1 table, 1,200 tables, – indexes", page.eval("import('./console/page.js').then(p => [p.counted(0, 'table'), p.counted(1, 'table'), p.counted(1200, 'table'), p.counted(null, 'index', 'indexes')].join(', '))"));
    }

    private String judged(String arguments) {
        return page.eval("import('./console/manage.js').then(m => m.judged(" + arguments + ")).then(([who, why]) => who + '|' + why.slice(0, 28))");
    }

    private int consoleConnections() throws SQLException {
        try (var connection = stack.connect(); var statement = connection.createStatement(); var row = statement.executeQuery("SELECT count(*) FROM pg_stat_activity WHERE application_name = 'millrace console'")) {
            row.next();
            return row.getInt(1);
        }
    }

    @Test
    void aDocumentIsFoundAndShownBesideItsSqlJoinWithTheWayOfItsLastChange() throws Exception {
        var needle = "needle" + System.nanoTime();
        var hostile = "<img src=x onerror=\"document.title='taken'\"> " + needle;
        String id;
        try (var connection = stack.connect(); var update = connection.prepareStatement("UPDATE public.monitor SET name = ? WHERE id = (SELECT min(id) FROM public.monitor) RETURNING id::text")) {
            update.setString(1, hostile);
            try (var row = update.executeQuery()) {
                row.next();
                id = row.getString(1);
            }
        }
        stack.settled().await();
        page.click("#tab-document");
        page.type("pipeline", "monitors");
        page.type("words", needle);
        page.await("a search finds it", "(document.querySelector('#find button').click(), document.querySelectorAll('#hits button').length === 1)");
        assertTrue(page.eval("document.querySelector('#hits button').textContent").contains("<img src=x onerror="), "its name as text");
        page.click("#hits button");
        page.await("both sides agree", "document.getElementById('difference-title').textContent === 'The index and Postgres agree'");
        assertEquals(id, page.eval("document.getElementById('id').value"));
        assertTrue(page.eval("document.getElementById('in-index').textContent").contains(needle));
        assertTrue(page.eval("document.getElementById('in-postgres').textContent").contains(needle));
        assertEquals("postgres,capture,gate,join,index,index,search", page.eval("[...document.querySelectorAll('#waterfall li > span:first-child')].map(s => s.textContent.split(':')[0]).join()"));
        assertEquals("–", page.eval("document.querySelector('#waterfall li > span:nth-child(2)').textContent"), "nobody knows when the first step began");
        assertEquals("true", page.eval("/, version [0-9]+ \\(log position [0-9A-F]+\\/[0-9A-F]+\\), committed [0-9-]+ [0-9:]+, in the index since [0-9-]+ [0-9:]+/.test(document.getElementById('document-state').textContent)"), "what the version is, and of when");
        inBothSchemes("document");
        assertEquals("0", page.eval("document.images.length"));
        assertNotEquals("taken", page.eval("document.title"));
        assertEquals(List.of(), page.complaints());
    }

    @Test
    void onePipelineIsShownWithAllThatIsKnownOfItAndWhatAPersonCanDo() throws Exception {
        stack.settled().await();
        page.type("token", Files.readString(stack.stack().token()).strip());
        page.click("#tab-pipelines");
        page.await("all of them", "document.querySelectorAll('#all-pipelines tbody tr').length === 2");
        pipelinesAreFoundAndSorted();
        page.click("#all-pipelines a[href='#section=pipelines&pipeline=monitors']");
        page.await("its tables and its indexes", "document.querySelectorAll('#tables tbody tr').length === 7 && document.querySelectorAll('#indexes tbody tr').length > 0");
        assertEquals("#section=pipelines&pipeline=monitors", page.eval("location.hash"));
        // On a busy machine it is slow, behind the test of a migration capture waits, and behind that of an erasure the join has set something aside; all is told.
        assertEquals("", page.eval("[...document.querySelectorAll('#needs li')].map(n => n.textContent).filter(t => !/^(All stages are up|It is slow: |Capture is not up|[0-9]+ documents? w)/.test(t)).join()"));
        assertEquals("team.lead, author, recipients.user", page.eval("[...document.querySelectorAll('#tables tbody tr')].find(r => r.cells[0].textContent === 'public.app_user').cells[2].textContent"));
        assertTrue(page.eval("document.getElementById('shape').textContent").contains("tags many of public.tag where id = monitor_id of public.monitor_tag, tag_id = id"));
        page.await("its curve is drawn", "document.querySelectorAll('#pipeline-latency canvas').length === 1");
        assertEquals("none, documents leave with their rows", page.eval("[...document.querySelectorAll('#facts div')].find(f => f.firstChild.textContent === 'Retention').lastChild.textContent"));
        inBothSchemes("pipeline");
        page.eval("([...document.querySelectorAll('#ways a')].find(a => a.textContent === 'Find a document').click(), 1)");
        page.await("the way to a document of it, with the focus", "!document.getElementById('document').hidden && document.getElementById('pipeline').value === 'monitors' && document.activeElement.textContent === 'A document from all sides'");
        assertEquals(List.of(), page.complaints());
    }

    private void pipelinesAreFoundAndSorted() throws IOException {
        var names = "[...document.querySelectorAll('#all-pipelines tbody th')].map(c => c.textContent).join()";
        page.click("#all-pipelines thead th:first-child button");
        assertEquals("dashboards,monitors ascending head", page.eval(names + " + ' ' + document.querySelector('#all-pipelines thead th').getAttribute('aria-sort') + ' ' + document.activeElement.className"));
        page.click("#all-pipelines thead th:first-child button");
        assertEquals("monitors,dashboards", page.eval(names));
        page.type("find-pipeline", "DASHBOARD_LIST");
        page.await("one has such a table", names + " === 'dashboards' && document.getElementById('pipelines-state').textContent === '1 of 2 pipelines'");
        assertEquals("#section=pipelines&find=DASHBOARD_LIST", page.eval("location.hash"));
        page.type("find-pipeline", "");
        page.await("both again", names + " === 'monitors,dashboards'");
    }

    @Test
    void theVersionsOfATableAndWhoTakesItsColumnsAreShown() throws Exception {
        page.type("token", Files.readString(stack.stack().token()).strip());
        page.click("#tab-schemas");
        page.await("the tables are there", "document.querySelectorAll('#table option').length > 5");
        page.type("find-table", "MONITOR_TAG");
        assertEquals("demo.public.monitor_tag", page.eval("[...document.querySelectorAll('#table option')].map(o => o.value).join()"));
        page.type("find-table", "");
        page.type("table", "demo.public.monitor");
        page.click("#schema button");
        page.await("its columns", "!document.getElementById('schema-view').hidden");
        assertTrue(page.eval("[...document.querySelectorAll('#columns tbody tr')].find(r => r.cells[0].textContent === 'name').cells[2].textContent").contains("monitors: name"));
        assertEquals("true", page.eval("document.querySelectorAll('#versions > li').length >= 1"));
        page.await("what the gate cannot do is not offered, and said", "document.getElementById('check').hidden && document.getElementById('check-state').textContent.startsWith('This gate has no scratch database')");
        inBothSchemes("schemas");
        assertEquals(List.of(), page.complaints());
    }

    @Test
    void aDocumentIsErasedAndAnIndexVerifiedFromThePage() throws Exception {
        stack.settled().await();
        page.type("token", Files.readString(stack.stack().token()).strip());
        var never = "<b>never " + System.nanoTime();
        page.click("#tab-document");
        page.type("pipeline", "monitors");
        page.type("id", never);
        page.click("#erase-document");
        page.await("it asks, and for the number", "document.getElementById('decide').open && document.getElementById('decide-yes').classList.contains('danger') && document.querySelector('#count-line label').textContent === 'Type the number of documents that leave'");
        page.type("reason", "the page's test");
        page.click("#decide-yes");
        assertEquals("true", page.eval("document.getElementById('decide').open"), "the number is missing");
        page.type("count", "1");
        page.click("#decide-yes");
        page.await("it is asked for", "document.getElementById('document-state').textContent.includes('is requested')");
        page.click("#tab-purge");
        page.await("it is listed", "document.getElementById('erasures').textContent.includes(" + JSON.writeValueAsString(never) + ")");
        assertEquals("true", page.eval("document.getElementById('forget').hidden && !document.getElementById('no-subjects').hidden"), "the demo names no subject");
        page.type("verify-pipeline", "dashboards");
        page.click("#verify button");
        page.await("it agrees", "document.querySelector('#verifications tbody tr')?.textContent.includes('dashboardsagrees')");
        inBothSchemes("purge");
        page.type("erasure-state", "ended");
        page.await("a filter is in the address", "location.hash === '#section=purge&pipeline=dashboards&state=ended' && !document.getElementById('erasures').textContent.includes(" + JSON.writeValueAsString(never) + ")");
        assertEquals(List.of(), page.complaints());
        page.type("token", "");
        page.await("who has no token sees nothing of it any more", "!document.getElementById('erasures').textContent && !document.getElementById('verifications').textContent && document.getElementById('erasures-state').textContent.startsWith('No token is given')");
    }

    @Test
    void aDifferenceBetweenTheIndexAndPostgresIsMarked() throws Exception {
        stack.settled().await();
        var id = "2";
        var document = JSON.readTree(stack.index().get("monitors", id));
        stack.index().ask("POST", "/monitors/_update_by_query?refresh=true", """
                {"query": {"ids": {"values": ["%s"]}}, "script": {"source": "ctx._source.name = 'another'"}}""".formatted(id));
        page.click("#tab-document");
        page.type("pipeline", "monitors");
        page.type("id", id);
        page.click("#open button");
        page.await("one place differs", "document.getElementById('difference-title').textContent === 'The index and Postgres differ in 1 place'");
        var difference = page.eval("document.getElementById('differences').textContent");
        assertTrue(difference.contains("name") && difference.contains("another") && difference.contains(document.get("name").asText()), difference);
        assertEquals("  \"name\" : \"another\",", page.eval("[...document.querySelectorAll('#in-index mark')].map(m => m.textContent).join('')").stripTrailing(), "the line is marked");
        assertEquals("1", page.eval("document.querySelectorAll('#in-postgres mark').length"));
        page.screenshot(shots.resolve("difference.png"));
        try (var connection = stack.connect(); var statement = connection.createStatement()) {
            statement.executeUpdate("UPDATE public.monitor SET modified = now() WHERE id = " + id);
        }
        stack.settled().await().forEach(comparison -> assertTrue(comparison.agrees(), comparison::describe));
    }

    @Test
    void anAddressLeadsWhereItWasAndTenTabsAreLiveAtOnce() throws Exception {
        stack.settled().await();
        var console = stack.address(Stage.CONSOLE).toString();
        page.type("flow-pipeline", "dashboards");
        page.type("range", "7200");
        page.click("#tab-document");
        page.type("pipeline", "monitors");
        page.type("id", "2");
        page.click("#open button");
        page.await("the document is there", "!document.getElementById('document-view').hidden");
        var address = page.eval("location.hash");
        assertEquals("#section=document&pipeline=monitors&id=2", address);
        back();
        page.await("back to the section without a document", "!document.getElementById('document').hidden && document.getElementById('document-view').hidden");
        back();
        page.await("back to the curves", "!document.getElementById('flow').hidden && document.getElementById('flow-pipeline').value === 'dashboards'");
        page.go("about:blank");
        page.go(console + "/" + address);
        page.await("the address opens the document", "!document.getElementById('document-view').hidden && document.getElementById('id').value === '2'");
        assertEquals(address, page.eval("location.hash"));
        back();
        page.await("the way back leads out", "location.href === 'about:blank'");
        page.go(console);
        page.await("the figures are live", "document.querySelectorAll('#picture .node').length === 6");
        assertEquals("dashboards 7200", page.eval("document.getElementById('flow-pipeline').value + ' ' + document.getElementById('range').value"), "kept over a reload");
        page.type("token", Files.readString(stack.stack().token()).strip());
        var live = "document.getElementById('live-state').textContent.startsWith('Live, ')";
        var pages = new ArrayList<Browser>();
        try {
            for (int i = 0; i < 9; i++) {
                pages.add(page.another(console));
            }
            for (var one : pages) {
                one.await("it is live beside the others", live);
                one.await("it has the token that another tab was given", "document.getElementById('token-state').textContent === 'taken'");
            }
        } finally {
            pages.forEach(Browser::close);
        }
        page.await("the first one too", live);
    }

    @Test
    void aLinkToAPipelineThatIsNotThereShowsNoOtherOne() throws IOException {
        var console = stack.address(Stage.CONSOLE).toString();
        page.click("#tab-document");
        page.type("pipeline", "dashboards");
        for (var place : List.of("document&pipeline=monitors-1&id=7", "pipelines&pipeline=monitors-1", "flow&pipeline=monitors-1&range=300", "purge&pipeline=monitors-1", "quarantine&pipeline=monitors-1")) {
            var section = place.replaceAll("&.*", "");
            page.go("about:blank");
            page.go(console + "/#section=" + place);
            page.await(place + " says so", "document.getElementById('lacks').textContent === 'There is no pipeline monitors-1; it may have another name now.'");
            assertEquals("true true #section=" + place, page.eval("document.getElementById('" + section + "').hidden + ' ' + (document.getElementById('tab-" + section + "').getAttribute('aria-selected') === 'true') + ' ' + location.hash"), "nothing of another one");
            assertEquals(List.of(), axe.serious(page), place);
        }
        page.click("#tab-document");
        page.await("the section itself is there", "!document.getElementById('document').hidden && !document.getElementById('lacks').textContent && document.getElementById('id').value === ''");
        page.type("token", Files.readString(stack.stack().token()).strip());
        page.eval("(location.hash = '#section=schemas&table=demo.public.nothing', 1)");
        page.await("nor is there another table", "document.getElementById('lacks').textContent === 'There is no table demo.public.nothing; it may have another name now.' && document.getElementById('schema-view').hidden");
    }

    @Test
    void aPipelineOfATableIsOfferedNothingThatCannotWork() throws Exception {
        var table = Files.readString(DemoStack.home().resolve("deploy/demo/pipelines/dashboards.yaml"));
        table = table.substring(0, table.indexOf("\nindex:") + 1).replace("\nname: dashboards", "\nname: kept\ntarget: postgres\nindex: {name: kept_view}");
        var folder = Files.createTempDirectory("millrace-console");
        try (var console = LoneConsole.over(stack, folder, Map.of("kept.yaml", table))) {
            page.go("about:blank");
            page.go(console.address());
            page.await("the figures are live", "document.querySelectorAll('#picture .node').length === 6");
            assertEquals("Database of tablesnot askedkept_view: a view", page.eval("document.querySelector('#picture .node:last-child').textContent"), "nobody asks it, so nobody says that it is up");
            assertEquals("0", page.eval("[...document.querySelectorAll('#picture .node')].filter(n => n.textContent.includes('OpenSearch')).length"));
            assertEquals("true true false kept", page.eval("['find', 'open', 'verify'].map(form => document.getElementById(form).hidden).join(' ') + ' ' + document.getElementById('verify-pipeline').value"), "nothing can be searched or opened, and the table is verified");
            page.eval("(location.hash = '#section=pipelines&pipeline=kept', 1)");
            page.await("its page", "document.querySelectorAll('#facts div').length > 5");
            assertEquals("Watch it,Verify it", page.eval("[...document.querySelectorAll('#ways a')].map(a => a.textContent).join()"));
            assertEquals("in a table, not counted here", page.eval("[...document.querySelectorAll('#facts div')].find(f => f.firstChild.textContent === 'Documents').lastChild.textContent"));
            page.eval("(location.hash = '#section=document&pipeline=kept&id=1', 1)");
            page.await("a link says where they are", "document.getElementById('document').hidden && document.getElementById('lacks').textContent.includes('ask the view kept_view there by SQL')");
            assertEquals(List.of(), axe.serious(page));
        } finally {
            DemoStack.delete(folder);
        }
    }

    @Test
    void aTabThatNobodySeesAsksForNothing() throws Exception {
        page.type("token", Files.readString(stack.stack().token()).strip());
        page.eval("(window.asked = [], window.fetch = (real => (path, ...more) => { asked.push(String(path)); return real(path, ...more); })(fetch), 1)");
        try (var connection = stack.connect(); var statement = connection.createStatement()) {
            connection.setAutoCommit(false);
            // A verification that reads it runs on for as long as the lock is held.
            statement.execute("LOCK TABLE public.dashboard IN ACCESS EXCLUSIVE MODE");
            page.click("#tab-purge");
            page.type("verify-pipeline", "dashboards");
            page.click("#verify button");
            page.await("it runs", "document.getElementById('verify-state').textContent === 'dashboards is being verified.'");
            asksOnlyWhileSeen("api/verifications");
            page.click("#tab-pipelines");
            asksOnlyWhileSeen("api/figures");
            page.click("#tab-manage");
            page.eval("(document.getElementById('m-again').checked || document.getElementById('m-again').click(), 1)");
            asksOnlyWhileSeen("api/manage");
            page.click("#tab-flow");
            asksOnlyWhileSeen("api/live");
            connection.rollback();
        }
        Awaitility.await("the verification ends").atMost(Duration.ofSeconds(60)).until(() -> page.eval("fetch('api/verifications', { headers: { Authorization: 'Bearer ' + document.getElementById('token').value } }).then(a => a.text())"), all -> !all.contains("\"running\""));
    }

    /** @param path what its section asks for again and again while one looks */
    private void asksOnlyWhileSeen(String path) throws IOException {
        page.eval("(asked.length = 0, 1)");
        page.await("it is asked again and again", "asked.filter(p => p.startsWith('" + path + "')).length >= 3");
        var other = page.another("about:blank");
        try {
            page.await("nobody sees it", "document.hidden");
            // What was asked before that may still be going on, and ask for more.
            Awaitility.await("it comes to rest").during(Duration.ofSeconds(6)).atMost(Duration.ofSeconds(60)).until(() -> page.eval("asked.splice(0).length"), "0"::equals);
        } finally {
            other.close();
            page.bringToFront();
        }
        page.await("it goes on when it is seen", "!document.hidden && asked.some(p => p.startsWith('" + path + "'))");
    }

    @Test
    void aFingerIsToldValuesAndNothingThatOnlyAMouseCanDo() throws Exception {
        page.await("a curve is drawn", "document.querySelectorAll('#throughput canvas').length === 1");
        assertEquals("block none", page.eval("['.by-mouse', '.by-touch'].map(c => getComputedStyle(document.querySelector(c)).display).join(' ')").replace("inline", "block"));
        page.size(390, 844);
        page.await("no mouse is spoken of", "['.by-mouse', '.by-touch'].map(c => getComputedStyle(document.querySelector(c)).display).join(' ').replace('inline', 'block') === 'none block'");
        var pointed = "new DOMMatrix(getComputedStyle(document.querySelector('#throughput .u-cursor-x')).transform).e / document.querySelector('#throughput .u-over').clientWidth";
        page.slide("#throughput .u-over", 0.9, 0.1);
        page.await("the cursor is where the finger was", "Math.abs(" + pointed + " - 0.1) < 0.05");
        assertEquals(List.of(), page.complaints());
    }

    /** Not at once: the page that is asked must still be there to answer. */
    private void back() {
        page.eval("(setTimeout(() => window.history.back(), 100), 1)");
    }

    private String rows(String side) {
        return page.eval("[...document.querySelectorAll('#" + side + " tbody tr')].map(r => r.textContent).join('|')");
    }

    private void inBothSchemes(String name) throws IOException {
        for (var scheme : List.of("light", "dark")) {
            page.type("scheme", scheme);
            page.screenshot(shots.resolve(name + "-" + scheme + ".png"));
            assertEquals(List.of(), axe.serious(page), scheme);
        }
    }

    @Test
    void theSectionsAreReachedByKeyboardAndEveryFieldHasALabel() {
        page.eval("(document.getElementById('tab-flow').focus(), 1)");
        page.press("ArrowRight");
        assertEquals("tab-pipelines", page.eval("document.activeElement.id"));
        assertEquals("false", page.eval("document.getElementById('pipelines').hidden"));
        page.press("End");
        assertEquals("tab-manage", page.eval("document.activeElement.id"));
        assertEquals("", page.eval("[...document.querySelectorAll('input, select, textarea')].filter(f => !f.labels.length).map(f => f.id).join()"), "fields without a label");
        assertEquals("status null", page.eval("document.getElementById('heard').getAttribute('role') + ' ' + document.getElementById('live-state').getAttribute('role')"), "what is read aloud is the states, not the clock");
        assertEquals("", page.eval("[...document.querySelectorAll('[aria-labelledby]')].filter(e => !document.getElementById(e.getAttribute('aria-labelledby'))).map(e => e.id).join()"));
    }
}
