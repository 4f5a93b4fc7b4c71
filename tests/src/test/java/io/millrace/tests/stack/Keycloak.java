package io.millrace.tests.stack;

import io.millrace.local.ManagedProcess;
import io.millrace.local.Ports;
import io.millrace.local.ProcessSpec;
import io.millrace.local.Readiness;
import java.io.IOException;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;

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
    private final ManagedProcess process;

    /**
     * @param folder for its data
     * @param console to which a browser may be sent back
     */
    public Keycloak(Path folder, URI console) throws IOException {
        var home = unpacked();
        int port = Ports.free(1).getFirst();
        address = URI.create("http://localhost:" + port);
        var imported = Files.createDirectories(folder.resolve("data").resolve("import"));
        Files.writeString(imported.resolve("millrace-realm.json"), REALM.formatted(user(OPERATOR, "\"millrace-operator\""), user(READER, "\"millrace-reader\""), user(NOBODY, ""), CLIENT, console));
        for (var part : List.of("lib", "providers", "themes", "conf")) {
            Files.createSymbolicLink(folder.resolve(part), home.resolve(part));
        }
        var marker = "-Dmillrace.process=keycloak@" + folder.toAbsolutePath();
        var command = List.of(Path.of(System.getProperty("java.home"), "bin", "java").toString(), marker, "-Xmx400m", "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1", "-Dkc.home.dir=" + folder.toAbsolutePath(), "-Djava.util.logging.manager=org.jboss.logmanager.LogManager",
                "-Dquarkus-log-max-startup-records=10000", "-cp", folder.resolve("lib").resolve("quarkus-run.jar").toString(), "io.quarkus.bootstrap.runner.QuarkusEntryPoint",
                "start-dev", "--http-host=localhost", "--http-port=" + port, "--import-realm");
        process = new ManagedProcess(new ProcessSpec("keycloak", command, "java", marker, folder, Map.of(), Map.of("http", port), () -> { }, Readiness.http(address.resolve("/realms/millrace/.well-known/openid-configuration")),
                Duration.ofMinutes(4), "TERM", Duration.ofSeconds(20), folder.resolve("keycloak.log")));
        process.start();
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

    /** Away and back. */
    public ManagedProcess process() {
        return process;
    }

    @Override
    public void close() {
        process.stop();
    }
}
