package io.millrace.pipeline.http;

import io.millrace.pipeline.access.Secret;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.Base64;
import java.util.function.Supplier;

/** As whom a server is asked. */
sealed interface Login permits Login.Nobody, Login.Basic, Login.Token, OidcToken {

    /**
     * The value of {@code Authorization}, from what its files hold now; null for none.
     *
     * @throws IOException when it cannot be had now; says what to do
     */
    String authorization() throws IOException;

    /** Forgets what was handed out by others, for the server does not take it. */
    default void refused() {}

    /** For a message: who that is, and by which settings. */
    String describe();

    /** Nobody in particular. */
    record Nobody(String prefix) implements Login {
        @Override
        public String authorization() {
            return null;
        }

        @Override
        public String describe() {
            return "nobody; set " + prefix + "user with " + prefix + "password-file, " + prefix + "token-file, " + prefix + "oidc.token-url, or " + prefix + "certificate-file";
        }
    }

    /**
     * A user and a password (RFC 7617).
     *
     * @param password reads it, each time
     * @param from where that finds it
     */
    record Basic(String user, Supplier<String> password, String from) implements Login {
        @Override
        public String authorization() throws IOException {
            return "Basic " + Base64.getEncoder().encodeToString((user + ":" + text(password)).getBytes(StandardCharsets.UTF_8));
        }

        @Override
        public String describe() {
            return "the user " + user + " with the password of " + from;
        }
    }

    /** A token that somebody else writes into a file. */
    record Token(String scheme, Secret token) implements Login {
        @Override
        public String authorization() throws IOException {
            return scheme + " " + text(token::read);
        }

        @Override
        public String describe() {
            return "whoever has the token of " + token;
        }
    }

    /** What the file holds now. */
    static String text(Supplier<String> secret) throws IOException {
        try {
            return secret.get();
        } catch (IllegalStateException e) {
            throw new ExplainedException(e.getMessage(), e);
        }
    }
}
