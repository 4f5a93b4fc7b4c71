package io.millrace.purge;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.json.JsonMapper;
import java.nio.charset.StandardCharsets;
import java.security.GeneralSecurityException;
import java.security.KeyPair;
import java.security.KeyPairGenerator;
import java.security.Signature;
import java.time.Duration;
import java.time.Instant;
import java.util.Base64;
import java.util.List;
import java.util.Map;

/** People for whom a provider of the test's own vouches: it signs their tokens, and a service that is told its public key checks them. */
final class Callers {

    private static final JsonMapper JSON = new JsonMapper();
    private static final Base64.Encoder BASE64 = Base64.getUrlEncoder().withoutPadding();

    private final KeyPair keys;

    Callers() throws GeneralSecurityException {
        var generator = KeyPairGenerator.getInstance("RSA");
        generator.initialize(2048);
        keys = generator.generateKeyPair();
    }

    /** What a service is told that takes their tokens. */
    Map<String, String> settings() {
        return Map.of("quarkus.oidc.tenant-enabled", "true", "quarkus.oidc.public-key", Base64.getEncoder().encodeToString(keys.getPublic().getEncoded()));
    }

    String token(String name, String... roles) throws GeneralSecurityException {
        return token(name, Duration.ofHours(1), roles);
    }

    /** @param left how long it is good for, negative where it was */
    String token(String name, Duration left, String... roles) throws GeneralSecurityException {
        var now = Instant.now();
        var signed = part(Map.of("alg", "RS256", "typ", "JWT")) + "." + part(Map.of("sub", name, "upn", name, "iat", now.minus(Duration.ofHours(2)).getEpochSecond(), "exp", now.plus(left).getEpochSecond(), "groups", List.of(roles)));
        var signature = Signature.getInstance("SHA256withRSA");
        signature.initSign(keys.getPrivate());
        signature.update(signed.getBytes(StandardCharsets.US_ASCII));
        return signed + "." + BASE64.encodeToString(signature.sign());
    }

    private static String part(Map<String, Object> claims) {
        try {
            return BASE64.encodeToString(JSON.writeValueAsBytes(claims));
        } catch (JsonProcessingException e) {
            throw new IllegalStateException(e);
        }
    }
}
