package io.millrace.pipeline.kafka;

import io.millrace.pipeline.access.Secret;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import javax.security.auth.callback.Callback;
import javax.security.auth.callback.NameCallback;
import javax.security.auth.callback.PasswordCallback;
import javax.security.auth.callback.UnsupportedCallbackException;
import javax.security.auth.login.AppConfigurationEntry;
import org.apache.kafka.common.errors.SaslAuthenticationException;
import org.apache.kafka.common.security.auth.AuthenticateCallbackHandler;

/**
 * Logs in at Kafka by SCRAM or PLAIN with the password that a file holds when a connection is made, so that a rotated one is used
 * without a restart. Set it as {@code sasl.client.callback.handler.class}, and {@code username} and {@code passwordFile} as the
 * options of the login module in {@code sasl.jaas.config}. Thread-safe once configured.
 */
public final class PasswordFile implements AuthenticateCallbackHandler {

    private static final String USER = "username";
    private static final String FILE = "passwordFile";

    private String user;
    private Secret password;

    @Override
    public void configure(Map<String, ?> settings, String mechanism, List<AppConfigurationEntry> entries) {
        user = option(entries, USER);
        password = Secret.inFile(FILE + " in sasl.jaas.config", Optional.of(Path.of(option(entries, FILE))));
    }

    private static String option(List<AppConfigurationEntry> entries, String name) {
        return entries.stream().map(entry -> entry.getOptions().get(name)).filter(String.class::isInstance).map(String.class::cast).findFirst().orElseThrow(() -> new IllegalArgumentException(
                "sasl.jaas.config has no " + name + ", which " + PasswordFile.class.getName() + " needs; add " + name + "=\"…\" to it"));
    }

    @Override
    public void handle(Callback[] callbacks) throws UnsupportedCallbackException {
        for (var callback : callbacks) {
            switch (callback) {
                case NameCallback name -> name.setName(user);
                case PasswordCallback asked -> asked.setPassword(read());
                default -> throw new UnsupportedCallbackException(callback);
            }
        }
    }

    private char[] read() {
        try {
            return password.read().toCharArray();
        } catch (IllegalStateException e) {
            throw new SaslAuthenticationException(e.getMessage(), e);
        }
    }

    @Override
    public void close() {
        // Nothing is held.
    }
}
