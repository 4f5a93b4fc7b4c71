package io.millrace.purge.security;

import io.millrace.pipeline.file.Reference;
import io.millrace.purge.PurgeConfig;
import io.quarkus.runtime.Startup;
import io.quarkus.security.identity.IdentityProviderManager;
import io.quarkus.security.identity.SecurityIdentity;
import io.quarkus.security.identity.request.AuthenticationRequest;
import io.quarkus.security.runtime.QuarkusPrincipal;
import io.quarkus.security.runtime.QuarkusSecurityIdentity;
import io.quarkus.vertx.http.runtime.security.ChallengeData;
import io.quarkus.vertx.http.runtime.security.HttpAuthenticationMechanism;
import io.smallrye.mutiny.Uni;
import io.vertx.core.http.HttpHeaders;
import io.vertx.ext.web.RoutingContext;
import jakarta.enterprise.context.ApplicationScoped;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.util.Set;

/** Knows the one configured bearer token; a request with another, or none, is left to OIDC where that is on. */
@ApplicationScoped
@Startup
public class TokenMechanism implements HttpAuthenticationMechanism {

    /** What a caller must be; the token has it, an OIDC user needs it as a role. */
    public static final String OPERATOR = "millrace-operator";

    private static final String SCHEME = "Bearer ";

    private final String principal;
    /** Null where no token is configured. */
    private final byte[] token;

    TokenMechanism(PurgeConfig config) {
        this.principal = config.token().principal();
        this.token = read(config.token());
    }

    private static byte[] read(PurgeConfig.Token where) {
        if (where.env().isPresent() && where.file().isPresent()) {
            throw new IllegalStateException("millrace.purge.token.env and millrace.purge.token.file are both set; the token can come from one place only");
        }
        Reference reference;
        if (where.env().isPresent()) {
            reference = new Reference.Environment(where.env().get());
        } else if (where.file().isPresent()) {
            reference = new Reference.FromFile(where.file().get());
        } else {
            return null;
        }
        String text;
        try {
            text = reference.resolve().strip();
        } catch (IllegalStateException e) {
            throw new IllegalStateException("Reading the token that millrace.purge.token refers to failed: " + e.getMessage().replace("the pipeline file refers", "it refers"), e);
        }
        if (text.isEmpty()) {
            throw new IllegalStateException("The token that millrace.purge.token refers to (" + reference + ") is empty; put the token there");
        }
        return text.getBytes(StandardCharsets.UTF_8);
    }

    @Override
    public Uni<SecurityIdentity> authenticate(RoutingContext context, IdentityProviderManager manager) {
        var header = context.request().getHeader(HttpHeaders.AUTHORIZATION);
        if (token == null || header == null || !header.regionMatches(true, 0, SCHEME, 0, SCHEME.length())
                || !MessageDigest.isEqual(token, header.substring(SCHEME.length()).strip().getBytes(StandardCharsets.UTF_8))) {
            return Uni.createFrom().nullItem();
        }
        return Uni.createFrom().item(QuarkusSecurityIdentity.builder().setPrincipal(new QuarkusPrincipal(principal)).addRole(OPERATOR).build());
    }

    @Override
    public Uni<ChallengeData> getChallenge(RoutingContext context) {
        return Uni.createFrom().item(new ChallengeData(401, "WWW-Authenticate", "Bearer"));
    }

    @Override
    public Set<Class<? extends AuthenticationRequest>> getCredentialTypes() {
        return Set.of();
    }

    @Override
    public int getPriority() {
        return HttpAuthenticationMechanism.DEFAULT_PRIORITY + 1;
    }
}
