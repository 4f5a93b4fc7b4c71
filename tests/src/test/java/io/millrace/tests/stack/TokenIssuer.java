package io.millrace.tests.stack;

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
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import javax.crypto.Mac;
import javax.crypto.spec.SecretKeySpec;

/** A provider of the test's own: it signs tokens, and a service that is told its public key checks them. */
public final class TokenIssuer {

    private static final String AUDIENCE = "millrace";
    private static final JsonMapper JSON = new JsonMapper();
    private static final Base64.Encoder BASE64 = Base64.getUrlEncoder().withoutPadding();

    private final KeyPair keys;

    public TokenIssuer() throws GeneralSecurityException {
        var generator = KeyPairGenerator.getInstance("RSA");
        generator.initialize(2048);
        keys = generator.generateKeyPair();
    }

    /** What a service is told that takes its tokens. */
    public Map<String, String> settings() {
        return Map.of("quarkus.oidc.tenant-enabled", "true", "quarkus.oidc.public-key", Base64.getEncoder().encodeToString(keys.getPublic().getEncoded()), "quarkus.oidc.token.audience", AUDIENCE);
    }

    /** One that is good for an hour. */
    public String token(String... roles) throws GeneralSecurityException {
        return signed(claims(AUDIENCE, Duration.ZERO, Duration.ofHours(1), roles));
    }

    /** One that was good until five minutes ago. */
    public String expired(String... roles) throws GeneralSecurityException {
        return signed(claims(AUDIENCE, Duration.ofHours(-2), Duration.ofMinutes(-5), roles));
    }

    /** One that will be good in five minutes. */
    public String notYet(String... roles) throws GeneralSecurityException {
        return signed(claims(AUDIENCE, Duration.ofMinutes(5), Duration.ofHours(1), roles));
    }

    /** One that was given for another service. */
    public String forAnother(String... roles) throws GeneralSecurityException {
        return signed(claims("payments", Duration.ZERO, Duration.ofHours(1), roles));
    }

    /** One that nobody has signed, and says so. */
    public String unsigned(String... roles) {
        return head("none") + "." + part(claims(AUDIENCE, Duration.ZERO, Duration.ofHours(1), roles)) + ".";
    }

    /** One that was signed with the public key as if that were a secret. */
    public String signedByThePublicKey(String... roles) throws GeneralSecurityException {
        var text = head("HS256") + "." + part(claims(AUDIENCE, Duration.ZERO, Duration.ofHours(1), roles));
        var mac = Mac.getInstance("HmacSHA256");
        mac.init(new SecretKeySpec(keys.getPublic().getEncoded(), "HmacSHA256"));
        return text + "." + BASE64.encodeToString(mac.doFinal(bytes(text)));
    }

    /** One of other roles under the signature of the first. */
    public String forged(String... roles) throws GeneralSecurityException {
        var good = token();
        return head("RS256") + "." + part(claims(AUDIENCE, Duration.ZERO, Duration.ofHours(1), roles)) + good.substring(good.lastIndexOf('.'));
    }

    private String signed(Map<String, Object> claims) throws GeneralSecurityException {
        var text = head("RS256") + "." + part(claims);
        var signature = Signature.getInstance("SHA256withRSA");
        signature.initSign(keys.getPrivate());
        signature.update(bytes(text));
        return text + "." + BASE64.encodeToString(signature.sign());
    }

    private static Map<String, Object> claims(String audience, Duration from, Duration until, String... roles) {
        var now = Instant.now();
        var claims = new HashMap<String, Object>(Map.of("sub", "ann", "upn", "ann", "aud", audience, "groups", List.of(roles)));
        claims.put("iat", now.plus(from).getEpochSecond());
        claims.put("nbf", now.plus(from).getEpochSecond());
        claims.put("exp", now.plus(until).getEpochSecond());
        return claims;
    }

    private static String head(String algorithm) {
        return part(Map.of("alg", algorithm, "typ", "JWT"));
    }

    private static String part(Map<String, Object> content) {
        try {
            return BASE64.encodeToString(JSON.writeValueAsBytes(content));
        } catch (JsonProcessingException e) {
            throw new IllegalStateException(e);
        }
    }

    private static byte[] bytes(String text) {
        return text.getBytes(StandardCharsets.US_ASCII);
    }
}
