package io.millrace.provisioner;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.millrace.local.Keyring;
import io.millrace.local.LocalServers;
import io.millrace.local.LocalUser;
import io.millrace.local.Ports;
import io.millrace.pipeline.http.HttpAccess;
import io.millrace.pipeline.http.Server;
import io.millrace.provisioner.search.SearchRoles;
import java.net.URI;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Roles in a search engine that has them, and in one that has not. */
class SearchRolesIT {

    private static final String READER = "/_plugins/_security/api/roles/millrace-reader-books";
    private static final Set<Integer> NONE = Set.of(404);

    @TempDir
    static Path folder;
    private static LocalServers secured;
    private static LocalServers open;
    private static HttpPlace search;

    @BeforeAll
    static void start() {
        secured = LocalServers.secured(folder.resolve("secured"), Ports.free(), List.of(new LocalUser("reader-books", false, false), new LocalUser("search-indexer", false, false)));
        open = LocalServers.in(folder.resolve("open"), Ports.free());
        secured.claim();
        open.claim();
        secured.search().launch();
        open.search().launch();
        secured.search().awaitReady();
        open.search().awaitReady();
        search = as(Keyring.ADMIN);
    }

    private static HttpPlace as(String user) {
        var url = URI.create(secured.searchUrl());
        var keyring = secured.keyring().orElseThrow();
        return new HttpPlace(url, HttpAccess.of(Server.SEARCH, url, Map.of("ca-file", keyring.authority().toString(), "user", user, "password-file", keyring.passwordFile(user).toString())));
    }

    @AfterAll
    static void stop() {
        secured.stop();
        open.stop();
    }

    @Test
    void rolesAreMadeOnceChangedBackAndTakenAway() {
        var roles = new SearchRoles(search, List.of("books"), _ -> false);
        var planned = assertInstanceOf(Check.Needed.class, roles.check());
        assertEquals(4, planned.actions().size(), planned::toString);
        roles.apply();
        assertInstanceOf(Check.Done.class, roles.check());

        search.call("PUT", "/books-000001", "{\"aliases\":{\"books\":{}}}", Set.of(), "");
        search.call("PUT", "/films-000001", "{\"aliases\":{\"films\":{}}}", Set.of(), "");
        var reader = as("reader-books");
        assertEquals(200, reader.call("GET", "/books/_search", null, Set.of(), "").statusCode());
        for (var refused : List.of("/films/_search", "/_search", "/_cat/indices")) {
            assertEquals(403, reader.call("GET", refused, null, Set.of(403), "").statusCode(), refused);
        }
        assertEquals(403, reader.call("PUT", "/books/_doc/1", "{}", Set.of(403), "").statusCode());

        search.call("PUT", READER, "{\"description\":\"made by millrace\",\"cluster_permissions\":[\"*\"]}", Set.of(), "");
        assertEquals(1, assertInstanceOf(Check.Needed.class, roles.check()).actions().size(), "one was changed by hand");
        roles.apply();
        assertInstanceOf(Check.Done.class, roles.check());

        assertTrue(assertInstanceOf(Check.Needed.class, roles.removal()).actions().contains("DELETE " + search + READER));
        roles.remove();
        assertEquals(404, search.call("GET", READER, null, NONE, "").statusCode());
        assertInstanceOf(Check.Done.class, roles.removal());
    }

    @Test
    void theServicesKeepTheIndexesOfFilesThatThisRunWasNotGiven() {
        var lent = new SearchRoles(search, List.of("lent"), _ -> false);
        var returned = new SearchRoles(search, List.of("returned"), _ -> false);
        lent.apply();
        returned.apply();
        var indexer = as("search-indexer");
        for (var index : List.of("/lent-000001", "/returned-000001")) {
            assertEquals(200, indexer.call("PUT", index, "{}", Set.of(403), "").statusCode(), index);
        }
        assertInstanceOf(Check.Done.class, lent.check());

        returned.remove();
        assertEquals(403, indexer.call("PUT", "/returned-000002", "{}", Set.of(403), "").statusCode());
        assertEquals(200, indexer.call("PUT", "/lent-000002", "{}", Set.of(403), "").statusCode());
        assertInstanceOf(Check.Done.class, returned.removal());
        lent.remove();
        assertInstanceOf(Check.Done.class, lent.removal());
    }

    @Test
    void generationsThatWereOnceWrittenOtherwiseAreKeptAndTakenAwayAsTheyAreWrittenNow() {
        var role = "/_plugins/_security/api/roles/millrace-purge-service";
        search.call("PUT", role, "{\"description\":\"made by millrace\",\"index_permissions\":[{\"index_patterns\":[\"worn\",\"worn-??????\"],\"allowed_actions\":[\"indices:data/read/get\"]}]}", Set.of(), "");
        var torn = new SearchRoles(search, List.of("torn"), _ -> false);
        torn.apply();
        var kept = search.call("GET", role, null, Set.of(), "").body();
        assertTrue(kept.contains("\"worn-00????\"") && !kept.contains("worn-??????"), kept);
        new SearchRoles(search, List.of("worn"), _ -> false).remove();
        torn.remove();
        assertEquals(404, search.call("GET", role, null, NONE, "").statusCode());
    }

    @Test
    void whoMayNotReadRolesIsToldThatNoneAreMade() {
        var roles = new SearchRoles(as("reader-books"), List.of("books"), _ -> false);
        assertTrue(assertInstanceOf(Check.Advised.class, roles.check()).advice().getFirst().contains("may not read its roles (403), so no role is made"));
        assertInstanceOf(Check.Advised.class, roles.removal());
    }

    @Test
    void aRoleOfSomebodyElseIsLeftAlone() {
        search.call("PUT", "/_plugins/_security/api/roles/millrace-reader-songs", "{\"description\":\"ours\"}", Set.of(), "");
        var refused = assertInstanceOf(Check.Refused.class, new SearchRoles(search, List.of("songs"), _ -> false).check());
        assertTrue(refused.toString().contains("millrace-reader-songs") && refused.toString().contains("somebody else's"), refused::toString);
    }

    @Test
    void anEngineWithoutThePluginNeedsNone() {
        var url = URI.create(open.searchUrl());
        var roles = new SearchRoles(new HttpPlace(url, HttpAccess.of(Server.SEARCH, url, Map.of())), List.of("books"), _ -> false);
        assertInstanceOf(Check.Done.class, roles.check());
        assertInstanceOf(Check.Done.class, roles.removal());
    }
}
