package io.millrace.launcher.stack;

import io.millrace.local.Keyring;
import io.millrace.pipeline.http.Server;
import io.millrace.pipeline.kafka.PasswordFile;
import java.util.LinkedHashMap;
import java.util.Map;

/**
 * What a service of a secured stack is told of certificates and passwords: only where they are, for a command line is seen by everybody.
 *
 * @param stage the service
 * @param keyring with its certificates and passwords
 */
record SecuredStage(Stage stage, Keyring keyring) {

    /** Of Quarkus: which certificate is shown. */
    private static final String TLS = "stack";
    /** How often a service looks whether its certificate is another one. */
    private static final String RELOAD = "10s";

    Map<String, String> properties(int port) {
        var p = new LinkedHashMap<String, String>();
        http(p, port);
        var password = keyring.passwordFile(stage.user()).toString();
        switch (stage) {
            case CAPTURE, GATE, DENORMALIZER, INDEXER, PURGE -> kafka(p, password);
            case CONSOLE -> p.put(Server.SERVICES.prefix() + "ca-file", keyring.authority().toString());
        }
        if (stage.asksRegistry()) {
            server(p, Server.REGISTRY, password);
        }
        if (stage == Stage.INDEXER || stage == Stage.PURGE || stage == Stage.CONSOLE) {
            server(p, Server.SEARCH, password);
        }
        return p;
    }

    private void http(Map<String, String> p, int port) {
        var shown = keyring.certificate("services");
        p.put("quarkus.tls." + TLS + ".key-store.pem.0.cert", shown.certificate().toString());
        p.put("quarkus.tls." + TLS + ".key-store.pem.0.key", shown.key().toString());
        p.put("quarkus.tls." + TLS + ".reload-period", RELOAD);
        p.put("quarkus.http.tls-configuration-name", TLS);
        p.put("quarkus.http.insecure-requests", "disabled");
        p.put("quarkus.http.ssl-port", Integer.toString(port));
    }

    private void kafka(Map<String, String> p, String password) {
        keyring.kafka().forEach((key, value) -> p.put("kafka." + key, value));
        p.put("kafka.sasl.client.callback.handler.class", PasswordFile.class.getName());
        p.put("kafka.sasl.jaas.config", "org.apache.kafka.common.security.scram.ScramLoginModule required username=\"" + stage.user() + "\" passwordFile=\"" + password + "\";");
    }

    private void server(Map<String, String> p, Server server, String password) {
        p.put(server.prefix() + "ca-file", keyring.authority().toString());
        p.put(server.prefix() + "user", stage.user());
        p.put(server.prefix() + "password-file", password);
    }
}
