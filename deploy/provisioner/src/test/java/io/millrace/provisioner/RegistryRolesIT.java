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
import io.millrace.provisioner.registry.RegistryRoles;
import java.net.URI;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Roles in a registry that keeps them itself, and in one that knows nobody. */
class RegistryRolesIT {

    private static final String SCHEMA = """
            {"artifactId": "a-value", "artifactType": "AVRO", "firstVersion": {"content": {"contentType": "application/json",
             "content": "{\\"type\\":\\"record\\",\\"name\\":\\"a\\",\\"fields\\":[]}"}}}""";
    private static final String ARTIFACTS = "/groups/default/artifacts";
    private static final String GATE = "gate";
    private static final String INDEXER = "indexer";
    private static final Map<String, String> PRINCIPALS = Map.of("schema-registry-gate", GATE, "search-indexer", INDEXER);
    private static final Set<Integer> REFUSED = Set.of(403);

    @TempDir
    static Path folder;
    private static LocalServers secured;
    private static LocalServers open;
    private static HttpPlace registry;

    @BeforeAll
    static void start() {
        secured = LocalServers.secured(folder.resolve("secured"), Ports.free(), List.of(new LocalUser(GATE, false, true), new LocalUser(INDEXER, false, true)));
        open = LocalServers.in(folder.resolve("open"), Ports.free());
        for (var servers : List.of(secured, open)) {
            servers.claim();
            servers.postgres().start();
            servers.registry().launch();
        }
        secured.registry().awaitReady();
        open.registry().awaitReady();
        registry = as(Keyring.ADMIN);
    }

    private static HttpPlace as(String user) {
        var url = URI.create(secured.registryUrl());
        var keyring = secured.keyring().orElseThrow();
        return new HttpPlace(url, HttpAccess.of(Server.REGISTRY, url, Map.of("ca-file", keyring.authority().toString(), "user", user, "password-file", keyring.passwordFile(user).toString())));
    }

    @AfterAll
    static void stop() {
        secured.stop();
        open.stop();
    }

    private static int status(String user, String method, String path, String body) {
        return as(user).call(method, path, body, REFUSED, "").statusCode();
    }

    @Test
    void rolesAreGivenOnceChangedBackAndTakenAwayWithTheLastSource() {
        var roles = new RegistryRoles(registry, PRINCIPALS, Set::of);
        assertEquals(403, status(GATE, "POST", ARTIFACTS, SCHEMA));
        assertEquals(403, status(INDEXER, "GET", ARTIFACTS, null));
        var planned = assertInstanceOf(Check.Needed.class, roles.check());
        assertEquals(List.of("POST " + registry + "/admin/roleMappings {\"principalId\":\"gate\",\"principalName\":\"schema-registry-gate\",\"role\":\"DEVELOPER\"}",
                "POST " + registry + "/admin/roleMappings {\"principalId\":\"indexer\",\"principalName\":\"search-indexer\",\"role\":\"READ_ONLY\"}"), planned.actions());
        roles.apply();
        assertInstanceOf(Check.Done.class, roles.check());

        assertEquals(200, status(GATE, "POST", ARTIFACTS, SCHEMA));
        assertEquals(200, status(INDEXER, "GET", ARTIFACTS, null));
        assertEquals(403, status(INDEXER, "POST", ARTIFACTS, SCHEMA.replace("a-value", "b-value")));
        assertEquals(403, status(GATE, "POST", "/admin/roleMappings", "{\"principalId\":\"gate\",\"role\":\"ADMIN\"}"), "nobody gives roles to himself");

        registry.call("PUT", "/admin/roleMappings/" + INDEXER, "{\"role\":\"ADMIN\"}", Set.of(), "");
        assertEquals(List.of("PUT " + registry + "/admin/roleMappings/indexer {\"role\":\"READ_ONLY\"} (it is ADMIN)"), assertInstanceOf(Check.Needed.class, roles.check()).actions(), "one was changed by hand");
        roles.apply();
        assertInstanceOf(Check.Done.class, roles.check());
        assertEquals(403, status(INDEXER, "POST", ARTIFACTS, SCHEMA.replace("a-value", "b-value")));

        var shared = new RegistryRoles(registry, PRINCIPALS, () -> Set.of("another"));
        assertInstanceOf(Check.Done.class, shared.removal());
        assertTrue(shared.staying().getFirst().contains("another"), shared.staying()::toString);

        assertEquals(2, assertInstanceOf(Check.Needed.class, roles.removal()).actions().size());
        assertEquals(List.of(), roles.staying());
        roles.remove();
        assertInstanceOf(Check.Done.class, roles.removal());
        assertEquals(403, status(INDEXER, "GET", ARTIFACTS, null));
    }

    @Test
    void whoMayNotSeeRolesIsToldSoAndARegistryThatKeepsNoneIsNamed() {
        var refused = assertInstanceOf(Check.Refused.class, new RegistryRoles(as(GATE), PRINCIPALS, Set::of).check());
        assertTrue(refused.problems().getFirst().contains("does not tell its roles (403"), refused::toString);
        var url = URI.create(open.registryUrl());
        var none = assertInstanceOf(Check.Refused.class, new RegistryRoles(new HttpPlace(url, HttpAccess.of(Server.REGISTRY, url, Map.of())), PRINCIPALS, Set::of).check());
        assertTrue(none.problems().getFirst().contains("apicurio.auth.role-source=application"), none::toString);
    }

    @Test
    void aServiceThatHasNothingToDoWithTheRegistryIsRefused() {
        var refused = assertInstanceOf(Check.Refused.class, new RegistryRoles(registry, Map.of("purge-service", "purge"), Set::of).check());
        assertEquals(List.of("There is no service 'purge-service' that comes to the registry; known: capture-service, schema-registry-gate, denormalizer-service, search-indexer"), refused.problems());
    }
}
