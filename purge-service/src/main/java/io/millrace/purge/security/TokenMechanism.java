package io.millrace.purge.security;

import io.millrace.pipeline.access.BearerToken;
import io.millrace.pipeline.access.Secret;
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
import java.util.Set;

/** Knows the one configured bearer token; a request with another, or none, is left to OIDC where that is on. */
@ApplicationScoped
@Startup
public class TokenMechanism implements HttpAuthenticationMechanism {

    /** What a caller must be; the token has it, an OIDC user needs it as a role. */
    public static final String OPERATOR = "millrace-operator";
    /** What a caller must be to look at verifications; the token has it too. */
    public static final String READER = "millrace-reader";

    /** Who may ask for erasures, and nothing else. */
    public static final String ERASER = "millrace-eraser";
    /** Who may add to documents, and nothing else. */
    public static final String ENRICHER = "millrace-enricher";
    /** Who may look, and confirm what is held for a person. */
    public static final String APPROVER = "millrace-approver";

    private final String principal;
    private final BearerToken token;

    TokenMechanism(PurgeConfig config) {
        this.principal = config.token().principal();
        this.token = new BearerToken(Secret.of("millrace.purge.token", config.token().env(), config.token().file()));
    }

    @Override
    public Uni<SecurityIdentity> authenticate(RoutingContext context, IdentityProviderManager manager) {
        if (!token.isIn(context.request().getHeader(HttpHeaders.AUTHORIZATION))) {
            return Uni.createFrom().nullItem();
        }
        return Uni.createFrom().item(QuarkusSecurityIdentity.builder().setPrincipal(new QuarkusPrincipal(principal)).addRole(OPERATOR).addRole(READER).build());
    }

    @Override
    public Uni<ChallengeData> getChallenge(RoutingContext context) {
        return Uni.createFrom().item(new ChallengeData(401, "WWW-Authenticate", "Bearer"));
    }

    @Override
    public Set<Class<? extends AuthenticationRequest>> getCredentialTypes() {
        return Set.of();
    }

    /** Before OIDC, which has one more than the default and refuses what is no token of its own. */
    @Override
    public int getPriority() {
        return HttpAuthenticationMechanism.DEFAULT_PRIORITY + 2;
    }
}
