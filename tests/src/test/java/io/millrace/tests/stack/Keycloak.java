package io.millrace.tests.stack;

import io.millrace.local.Ports;
import io.restassured.RestAssured;
import java.io.IOException;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Map;
import org.awaitility.Awaitility;

/** A real Keycloak with one realm: users who may change, who may look, and who may nothing, and a client that is the console. */
public final class Keycloak implements AutoCloseable {

    /** May change. */
    public static final String OPERATOR = "ann";
    /** May look. */
    public static final String READER = "ben";
    /** Is known, and has no role. */
    public static final String NOBODY = "cid";
    /** Of all of them. */
    public static final String PASSWORD = "a password of the test";
    public static final String CLIENT = "millrace-console";
    private static final String REALM = """
            {"realm": "millrace", "enabled": true, "accessTokenLifespan": 15, "sslRequired": "none",
             "roles": {"realm": [{"name": "millrace-operator"}, {"name": "millrace-reader"}]},
             "users": [%s, %s, %s],
             "clients": [{"clientId": "%s", "enabled": true, "publicClient": true, "standardFlowEnabled": true, "directAccessGrantsEnabled": false,
               "redirectUris": ["%s/*"], "attributes": {"pkce.code.challenge.method": "S256", "post.logout.redirect.uris": "+"}}]}
            """;
    private static final String USER = """
            {"username": "%s", "enabled": true, "email": "%1$s@example.com", "emailVerified": true, "firstName": "A", "lastName": "User", "credentials": [{"type": "password", "value": "%s"}], "realmRoles": [%s]}""";

    private final URI address;
    private final Process process;

    /** @param console to which a browser may be sent back */
    public Keycloak(URI console) throws IOException {
        var home = unpacked();
        // Of an earlier run, in which the console stood elsewhere.
        DemoStack.delete(home.resolve("data"));
        Files.writeString(Files.createDirectories(home.resolve("data").resolve("import")).resolve("millrace.json"), REALM.formatted(user(OPERATOR, "\"millrace-operator\""), user(READER, "\"millrace-reader\""), user(NOBODY, ""), CLIENT, console));
        int port = Ports.free(1).getFirst();
        address = URI.create("http://localhost:" + port);
        var log = home.resolveSibling("keycloak.log");
        var builder = new ProcessBuilder("sh", home.resolve("bin").resolve("kc.sh").toString(), "start-dev", "--import-realm", "--http-port=" + port, "--http-host=localhost").redirectErrorStream(true).redirectOutput(log.toFile());
        builder.environment().putAll(Map.of("JAVA_HOME", System.getProperty("java.home"), "JAVA_OPTS_APPEND", "-Xmx384m"));
        process = builder.start();
        Awaitility.await("Keycloak answers, see " + log).atMost(Duration.ofMinutes(4)).ignoreExceptions().until(() -> RestAssured.get(realm() + "/.well-known/openid-configuration").statusCode() == 200);
    }

    /** Where the build of a long suite has left it. */
    private static Path unpacked() throws IOException {
        try (var folders = Files.list(DemoStack.home().resolve("tests").resolve("target").resolve("keycloak"))) {
            return folders.filter(Files::isDirectory).findFirst().orElseThrow();
        }
    }

    private static String user(String name, String roles) {
        return USER.formatted(name, PASSWORD, roles);
    }

    /** As {@code quarkus.oidc.auth-server-url} takes it. */
    public String realm() {
        return address + "/realms/millrace";
    }

    /** At once, as when its machine fails. */
    public void kill() {
        process.descendants().forEach(ProcessHandle::destroyForcibly);
        process.destroyForcibly();
    }

    @Override
    public void close() {
        kill();
        process.onExit().join();
    }
}
